"""`clipsql watch` and the methods of a Searcher that watch, on a small model."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from integration.filling import NEW_YEAR, unit_vectors
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql.db.models import add_space
from clipsql.errors import InvalidArgument, UnknownWatch
from clipsql.models import register_model
from clipsql.search.searcher import Searcher

Clipsql = Callable[..., Result]


@pytest.fixture
def searcher(engine: Engine, model_folder: Path) -> Searcher:
    """On a database with a tiny model and ten days of pictures, 20 a day."""
    model, _ = register_model(engine, str(model_folder), name="tiny")
    searcher = Searcher(engine)
    vectors = unit_vectors(np.random.default_rng(3), 200, model.dimensions)
    searcher.put_many(
        "c",
        {
            "url": [f"https://pictures.example/{number}.jpg" for number in range(200)],
            "embedding": vectors,
            "taken_at": [NEW_YEAR + dt.timedelta(hours=1.2 * number) for number in range(200)],
            "metadata": [{"gate": "north" if number % 2 else "south"} for number in range(200)],
        },
    )
    return searcher


def test_a_watch_is_made_tried_heard_judged_paused_and_removed(searcher: Searcher, clipsql: Clipsql) -> None:
    added = clipsql(
        "watch", "add", "red lorry", "a red truck", "--having-metadata", '{"gate": "north"}', "--alarms-per-day", "2",
        "--once-per", "15m", "--once-per-key", "gate",
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    first, second = added.stdout.splitlines()
    assert first.startswith("Watch red lorry raises an alarm from a similarity of ")
    assert second.startswith("Expect ")
    (watch,) = searcher.watches()
    assert (watch.query, watch.filters, watch.once_per, watch.once_per_key) == (
        "a red truck", {"having_metadata": {"gate": "north"}}, dt.timedelta(minutes=15), "gate",
    )  # fmt: skip
    assert (watch.model, watch.timezone, watch.alarms_per_day) == ("tiny", "UTC", 2)
    tested = [
        json.loads(line) for line in clipsql("watch", "test", "red lorry", "--json").stdout.splitlines()
    ]
    assert sum(day["alarms"] for day in tested) == 20
    assert tested == [{**vars(day), "day": day.day.isoformat()} for day in searcher.backtest("red lorry")]
    later = clipsql("watch", "test", "red lorry", "--taken-from", "2025-01-06", "--taken-until", "2025-01-08")
    assert [line.split()[0] for line in later.stdout.splitlines() if line.startswith(" 2025")] == [
        "2025-01-06",
        "2025-01-07",
    ]
    assert later.stdout.splitlines()[-1].startswith("Expect ")
    assert (
        "No picture of that time"
        in clipsql("watch", "test", "red lorry", "--taken-from", "2030-01-01").stderr
    )

    assert "There is no alarm." in clipsql("watch", "alerts").stderr
    image = searcher.put("c", "new", embedding=searcher.embed_text("a red truck"), metadata={"gate": "north"})
    (alert,) = [
        json.loads(line) for line in clipsql("watch", "alerts", "red lorry", "--json").stdout.splitlines()
    ]
    assert (alert["image_id"], alert["watch"], alert["repeats"], alert["verdict"]) == (
        image,
        "red lorry",
        0,
        None,
    )
    assert alert["similarity"] == pytest.approx(1, abs=1e-3)
    assert clipsql("watch", "judge", alert["alert_id"], "right").exit_code == 0
    assert "right" in clipsql("watch", "alerts").stdout
    assert [one.verdict for one in searcher.alerts()] == [True]
    assert clipsql("watch", "judge", alert["alert_id"], "none").exit_code == 0
    assert [one.verdict for one in searcher.alerts("red lorry", max_results=1)] == [None]

    moved = clipsql("watch", "move")
    assert (moved.stdout, moved.stderr) == ("0 watches moved to model tiny.\n", "")
    add_space(searcher._database, "other", dimensions=3)
    moved = clipsql("watch", "move", "--model", "other")
    assert moved.stdout == "0 watches moved to model other.\n"
    assert moved.stderr.startswith('1 watches are under other models; "clipsql watch list"')
    assert "Not under model other: " in (searcher.watches()[0].problem or "")

    assert clipsql("watch", "pause", "red lorry").exit_code == 0
    assert "paused" in clipsql("watch", "list").stdout
    searcher.put("c", "meanwhile", embedding=searcher.embed_text("a red truck"), metadata={"gate": "north"})
    assert clipsql("watch", "resume", "red lorry").exit_code == 0
    (listed,) = [json.loads(line) for line in clipsql("watch", "list", "--json").stdout.splitlines()]
    assert (listed["alerts"], listed["is_paused"]) == (1, False)
    refused = clipsql("watch", "remove", "red lorry")
    assert (refused.exit_code, "--yes answers" in refused.stderr) == (1, True)
    assert clipsql("watch", "remove", "red lorry", "--yes").exit_code == 0
    assert "There is no watch yet" in clipsql("watch", "list").stderr
    for command in (("alerts", "red lorry"), ("pause", "red lorry"), ("test", "red lorry")):
        gone = clipsql("watch", *command)
        assert gone.exit_code == 1
        assert 'There is no watch "red lorry"' in gone.stderr


def test_pictures_are_watched_for_by_number_and_by_file(
    searcher: Searcher, clipsql: Clipsql, tmp_path: Path
) -> None:
    file = tmp_path / "red.png"
    Image.new("RGB", (32, 32), "red").save(file)
    for name, subject in {
        "one": ("--image", "3"),
        "two": ("--image", "3", "--image", "5"),
        "file": (f"{file} + image:7",),
    }.items():
        done = clipsql("watch", "add", name, *subject, "--min-similarity", "0.99")
        assert done.exit_code == 0, done.output
        assert "Expect" not in done.stdout
    vectors = {
        "one": searcher.image_vector(3),
        "two": searcher.image_vector(5),
        "file": searcher.embed_image(file) + searcher.image_vector(7),
    }
    for name, vector in vectors.items():
        searcher.put("d", name, embedding=vector)
    raised = {(alert.watch, alert.url) for alert in searcher.alerts()}
    assert {(name, name) for name in vectors} <= raised
    assert ("one", "file") not in raised
    images = {watch.name: watch.images for watch in searcher.watches()}
    assert images == {"one": [3], "two": [3, 5], "file": None}
    (found,) = [watch.filters for watch in searcher.watches() if watch.name == "file"]
    assert found == {"except_images": [7]}


def test_a_text_that_the_database_cannot_embed_is_embedded_by_the_model(
    engine: Engine, model_folder: Path
) -> None:
    register_model(engine, str(model_folder), name="tiny")
    searcher = Searcher(engine)
    vector = searcher.embed_text("a dog")
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql_private.text_tower")
    searcher.watch("dogs", "a dog", min_similarity=0.999)
    image = searcher.put("c", "u", embedding=vector)
    assert [alert.image_id for alert in searcher.alerts("dogs")] == [image]
    assert [watch.query for watch in searcher.watches()] == ["a dog"]


def test_a_searcher_says_what_is_wrong(searcher: Searcher, clipsql: Clipsql) -> None:
    with pytest.raises(InvalidArgument, match=r"no rate below 0\.5 alarms a day"):
        searcher.watch("w", "a dog", alarms_per_day=0.4)
    for call in (
        searcher.unwatch,
        searcher.pause_watch,
        searcher.resume_watch,
        searcher.backtest,
        searcher.alerts,
    ):
        with pytest.raises(UnknownWatch, match='There is no watch "w"'):
            call("w")
    with pytest.raises(UnknownWatch, match="There is no alert 5"):
        searcher.judge_alert(5, True)
    searcher.watch("w", "a dog", min_percentile=90)
    with pytest.raises(InvalidArgument, match=r"taken_from .* has no time zone"):
        searcher.backtest("w", dt.datetime(2025, 1, 1))
    for wrong in ("soon", "5 months", "-1h", "1h30"):
        refused = clipsql("watch", "add", "x", "a dog", "--min-similarity", "0", "--once-per", wrong)
        assert refused.exit_code == 2
        assert "is no length of time" in refused.stderr
    for length, told in {"90s": 90, "1.5h": 5400, "2 days": 172800, "1 minute": 60}.items():
        done = clipsql("watch", "add", "x", "a dog", "--min-similarity", "0", "--once-per", length, "--json")
        assert json.loads(done.stdout)["once_per"] == str(dt.timedelta(seconds=told))


def test_times_of_day_are_those_of_the_time_zone_given(
    engine: Engine, searcher: Searcher, clipsql: Clipsql
) -> None:
    done = clipsql(
        "watch", "add", "w", "--image", "3", "--min-similarity", "-1", "--timezone", "Asia/Kathmandu",
        "--daily-from", "22:00", "--daily-until", "23:00",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    for hour in (16, 22):
        searcher.put(
            "c",
            str(hour),
            embedding=searcher.image_vector(4),
            taken_at=dt.datetime(2026, 1, 1, hour, 30, tzinfo=dt.UTC),
        )
    assert [alert.url for alert in searcher.alerts()] == ["16"]
    Searcher(engine, timezone="Asia/Tokyo").watch("v", image=3, min_similarity=0.5)
    assert [watch.timezone for watch in searcher.watches()] == ["Asia/Tokyo", "Asia/Kathmandu"]


def test_a_vector_may_be_what_is_watched_for(searcher: Searcher) -> None:
    searcher.watch("vector", query_vector=searcher.image_vector(3), min_similarity=0.999)
    searcher.watch(
        "sql",
        "as before",
        query_vector=[0.5 * value for value in searcher.image_vector(3)],
        min_similarity=0.999,
    )
    image = searcher.put("c", "u", embedding=searcher.image_vector(3))
    assert {(alert.watch, alert.image_id) for alert in searcher.alerts()} == {
        ("vector", image),
        ("sql", image),
    }


def test_pages_show_the_latest_alarms_and_the_days_of_a_back_test(
    searcher: Searcher, clipsql: Clipsql, tmp_path: Path
) -> None:
    for name in ("red <lorry>", "silent"):
        searcher.watch(name, "a red truck", alarms_per_day=2)
    searcher.pause_watch("silent")
    vector = searcher.embed_text("a red truck")
    images = [
        searcher.put(
            "c", f"https://cameras.example/{number}.jpg", embedding=vector, captions=[f"Seen {number}."]
        )
        for number in range(14)
    ]
    first, last = (alert.alert_id for alert in (searcher.alerts()[-1], searcher.alerts()[0]))
    searcher.judge_alert(first, True)
    searcher.judge_alert(last, False)
    page = tmp_path / "watches.html"
    listed = clipsql("watch", "list", "--html", page)
    assert (listed.exit_code, listed.stderr) == (0, f"Wrote {page}.\n")
    text = page.read_text()
    assert re.findall(r"<h1>(.*)</h1>", text) == ["red &lt;lorry&gt;", "silent"]
    shown = re.findall(r"<span>\d+ · image (\d+)</span>", text)
    assert [int(image) for image in shown] == images[:1:-1]  # the latest twelve, latest first
    assert "14 raised" in text
    assert "paused" in text
    assert re.search(r"Seen 13\.</p>", text)
    remarks = re.findall(r"raised \w+ \d\d \w+ \d+, \d\d:\d\d UTC(?: · (\w+))?<", text)
    assert remarks == ["wrong"] + [""] * 11

    page = tmp_path / "days.html"
    tried = clipsql("watch", "test", "red <lorry>", "--html", page, "--taken-until", "2025-02-01")
    assert tried.exit_code == 0, tried.output
    text, days = (
        page.read_text(),
        searcher.backtest("red <lorry>", None, dt.datetime(2025, 2, 1, tzinfo=dt.UTC)),
    )
    assert re.findall(r'<div class="day" title="\w+ (\d+) Jan 2025: (\d+)">', text) == [
        (f"{day.day:%d}", str(day.alarms)) for day in days
    ]
    top = 1.2 * max(days[0].alarms_high, *(day.alarms for day in days))
    assert re.findall(r'<i style="height: ([\d.]+)%"></i></div>\n', text) == [
        f"{100 * day.alarms / top:.2f}" for day in days
    ]
    band = f"bottom: {100 * days[0].alarms_low / top:.2f}%; top: {100 - 100 * days[0].alarms_high / top:.2f}%"
    assert band in text
    assert f"{days[0].alarms_low:.1f} to {days[0].alarms_high:.1f}" in text
    best = [day for day in days if day.best_image_id is not None]
    cards = re.findall(
        r"image (\d+)</span><b>([\d.]+)</b>.*?best of (\d+) alarms? on (\w+ \d+ \w+ \d+)<", text, re.DOTALL
    )
    found = searcher.search(vector, only_images=[day.best_image_id for day in best if day.best_image_id])
    similar = {match.image_id: match.similarity for match in found}
    assert cards == [
        (
            str(day.best_image_id),
            f"{similar[day.best_image_id]:.3f}",
            str(day.alarms),
            f"{day.day:%a %d %b %Y}",
        )
        for day in best
    ]
    assert not clipsql(
        "watch", "test", "red <lorry>", "--html", tmp_path / "no.html", "--taken-from", "2030-01-01"
    ).exit_code
    assert not (tmp_path / "no.html").exists()
    refused = clipsql("watch", "list", "--html", tmp_path / "nowhere" / "page.html")
    assert (refused.exit_code, "cannot be written" in refused.stderr) == (1, True)
