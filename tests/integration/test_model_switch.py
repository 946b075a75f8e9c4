"""From one model to another and back: in one moment, for everybody or for one session, and without a wrong answer."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from click.testing import Result
from integration.filling import new_model, picture, unit_vectors, write
from picture_server import picture_bytes
from sqlalchemy.engine import Engine, make_url

from clipsql import errors
from clipsql.cli.output import in_words
from clipsql.db import tuning
from clipsql.db.indexes import index_stats
from clipsql.db.models import ModelRow, add_space, list_models, remove_model, require_model
from clipsql.db.pictures.missing import note_pace
from clipsql.db.shadows import begin_shadow, model_changes, retire_model, use_model
from clipsql.db.statements import autocommit_connection
from clipsql.db.tables.search_tuning import SearchTuning
from clipsql.db.text_towers import remember_texts
from clipsql.search.searcher import Searcher

PICTURES = 300
TEXT = "a red car"


@pytest.fixture
def models(engine: Engine) -> tuple[ModelRow, ModelRow]:
    """Two models of other dimensions that put the same pictures into other orders; each knows one text."""
    random = np.random.default_rng(7)
    old, new = new_model(engine, name="old", dimensions=24), new_model(engine, name="new", dimensions=20)
    vectors = unit_vectors(random, PICTURES, 24)
    write(engine, old, [picture(str(number), vector) for number, vector in enumerate(vectors)])
    for model in (old, new):
        remember_texts(engine, model, {TEXT: unit_vectors(random, 1, model.dimensions)[0]})
    return old, new


def fill(engine: Engine, model: ModelRow, *, share: float = 1.0) -> None:
    """Give pictures a vector under a model, as a worker does, some at a time."""
    vectors = unit_vectors(np.random.default_rng(8), PICTURES, model.dimensions)
    for number in range(0, round(share * PICTURES), 20):
        with engine.begin() as connection:
            connection.execute(
                sa.text(
                    "insert into clipsql.image_embedding (image_id, model_id, embedding)"
                    " select i.image_id, :model, cast(:vector as halfvec)"
                    " from clipsql.image as i where i.url = :url"
                ),
                [
                    {"url": str(each), "model": model.model_id, "vector": str(vectors[each].tolist())}
                    for each in range(number, number + 20)
                ],
            )


def rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


SEARCHES = (
    f"select array_agg(s.image_id order by s.rank) from clipsql.search_text('{TEXT}'{{model}}) as s",
    "select array_agg(s.image_id order by s.rank) from clipsql.search_similar(7{model}) as s",
    f"select array_agg(s.image_id order by s.rank) from clipsql.search_query('{TEXT} + image:3'{{model}}) as s",
    "select array_agg(s.image_id order by s.rank) from clipsql.search(clipsql.image_vector(9{model}){model}) as s",
    "select array_agg((m ->> 'id')::bigint order by (m ->> 'rank')::integer)"
    f" from jsonb_array_elements(clipsql.search_request('{{{{\"text\": \"{TEXT}\"{{json}}}}}}') -> 'matches') as m",
)


def asked(search: str, model: str | None = None) -> str:
    return search.format(
        model="" if model is None else f", model => '{model}'",
        json="" if model is None else f', "model": "{model}"',
    )


def test_eight_clients_get_whole_answers_of_one_model_through_shadow_switch_and_back(
    engine: Engine, models: tuple[ModelRow, ModelRow]
) -> None:
    new = models[1]
    url = make_url(engine.url).set(drivername="postgresql").render_as_string(hide_password=False)
    answers: list[set[tuple[int, tuple[int, ...]]]] = [set() for _ in range(8)]
    counts, problems = [0] * 8, []
    is_over = threading.Event()

    def client(number: int) -> None:
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                while not is_over.is_set():
                    which = counts[number] % len(SEARCHES)
                    (found,) = connection.execute(asked(SEARCHES[which])).fetchone() or ((),)
                    answers[number].add((which, tuple(found)))
                    counts[number] += 1
        except BaseException as error:
            problems.append(error)

    def searched(more: int) -> None:
        """Let every client ask some more."""
        wanted = [count + more for count in counts]
        while not problems and any(have < want for have, want in zip(counts, wanted, strict=True)):
            is_over.wait(0.02)

    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for one in clients:
        one.start()
    try:
        searched(5)
        begin_shadow(engine, "new")
        fill(engine, new)
        searched(5)
        for name in ("new", "old", "new"):
            use_model(engine, name, keeps_old=True, may_lack=False)
            searched(5)
        retire_model(engine, "old")
        searched(5)
    finally:
        is_over.set()
        for one in clients:
            one.join()
    assert problems == []
    right = {
        (which, tuple(rows(engine, asked(search, model.name))[0][0]))
        for which, search in enumerate(SEARCHES)
        for model in models
    }
    assert {len(found) for _, found in right} == {10}
    assert len(right) == 2 * len(SEARCHES)
    assert set().union(*answers) == right


# One session, one role


def test_a_session_and_a_role_may_use_another_model_than_all_others(
    engine: Engine, models: tuple[ModelRow, ModelRow]
) -> None:
    fill(engine, models[1])
    search = asked(SEARCHES[0])
    of_old, of_new = (rows(engine, asked(SEARCHES[0], model.name)) for model in models)
    with engine.connect() as connection:
        for setting, expected in (("new", of_new), ("old", of_old), ("", of_old)):
            connection.execute(sa.text("select set_config('clipsql.model', :name, false)"), {"name": setting})
            assert [tuple(row) for row in connection.exec_driver_sql(search)] == expected
        connection.exec_driver_sql("set clipsql.model = 'new'")
        assert require_model(connection).name == "new"
        assert [tuple(row) for row in connection.exec_driver_sql(asked(SEARCHES[0], "old"))] == of_old
        connection.exec_driver_sql("reset clipsql.model")
        assert [tuple(row) for row in connection.exec_driver_sql(search)] == of_old
    with engine.begin() as connection:
        connection.exec_driver_sql("alter role current_user set clipsql.model = 'new'")
    try:
        engine.dispose()
        assert rows(engine, search) == of_new
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("alter role current_user reset clipsql.model")
        engine.dispose()


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    "name",
    ["none", "x" * 1001, "new'; drop table clipsql.image --", "NEW", " new"],
    ids=lambda name: name[:8],
)
def test_a_setting_that_names_no_model_is_an_error_that_says_so(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        connection.execute(sa.text("select set_config('clipsql.model', :name, true)"), {"name": name})
        with pytest.raises(sa.exc.DBAPIError) as caught:
            connection.exec_driver_sql(asked(SEARCHES[0]))
        said = caught.value.orig.diag  # type: ignore[union-attr]
        if len(name) > 1000:
            assert (said.sqlstate, said.message_primary) == (
                "CQ004",
                "model takes at most 1000 characters, not 1001.",
            )
            return
        assert (said.sqlstate, said.message_primary) == (
            "CQ001",
            f'There is no model "{name}" here, which the setting clipsql.model names.',
        )
        assert "reset clipsql.model" in (said.message_hint or "")


# The commands


def test_a_model_takes_the_place_of_the_default_and_gives_it_back(
    engine: Engine, models: tuple[ModelRow, ModelRow], clipsql: Callable[..., Result]
) -> None:
    done = clipsql("model", "shadow", "new")
    assert "are embedded under model new, too; 300 of 300 wait for a worker." in done.stdout
    assert "clipsql worker" in done.stderr
    fill(engine, models[1], share=0.2)
    refused = clipsql("model", "use", "new")
    assert refused.exit_code == 1
    assert "Model new lacks 240 of the 300 pictures that old knows" in refused.stderr
    assert require_model(engine).name == "old"
    listed = [json.loads(line) for line in clipsql("model", "list", "--json").stdout.splitlines()]
    (change,) = listed[0]["changes"]
    assert (listed[0]["name"], listed[1]["changes"]) == ("new", [])
    assert {name: change[name] for name in ("collection", "pictures", "embedded", "failed", "waiting")} == {
        "collection": None,
        "pictures": 300,
        "embedded": 60,
        "failed": 0,
        "waiting": 240,
    }
    assert change["seconds_left"] is None
    assert "shadow: 60 of 300 pictures" in " ".join(clipsql("model", "list").stdout.split())
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image_embedding where model_id = 2")
    fill(engine, models[1])
    with engine.begin() as connection:
        connection.execute(
            sa.insert(SearchTuning).values(
                model_id=models[0].model_id, ef_search=40, target_recall=0.9, measured_recall=0.9, queries=9
            )
        )
    used = clipsql("model", "use", "new", "--keep-old", "14 days")
    assert used.exit_code == 0, used.stderr
    assert used.stdout == "Model new is the default now.\n"
    assert "Pictures are embedded under old, too, until " in used.stderr
    assert {(one.model, one.state) for one in index_stats(engine) if one.rows} == {
        ("old", "missing"),
        ("new", "valid"),
    }
    (kept,) = model_changes(engine)
    assert (kept.model, kept.embedded, kept.waiting) == ("old", 300, 0)
    days = rows(
        engine, "select round(extract(epoch from kept_until - now()) / 86400) from clipsql.model_change"
    )
    assert days == [(14,)]
    assert clipsql("model", "use", "old").exit_code == 0
    assert [(one.model, one.kept_until) for one in model_changes(engine)] == [("new", None)]
    assert require_model(engine).name == "old"


def test_a_search_under_the_new_model_is_as_wide_as_its_own_tuning_says(
    engine: Engine,
    models: tuple[ModelRow, ModelRow],
    clipsql: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_for: list[tuple[str, float]] = []
    monkeypatch.setattr(
        tuning, "tune", lambda _engine, model, *, target: asked_for.append((model.name, target))
    )
    fill(engine, models[1])
    assert clipsql("model", "use", "new", "--keep-old", "1d").exit_code == 0
    assert asked_for == []
    with engine.begin() as connection:
        connection.execute(
            sa.insert(SearchTuning).values(
                model_id=models[1].model_id, ef_search=40, target_recall=0.9, measured_recall=0.9, queries=9
            )
        )
    assert clipsql("model", "use", "old", "--keep-old", "1d").exit_code == 0
    assert asked_for == [("old", 0.9)]


def test_the_time_left_is_that_of_what_waits_at_the_latest_pace(
    engine: Engine, models: tuple[ModelRow, ModelRow], clipsql: Callable[..., Result]
) -> None:
    begin_shadow(engine, "new")
    fill(engine, models[1], share=0.2)
    with autocommit_connection(engine) as connection:
        assert note_pace(connection) == [("new", 240, 300, None)]
        connection.execute(
            "update clipsql_private.shadow set noted_at = now() - interval '10 s', noted_waiting = 300"
        )
        ((_, waiting, _, left),) = note_pace(connection)
        assert waiting == 240
        assert 38 <= left.total_seconds() <= 41
        assert " s left" in clipsql("model", "list").stdout
        connection.execute(
            "update clipsql_private.shadow set noted_at = now() - interval '3 minutes', noted_waiting = 240"
        )
        assert connection.execute("select time_left from clipsql.model_change").fetchone() == (None,)
        assert note_pace(connection)[0][3] is None  # nothing was done since


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (86_400 * 2 + 3_600 * 4 + 59, "2 d 4 h"),
        (3_600, "1 h"),
    ],
)
def test_a_length_of_time_is_told_by_its_two_largest_units(seconds: float, words: str) -> None:
    assert in_words(dt.timedelta(seconds=seconds)) == words


def test_without_a_shadow_a_model_is_used_at_once_and_the_old_one_is_kept_only_if_asked(
    engine: Engine, models: tuple[ModelRow, ModelRow], clipsql: Callable[..., Result]
) -> None:
    assert clipsql("model", "use", "new").exit_code == 0
    assert model_changes(engine) == []
    assert clipsql("model", "use", "new", "--keep-old", "2 days").exit_code == 0  # it is the default already
    assert model_changes(engine) == []
    add_space(engine, "space", dimensions=3)
    assert clipsql("model", "use", "space", "--keep-old", "2 days").exit_code == 0
    assert [one.model for one in model_changes(engine)] == ["new"]
    assert clipsql("model", "use", "old", "--keep-old", "2 days").exit_code == 0
    assert [one.model for one in model_changes(engine)] == ["new"]  # no worker makes vectors of a space
    assert clipsql("model", "use", "old", "--keep-old", "soon").exit_code == 2
    assert models[0].name == "old"


def test_a_model_is_retired_by_hand_and_by_a_worker_when_its_time_is_over(
    engine: Engine, models: tuple[ModelRow, ModelRow], clipsql: Callable[..., Result]
) -> None:
    from clipsql.db.shadows import retire_expired

    begin_shadow(engine, "new")
    rows_of_queue = "select count(*) from clipsql_private.queue"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"select clipsql_private.queue_missing({models[1].model_id}, 0, 100)")
        connection.exec_driver_sql(
            "insert into clipsql.image (collection, url) values ('c', 'new'), ('c', 'newer')"
        )
        connection.exec_driver_sql(
            "insert into clipsql_private.queue (image_id, collection, model_id)"
            f" select image_id, 'c', {models[1].model_id} from clipsql.image where url = 'new'"
        )
    assert rows(engine, rows_of_queue) == [(102,)]
    done = clipsql("model", "retire", "new")
    assert done.stdout == "Model new is retired: pictures are embedded under it no more.\n"
    assert rows(engine, rows_of_queue) == [(2,)]  # what waits to come in at all
    assert (
        clipsql("model", "retire", "new").stdout
        == "Pictures were not kept under model new; nothing changed.\n"
    )
    refused = clipsql("model", "retire", "old")
    assert 'Model old is the default; let another be that by "clipsql model use" first.' in refused.stderr
    use_model(engine, "new", keeps_old=True)
    with engine.begin() as connection:
        assert retire_expired(connection) == []
        connection.exec_driver_sql("update clipsql_private.shadow set kept_until = now() - interval '1 s'")
    assert model_changes(engine) == []
    with engine.begin() as connection:
        assert retire_expired(connection) == ["old"]
    assert rows(engine, "select count(*) from clipsql_private.shadow") == [(0,)]


def test_to_retire_a_model_that_watches_look_with_asks_first(
    engine: Engine, models: tuple[ModelRow, ModelRow], clipsql: Callable[..., Result]
) -> None:
    Searcher(engine, model="new").watch("lorry", query_vector=[1.0] + [0.0] * 19, min_similarity=0.9)
    begin_shadow(engine, models[1].name)
    refused = clipsql("model", "retire", "new")
    assert refused.exit_code == 1
    assert "raise alarms for pictures to come no more: lorry." in refused.stderr
    assert len(model_changes(engine)) == 1
    assert clipsql("model", "retire", "new", "--yes").exit_code == 0


def test_to_remove_a_shadow_leaves_nothing_that_waits_for_it(
    engine: Engine, models: tuple[ModelRow, ModelRow]
) -> None:
    begin_shadow(engine, "new")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"select clipsql_private.queue_missing({models[1].model_id}, 0, 100)")
    remove_model(engine, "new")
    assert rows(engine, "select count(*) from clipsql_private.queue") == [(0,)]
    assert model_changes(engine) == []
    assert [one.name for one in list_models(engine)] == ["old"]
    with pytest.raises(errors.UnknownModel):
        begin_shadow(engine, "new")


# What vectors were made in


def test_an_ingest_in_another_number_format_than_the_stored_vectors_says_so(
    engine: Engine, clipsql: Callable[..., Result], model_folder: Path, tmp_path: Path
) -> None:
    def ingest(dtype: str, name: str, *, collection: str = "c") -> str:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / f"{name}.png").write_bytes(picture_bytes(ord(name)))
        done = clipsql(
            *("ingest", tmp_path / name, "--collection", collection),
            *("--model", model_folder, "--dtype", dtype),
        )
        assert done.exit_code == 0, done.stderr
        return done.stderr

    said = "were made in float32, these are made in bfloat16"
    assert said not in ingest("float32", "a")
    assert said not in ingest("bfloat16", "a")  # there is nothing to make
    warned = ingest("bfloat16", "b")
    assert warned.count(said) == 1
    assert '"--dtype float32" goes on as before.' in warned
    assert "were made in" not in ingest("float32", "c")
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image")
    assert "were made in" not in ingest("bfloat16", "d")
    assert "were made in bfloat16, these are made in float32" in ingest("float32", "e")
