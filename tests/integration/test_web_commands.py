"""The commands for pictures on the web: ingest of lists, worker, stats of failures, dedup."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from picture_server import PictureServer, picture_bytes
from PIL import Image

Command = Callable[..., Result]
LOCAL = ("--allow-private-hosts", "--per-host", "32")


@pytest.fixture
def web() -> Iterator[PictureServer]:
    with PictureServer() as server:
        yield server


@pytest.fixture
def listing(web: PictureServer, tmp_path: Path) -> Path:
    """A list as Conceptual Captions has it; its second and third picture are gone, its fourth is a web page."""
    web.contents |= {"/1.png": None, "/2.png": None, "/3.png": b"<html>"}
    (tmp_path / "list.tsv").write_text("".join(f"a red car\t{web.url(number)}\n" for number in range(6)))
    return tmp_path / "list.tsv"


def ok(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


def told(result: Result) -> Result:
    """A result that tells of pictures that failed or rows that were left out."""
    assert result.exit_code == 1, result.output
    assert re.match(
        r"Error: (Pictures that failed|Rows that were left out): ", result.stderr.splitlines()[-1]
    )
    return result


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_list_goes_in_and_stats_say_what_was_not_to_be_had(
    clipsql: Command, listing: Path, model_folder: Path
) -> None:
    result = told(clipsql("ingest", listing, "--model", model_folder, *LOCAL))
    assert "Collection default: 3 added, 3 failed; 6 captions added" in result.stdout
    assert "HTTP 404" in result.stderr
    shown = ok(clipsql("stats")).stdout
    assert [line.split()[:3] for line in shown.splitlines() if "not_" in line] == [
        ["default", "not_found", "2"],
        ["default", "not_an_image", "1"],
    ]
    found = json.loads(ok(clipsql("stats", "--json")).stdout)
    assert found["failures"] == {"not_found": 2, "not_an_image": 1}


def test_retry_failed_stands_alone_or_names_a_class(
    clipsql: Command, listing: Path, model_folder: Path, web: PictureServer
) -> None:
    told(clipsql("ingest", listing, "--model", model_folder, *LOCAL))
    web.contents.clear()
    result = ok(clipsql("ingest", "--retry-failed", "not_an_image", listing, *LOCAL))
    assert "1 added, 3 unchanged, 2 failed before" in result.stdout
    assert "2 added, 4 unchanged" in ok(clipsql("ingest", "--retry-failed", listing, *LOCAL)).stdout
    refused = clipsql("ingest", listing, "--retry-failed=sun_spots")
    assert refused.exit_code == 2
    assert "sun_spots" in refused.output


def test_a_list_is_enqueued_without_a_model_and_a_worker_empties_the_queue(
    clipsql: Command, listing: Path, model_folder: Path, database_url: str
) -> None:
    result = ok(clipsql("ingest", listing, "--enqueue-only", "--collection", "shop"))
    assert "Collection shop: 6 queued; 6 captions added" in result.stdout
    result = told(
        clipsql(
            *("worker", "--until-empty", "--collection", "shop", "--model", model_folder, "--json"), *LOCAL
        )
    )
    assert {"added": 3, "failed": 3, "collection": "shop"}.items() <= json.loads(result.stdout).items()
    again = ok(clipsql("worker", "--until-empty", "--model", model_folder))
    assert again.stdout.startswith("All collections: nothing to do")
    assert ask(database_url, "select count(*) from clipsql.caption_embedding") == [(3,)]


def test_a_list_is_validated_without_a_model(clipsql: Command, listing: Path) -> None:
    result = told(clipsql("ingest", listing, "--validate-only", *LOCAL))
    assert "3 checked, 3 failed" in result.stdout
    both = clipsql("ingest", listing, "--validate-only", "--enqueue-only")
    assert both.exit_code == 2
    assert "exclude each other" in both.output


def test_private_addresses_are_refused_by_default(
    clipsql: Command, listing: Path, model_folder: Path, web: PictureServer
) -> None:
    assert "6 failed" in told(clipsql("ingest", listing, "--model", model_folder)).stdout
    assert not web.asked
    assert json.loads(ok(clipsql("stats", "--json")).stdout)["failures"] == {"private_address": 6}


@pytest.mark.parametrize("contact", ["me@example.org", "https://example.org/~me?a=b;c"])
def test_hosts_are_told_whom_to_ask(
    clipsql: Command, web: PictureServer, listing: Path, model_folder: Path, contact: str
) -> None:
    clipsql("ingest", listing, "--model", model_folder, *LOCAL, "--user-agent-contact", contact)
    clipsql("ingest", listing, "--enqueue-only", "--refresh")
    clipsql("worker", "--until-empty", *LOCAL, "--user-agent-contact", contact)
    assert web.user_agents == {f"clipsql/{version('clipsql')} ({contact})"}
    assert web.asked["/0.png"] == 2
    clipsql("ingest", listing, "--refresh", *LOCAL)
    assert f"clipsql/{version('clipsql')}" in web.user_agents


@pytest.mark.parametrize(
    "contact",
    [
        "",
        "me",
        "me@",
        "a@b@c",
        "me@example.org\r\nX-Evil: 1",
        "me@example.org\n",
        "me@exam\x00ple.org",
        "me@example.org) Mozilla/5.0 (",
        "a b@example.org",
        "ftp://example.org/",
        "https:///",
        "https://example.org/\u00fc",
        "me@" + "e" * 200,
    ],
)
def test_what_is_no_contact_is_refused(clipsql: Command, listing: Path, contact: str) -> None:
    for command in (("ingest", listing), ("worker",)):
        said = clipsql(*command, "--user-agent-contact", contact)
        assert isinstance(said.exception, SystemExit)
        assert said.exit_code == 1
        (line,) = said.stderr.splitlines()
        assert "write it as me@example.org or https://example.org/about" in line


def test_a_query_and_standard_input_are_sources(
    clipsql: Command, web: PictureServer, model_folder: Path, database_url: str
) -> None:
    query = f"select '{web.url(7)}' as url, 'a blue dog' as caption"
    assert "1 added" in ok(clipsql("ingest", "--query", query, "--model", model_folder, *LOCAL)).stdout
    lines = f"url,caption\n{web.url(7)},a blue dog\n{web.url(8)},a tree\n"
    assert "1 added, 1 unchanged" in ok(clipsql("ingest", "-", *LOCAL, input=lines)).stdout
    elsewhere = ok(clipsql("ingest", "--query", query, "--query-url", database_url, *LOCAL))
    assert "1 unchanged" in elsewhere.stdout
    for arguments in (("ingest",), ("ingest", "-", "--query", query)):
        refused = clipsql(*arguments)
        assert refused.exit_code == 2
        assert "Name one source" in refused.output


def variants() -> dict[str, bytes]:
    """A picture in two sizes and twice in the same bytes, and two others."""
    scene = Image.open(io.BytesIO(picture_bytes(1))).resize((400, 300), Image.Resampling.BICUBIC)
    held = {size: io.BytesIO() for size in (400, 200)}
    for size, stream in held.items():
        scene.resize((size, size * 3 // 4)).save(stream, "JPEG", quality=90)
    large, small = held[400].getvalue(), held[200].getvalue()
    return {"/0.png": small, "/1.png": large, "/2.png": picture_bytes(2), "/3.png": large}


def test_dedup_finds_copies_and_marks_them(
    clipsql: Command, web: PictureServer, model_folder: Path, database_url: str, tmp_path: Path
) -> None:
    web.contents |= variants()
    (tmp_path / "list.csv").write_text("url\n" + "".join(f"{web.url(number)}\n" for number in range(5)))
    ok(clipsql("ingest", tmp_path / "list.csv", "--model", model_folder, *LOCAL))
    shown = ok(clipsql("dedup")).stdout
    assert web.url(1) in shown
    pairs = [json.loads(line) for line in ok(clipsql("dedup", "--json", "--mark")).stdout.splitlines()]
    assert {pair["kept"]["image_id"] for pair in pairs} == {2}
    assert [pair["copy"]["picture"]["image_id"] for pair in pairs] == [1, 4]
    assert [pair["copy"]["same_bytes"] for pair in pairs] == [False, True]
    assert (pairs[1]["copy"]["similarity"], pairs[1]["copy"]["difference"]) == (1, 0)
    assert 0 < pairs[0]["copy"]["difference"] < 2
    marks = "select image_id, (metadata->>'near_duplicate_of')::int from clipsql.image order by image_id"
    assert ask(database_url, marks) == [(1, 2), (2, None), (3, None), (4, 2), (5, None)]
    again = ok(clipsql("ingest", tmp_path / "list.csv", *LOCAL))
    assert "5 unchanged" in again.stdout  # a mark is no change of the source
    assert ask(database_url, marks)[0] == (1, 2)
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from clipsql.image where image_id = 2")
    result = ok(clipsql("dedup", "--collection", "default", "--mark"))
    assert "Marked 1 copies; 2 pictures have changed metadata." in result.stderr
    assert ask(database_url, marks) == [(1, 4), (3, None), (4, None), (5, None)]
    assert "No picture is a copy of another" in ok(clipsql("dedup", "--collection", "gone")).stderr


def test_thumbnails_show_on_the_page_of_results(
    clipsql: Command, web: PictureServer, model_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text("url,caption\n" + f"{web.url(1)},a car\n")
    ok(clipsql("ingest", tmp_path / "list.csv", "--model", model_folder, "--thumbnails", *LOCAL))
    ok(clipsql("search", "text", "a car", "--html", tmp_path / "found.html"))
    assert 'src="data:image/jpeg;base64,' in (tmp_path / "found.html").read_text()


def test_every_problem_is_a_line_of_the_report_and_ten_are_shown(
    clipsql: Command, web: PictureServer, model_folder: Path, tmp_path: Path
) -> None:
    web.contents |= {f"/{number}.png": None for number in range(12)}
    rows = [web.url(number) for number in range(14)]
    lines = [*rows[:3], "", *rows[3:], rows[12]]
    (tmp_path / "list.csv").write_text("url,camera\n" + "".join(f"{url},k1\n" for url in lines))
    report = tmp_path / "report.jsonl"
    report.write_text('{"outcome": "failed"}\n' * 1_000)  # of an earlier run
    result = told(
        clipsql("ingest", tmp_path / "list.csv", "--model", model_folder, "--report", report, *LOCAL)
    )
    assert "2 added, 12 failed, 1 duplicate, 1 unusable" in result.stdout
    assert result.stderr.splitlines()[-1] == (
        "Error: Pictures that failed: 12, rows that were left out: 2; all others are stored. "
        f"{report} has every one."
    )
    shown = [line for line in result.stderr.splitlines() if line.startswith(("Failed: ", "Left out: "))]
    assert len(shown) == 10
    assert f"and 4 more; {report} has every one." in result.stderr.splitlines()
    found = [json.loads(line) for line in report.read_text().splitlines()]
    assert [list(one) for one in found] == [["outcome", "reason", "position", "url", "failure"]] * 14
    failed = {one["url"]: one for one in found if one["outcome"] == "failed"}
    assert set(failed) == set(rows[:12])
    assert failed[rows[4]].items() >= {"position": "list.csv line 7", "failure": "not_found"}.items()
    assert "HTTP 404" in failed[rows[4]]["reason"]
    others = {one["outcome"]: (one["position"], one["url"], one["failure"]) for one in found}
    assert others["unusable"] == ("list.csv line 5", None, None)
    assert others["duplicate"] == ("list.csv line 17", rows[12], None)

    again = ok(clipsql("ingest", *("-", "--report", report), *LOCAL, input=f"url\n{rows[0]}\n"))
    assert "1 failed before" in again.stdout
    assert report.read_text() == ""  # of this run


def test_a_report_of_a_worker_has_what_failed_in_its_hands(
    clipsql: Command, listing: Path, model_folder: Path, web: PictureServer, tmp_path: Path
) -> None:
    ok(clipsql("ingest", listing, "--enqueue-only"))
    worker = (
        "worker",
        "--until-empty",
        "--model",
        model_folder,
        *LOCAL,
        "--report",
        tmp_path / "report.jsonl",
    )
    result = told(clipsql(*worker, "--json"))
    found = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    assert {one["url"]: one["failure"] for one in found} == {
        web.url(1): "not_found",
        web.url(2): "not_found",
        web.url(3): "not_an_image",
    }
    assert {one["position"] for one in found} == {None}
    assert json.loads(result.stdout)["problems"] == found
    ok(clipsql(*worker))


def test_a_report_that_cannot_be_written_is_refused_by_name(
    clipsql: Command, listing: Path, tmp_path: Path
) -> None:
    wanted = tmp_path / "gone" / "report.jsonl"
    result = clipsql("ingest", listing, "--validate-only", "--report", wanted, *LOCAL)
    assert result.exit_code == 1
    assert f'The report "{wanted}" cannot be written (No such file or directory)' in result.stderr
    for mine in (listing, listing.with_name("photo.jpg")):
        before = b"mine" if mine != listing else listing.read_bytes()
        mine.write_bytes(before)
        result = clipsql("ingest", listing, "--validate-only", "--report", mine, *LOCAL)
        assert result.exit_code == 1
        assert f'"{mine}" is there and no report; name another file by --report.' in result.stderr
        assert mine.read_bytes() == before
    if Path("/dev/full").exists():
        full = clipsql("ingest", listing, "--validate-only", "--report", "/dev/full", *LOCAL)
        assert (full.exit_code, "No space left on device" in full.stderr) == (1, True)


@pytest.mark.parametrize("command", ["ingest", "worker", "dedup"])
def test_help_has_an_example(clipsql: Command, command: str) -> None:
    assert f"\n  clipsql {command} " in ok(clipsql(command, "--help")).output


@pytest.mark.slow
def test_without_network_two_thousand_addresses_end_as_dns(
    clipsql: Command, shared_data: Path, database_url: str
) -> None:
    captions = shared_data / "cc3m-like" / "captions.tsv"
    result = told(clipsql("ingest", captions, "--validate-only", "--json"))
    report = json.loads(result.stdout)
    if set(json.loads(ok(clipsql("stats", "--json")).stdout or "{}").get("failures", {})) - {"dns"}:
        pytest.skip("this machine has a network")
    assert (report["failed"], report["seconds"] < 60) == (2000, True)
    assert ask(database_url, "select distinct status, failure from clipsql.image") == [("failed", "dns")]
