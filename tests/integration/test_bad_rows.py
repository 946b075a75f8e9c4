"""Whatever is wrong with single rows of a list, all others go in, each bad one is named, and a rerun says the same."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from PIL import Image

from clipsql.db.pictures.refusals import write_but_refused

Clipsql = Callable[..., Result]
ROWS = 3_000
MANY_WORDS = " ".join(f"word{number}" for number in range(150_000))
WEB = "https://pictures.example/"


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


JSON_LINES = {
    "many words": (f'{{"url": "{WEB}m", "caption": "{MANY_WORDS}"}}', "too long for tsvector"),
    "a value nested too deep": (f'{{"url": "{WEB}n", "camera": {nested(600)}}}', "nested too deep"),
    "a NUL in metadata": (f'{{"url": "{WEB}o", "camera": ["a\\u0000b"]}}', "a NUL character"),
    "a NUL in a url": (f'{{"url": "{WEB}\\u0000"}}', "a NUL character"),
    "half a surrogate pair": (f'{{"url": "{WEB}p", "caption": "\\ud800"}}', "half a surrogate pair"),
    "half a surrogate pair in a name": (f'{{"url": "{WEB}q", "\\ud9ab": 1}}', "half a surrogate pair"),
    "a time beyond all": (f'{{"url": "{WEB}r", "taken_at": 1e300}}', "is no time"),
    "a place beyond all": (
        f'{{"url": "{WEB}s", "longitude": 181, "latitude": 0}}',
        "not between -180 and 180",
    ),
    "a place of 400 digits": (
        f'{{"url": "{WEB}t", "longitude": 1{"0" * 400}, "latitude": 0}}',
        "OverflowError",
    ),
    "a line cut short": (f'{{"url": "{WEB}u", "capt', "is no valid JSON"),
    "a list": (f'["{WEB}v"]', "is no JSON object"),
    "bytes that are not UTF-8": (f'{{"url": "{WEB}w", "caption": "caf\udce9"}}', "is not UTF-8"),
    "a number as url": ('{"url": 5}', "is no file or url"),
    "no url": ('{"camera": "k1"}', "names no file or url"),
    "a data: address": (f'{{"url": "data:image/png;base64,{"A" * 10_000}"}}', '"data:image/png;base64'),
    "a bare word": ('{"url": "picture"}', '"picture" is no address'),
    "a name with a NUL": ('{"url": "file:///a%00b"}', '"file:///a%00b" is no address'),
}
CSV = {
    "many words": (f'{WEB}m,"{MANY_WORDS}",,,,k1', "too long for tsvector"),
    "a NUL": (f"{WEB}n,a car,,,,a\0b", "NUL"),
    "an extra comma": (f"{WEB}o,a car, red,,,,k1", "has 7 fields, but the header has 6"),
    "a comma too few": (f"{WEB}p,a car,,,k1", "has 5 fields, but the header has 6"),
    "bytes that are not UTF-8": (f"{WEB}q,caf\udce9,,,,k1", "bytes that are not UTF-8"),
    "a quote that is never closed": (f'{WEB}q,"a car,,,,k1', "a quote that is never closed"),
    "a time beyond all": (f"{WEB}r,a car,99999-01-01,,,k1", "is no time"),
    "a place beyond all": (f"{WEB}s,a car,,1e300,0,k1", "not between -180 and 180"),
    "half a place": (f"{WEB}t,a car,,1,,k1", "one of longitude and latitude is missing"),
    "no url": (",a car,,,,k1", "names no file or url"),
    "a data: address": (f"data:image/png;base64{'A' * 10_000},a car,,,,k1", '"data:image/png;base64'),
}
STORED_AS_FAILED = (
    '"data:image/png;base64',
    '"file:///a%00b" is no address',
    '"picture" is no address',
)


def among_good(bad: Sequence[str], good: Callable[[int], str]) -> list[str]:
    """ROWS lines, the bad ones spread among them, two neighbours too."""
    lines = [good(number) for number in range(ROWS - len(bad))]
    for number, line in enumerate(bad):
        lines.insert(100 * (number + 1) - 99 * (number == 1), line)
    return lines


def check(
    clipsql: Clipsql, source: Path, reasons: Mapping[str, str], database_url: str, *, header: int = 0
) -> None:
    """Put a list into the queue twice: each time all bad rows are named, all others wait, and no more is stored."""
    lines = source.read_bytes().split(b"\n")
    assert len(lines) - header == ROWS
    places = {
        f"{source.name} line {lines.index(os.fsencode(line)) + 1}": why for line, why in reasons.items()
    }
    report = source.parent / "report.jsonl"
    for run in range(2):
        result = clipsql("ingest", source, "--enqueue-only", "--report", report, "--json")
        assert result.exit_code == 1, result.output
        counts = json.loads(result.stdout)
        told = {one["position"]: one for one in map(json.loads, report.read_text().splitlines())}
        # What failed is stored with its reason, so a second run leaves it alone.
        failed = {place for place, why in places.items() if why in STORED_AS_FAILED}
        assert set(told) == (places.keys() if run == 0 else places.keys() - failed)
        for place, one in told.items():
            assert places[place] in one["reason"], one
            assert one["failure"] == ("bad_url" if place in failed else None)
        assert counts["unusable"] == len(places) - len(failed)
        assert (counts["failed"], counts["failed_before"]) == (
            (len(failed), 0) if run == 0 else (0, len(failed))
        )
        assert counts["queued"] == ROWS - len(places)
        assert rows(database_url, "select status, count(*) from clipsql.image group by 1 order by 1") == [
            ("failed", len(failed)),
            ("pending", ROWS - len(places)),
        ]
        captions = "select count(*) from clipsql.caption join clipsql.image using (image_id) where status = 'pending'"
        assert rows(database_url, captions) == [(ROWS - len(places),)]
        assert rows(database_url, "select count(*) from clipsql_private.queue") == [(ROWS - len(places),)]


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_list_with_a_bad_row_of_every_kind_goes_in_but_for_these(
    clipsql: Clipsql, tmp_path: Path, database_url: str
) -> None:
    lines = among_good(
        [line for line, _ in JSON_LINES.values()],
        lambda number: f'{{"url": "{WEB}{number}.jpg", "caption": "a car"}}',
    )
    lines[7] = f'{{"url": "{WEB}{"x" * 10_000}", "caption": "an address may be as long as it likes"}}'
    (tmp_path / "list.jsonl").write_bytes(os.fsencode("\n".join(lines)))
    check(clipsql, tmp_path / "list.jsonl", dict(JSON_LINES.values()), database_url)


def test_a_table_with_a_bad_row_of_every_kind_goes_in_but_for_these(
    clipsql: Clipsql, tmp_path: Path, database_url: str
) -> None:
    lines = among_good([line for line, _ in CSV.values()], lambda number: f"{WEB}{number}.jpg,a car,,,,k1")
    lines[7] = f"{WEB}{'x' * 10_000},an address may be as long as it likes,,,,k1"
    lines.insert(0, "url,caption,taken_at,longitude,latitude,camera")
    (tmp_path / "list.csv").write_bytes(os.fsencode("\n".join(lines)))
    check(clipsql, tmp_path / "list.csv", dict(CSV.values()), database_url, header=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty pictures, the one whose number is n being n + 20 pixels wide."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(40):
        Image.new("RGB", (number + 20, 30), (6 * number, 90, 200)).save(folder / f"{number}.png")
    return folder


def test_a_picture_whose_row_postgresql_refuses_keeps_no_other_out(
    clipsql: Clipsql, folder: Path, model_folder: Path, database_url: str
) -> None:
    with (folder / "list.jsonl").open("w") as listing:
        for number in range(40):
            caption = MANY_WORDS if number in (11, 12, 39) else "a car"
            print(json.dumps({"file": f"{number}.png", "caption": caption}), file=listing)
    for done in ("37 added, 3 unusable; 37 captions added", "37 unchanged, 3 unusable; 0 captions added"):
        result = clipsql("ingest", folder / "list.jsonl", "--model", model_folder)
        assert result.exit_code == 1, result.output
        assert done in result.stdout
        named = [line for line in result.stderr.splitlines() if line.startswith("Left out: ")]
        for line, number in zip(named, (12, 13, 40), strict=True):
            assert line.startswith(
                f"Left out: list.jsonl line {number}: PostgreSQL refuses the row (string is too long for tsvector"
            )
        stored = rows(
            database_url, "select array_agg(width - 20 order by width), count(*) from clipsql.image"
        )
        assert stored == [([*range(11), *range(13, 39)], 37)]
        assert rows(database_url, "select count(*) from clipsql.image_embedding") == [(37,)]


@pytest.mark.parametrize("by", ["ingest", "worker"])
def test_a_picture_of_the_queue_that_postgresql_refuses_fails_alone(
    clipsql: Clipsql, folder: Path, model_folder: Path, database_url: str, by: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("alter table clipsql.image add constraint odd check (width not in (25, 26, 40))")
    if by == "ingest":
        done = clipsql("ingest", folder, "--validate-only")
    else:
        clipsql("ingest", folder, "--enqueue-only")
        done = clipsql("worker", "--until-empty", "--model", model_folder)
    assert done.exit_code == 1, done.output
    assert f"37 {'checked' if by == 'ingest' else 'added'}, 3 failed;" in done.stdout
    failed = rows(
        database_url,
        "select url, failure, error from clipsql.image where status = 'failed' order by image_id",
    )
    assert {Path(url).name for url, _, _ in failed} == {"5.png", "6.png", "20.png"}
    for _, failure, error in failed:
        assert failure == "unexpected"
        assert error.startswith("PostgreSQL refuses what was read of it (new row for relation")
        assert 'violates check constraint "odd"' in error
    left = "select count(*) from clipsql_private.queue as q join clipsql.image using (image_id) where "
    assert rows(database_url, left + "status = 'failed' or q.leased_by is not null") == [(0,)]
    if by == "worker":
        with psycopg.connect(database_url) as connection:
            connection.execute("alter table clipsql.image drop constraint odd")
        assert "3 updated, 37 unchanged" in clipsql("ingest", folder, "--retry-failed").stdout


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        pytest.param(
            "alter table clipsql.caption rename to elsewhere", "clipsql.caption", id="a missing table"
        ),
        pytest.param(
            "create function away() returns trigger language plpgsql as"
            " $$begin perform pg_terminate_backend(pg_backend_pid()); return new; end$$;"
            "create trigger away before insert on clipsql.image for each row execute function away()",
            "Cannot reach",
            id="a lost connection",
        ),
        pytest.param(
            "create function full() returns trigger language plpgsql as"
            " $$begin raise 'could not extend file' using errcode = '53100'; end$$;"
            "create trigger away before insert on clipsql.image for each row execute function full()",
            "free space on the server's disk",
            id="a full disk",
        ),
    ],
)
def test_what_is_no_fault_of_a_row_ends_the_ingest(
    clipsql: Clipsql, folder: Path, database_url: str, broken: str, said: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(broken.encode())
    result = clipsql("ingest", folder, "--enqueue-only")
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr.splitlines()[-1]


def test_good_rows_are_written_at_once_and_bad_ones_are_found_by_halves() -> None:
    asked: list[Sequence[int]] = []

    def write(numbers: Sequence[int]) -> None:
        asked.append(numbers)
        if 5 in numbers:
            raise psycopg.errors.ProgramLimitExceeded("too long")

    assert write_but_refused(list(range(5)), write) == []
    assert len(asked) == 1
    assert write_but_refused([5, *range(64)], write) == [(5, "too long"), (5, "too long")]
    assert len(asked) < 1 + 2 * 2 * 8


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(psycopg.errors.ForeignKeyViolation("the model is gone"), id="a foreign key"),
        pytest.param(psycopg.errors.UndefinedTable("no table"), id="no table"),
        pytest.param(psycopg.OperationalError("connection lost"), id="no connection"),
        pytest.param(psycopg.errors.DiskFull("full"), id="disk full"),
        pytest.param(TypeError("a fault of the program"), id="a fault of the program"),
    ],
)
def test_an_error_of_all_rows_is_raised_at_once(error: Exception) -> None:
    asked: list[Sequence[int]] = []

    def write(numbers: Sequence[int]) -> None:
        asked.append(numbers)
        raise error

    with pytest.raises(type(error)):
        write_but_refused([1, 2], write)
    assert len(asked) == 1
