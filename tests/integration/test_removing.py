"""Pictures that are gone: `clipsql remove`, and `clipsql ingest --prune` after a source that lost some."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from PIL import Image
from sqlalchemy.engine import Engine, make_url

from clipsql.db.engine import create_engine
from clipsql.db.pictures import removing
from clipsql.db.pictures.removing import chosen_pictures, remove_pictures
from clipsql.errors import DatabaseError, InvalidArgument, UnknownCollection, UnknownImage

Clipsql = Callable[..., Result]
HANGING_ON = (
    "clipsql.image",
    "clipsql.caption",
    "clipsql.image_embedding",
    "clipsql.caption_embedding",
    "clipsql.image_region",
    "clipsql.region_embedding",
    "clipsql_private.queue",
    "clipsql_private.thumbnail",
    "clipsql_private.fingerprint",
)


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def names(url: str, collection: str = "default") -> list[str]:
    """The names of a collection's pictures."""
    with psycopg.connect(url) as connection:
        found = connection.execute("select url from clipsql.image where collection = %s", (collection,))
        return sorted(Path(one).name for (one,) in found)


def ok(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six pictures with captions, two of them in a folder of their own."""
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    lines = ["file\tcaption"]
    for number, name in enumerate(("0.png", "1.png", "2.png", "3.png", "deep/4.png", "deep/5.png")):
        Image.new("RGB", (60, 40), (40 * number, 90, 200)).save(folder / name)
        lines.append(f"{name}\ta {'dog' if number % 2 else 'car'}")
    (folder / "captions.tsv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    """A list of addresses with facts; nothing of it is fetched."""
    lines = [
        json.dumps(
            {
                "url": f"https://pictures.example/{number}.jpg",
                "caption": f"a {'dog' if number % 2 else 'car'}",
                "taken_at": f"2024-01-{number + 1:02}T12:00:00Z",
                "price": 10 * number,
            }
        )
        for number in range(8)
    ]
    (tmp_path / "list.jsonl").write_text("\n".join(lines))
    return tmp_path / "list.jsonl"


def test_a_picture_that_is_removed_takes_all_that_hangs_on_it_with_it(
    clipsql: Clipsql, folder: Path, model_folder: Path, database_url: str
) -> None:
    ok(clipsql("ingest", folder, "--model", model_folder, "--thumbnails"))
    ok(clipsql("ingest", folder, "--enqueue-only", "--collection", "waiting"))
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into clipsql.image_region (image_id, box)"
            " select image_id, '{0,0,9,9}' from clipsql.image_embedding;"
            " insert into clipsql.region_embedding (region_id, image_id, model_id, embedding)"
            " select region_id, image_id, model_id, embedding"
            " from clipsql.image_region join clipsql.image_embedding using (image_id);"
            " delete from clipsql_private.queue where image_id in (select image_id from clipsql.image_embedding)"
        )
    before = {table: ask(database_url, f"select count(*) from {table}")[0][0] for table in HANGING_ON}
    assert before == dict(zip(HANGING_ON, (12, 12, 6, 6, 6, 6, 6, 6, 6), strict=True))
    result = ok(clipsql("remove", "1", "2", "7", "--yes"))
    assert result.stdout == "3 pictures are removed.\n"
    after = {table: ask(database_url, f"select count(*) from {table}")[0][0] for table in HANGING_ON}
    assert after == dict(zip(HANGING_ON, (9, 9, 4, 4, 4, 4, 5, 4, 4), strict=True))
    assert ask(database_url, "select min(image_id), bool_or(image_id in (1, 2, 7)) from clipsql.image") == [
        (3, False)
    ]
    assert (folder / "0.png").exists()


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        pytest.param(("--url", "https://pictures.example/3.jpg"), "0124567", id="url"),
        pytest.param(("4", "5", "--caption-query", "dog"), None, id="ids that a filter keeps out"),
        pytest.param(("--only-images", "4,5"), "012567", id="ids as a filter"),
        pytest.param(("--caption-query", "dog"), "0246", id="captions"),
        pytest.param(("--taken-from", "2024-01-03", "--taken-until", "2024-01-05"), "014567", id="time"),
        pytest.param(
            ("--daily-from", "13:00", "--daily-until", "13:30", "--timezone", "Europe/Berlin"), "", id="hour"
        ),
        pytest.param(("--metadata-matches", "$.price >= 30"), "012", id="metadata"),
        pytest.param(("--having-metadata", '{"price": 30}'), "0124567", id="containment"),
        pytest.param(("--in-collection", "default", "--caption-query", "car"), "1357", id="several"),
        pytest.param(("--in-collection", "default"), "", id="collection"),
        pytest.param(("--except-images", "1,2"), "01", id="all others"),
        pytest.param(("--daily-from", "20:00"), "01234567", id="nothing"),
    ],
)
def test_pictures_are_removed_by_id_by_url_and_by_every_filter(
    clipsql: Clipsql, listing: Path, database_url: str, arguments: tuple[str, ...], left: str | None
) -> None:
    ok(clipsql("ingest", listing, "--enqueue-only"))
    tried = clipsql("remove", *arguments, "--dry-run", "--json")
    assert len(names(database_url)) == 8
    done = clipsql("remove", *arguments, "--yes", "--json")
    if left is None:
        assert (done.exit_code, len(names(database_url))) == (1, 8)
        assert "There is no image 5 that passes the filters" in done.stderr
        return
    assert json.loads(ok(tried).stdout) == {"pictures": 8 - len(left), "removed": 0}
    assert json.loads(ok(done).stdout) == {"pictures": 8 - len(left), "removed": 8 - len(left)}
    assert names(database_url) == [f"{number}.jpg" for number in left]


def test_what_is_removed_is_told_and_counted_first(
    clipsql: Clipsql, listing: Path, database_url: str
) -> None:
    ok(clipsql("ingest", listing, "--enqueue-only"))
    assert ok(clipsql("remove", "1", "2", "--dry-run")).stdout == "2 pictures would be removed.\n"
    nobody = clipsql("remove", "1", "2")
    assert nobody.exit_code == 1
    assert nobody.stderr == (
        "Error: Remove 2 pictures from the database? There is no terminal to ask at; --yes answers.\n"
    )
    assert "No picture matches." in ok(clipsql("remove", "--daily-from", "20:00", "--yes")).stderr
    assert len(names(database_url)) == 8


def answered(url: str, answer: bytes, *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command at whose terminal somebody answers."""
    pytest.importorskip("pty", reason="needs a terminal")
    import pty

    terminal, end = pty.openpty()
    os.write(terminal, answer)
    done = subprocess.run(
        (sys.executable, "-c", "from clipsql.cli import main; main()", *map(str, arguments)),
        stdin=end,
        capture_output=True,
        text=True,
        env={**os.environ, "CLIPSQL_DATABASE_URL": url},
        check=False,
        timeout=120,
    )
    os.close(end)
    os.close(terminal)
    return done.returncode, done.stdout, done.stderr


def test_a_question_is_asked_at_a_terminal_and_no_is_an_answer(
    clipsql: Clipsql, listing: Path, database_url: str
) -> None:
    ok(clipsql("ingest", listing, "--enqueue-only"))
    code, said, _ = answered(database_url, b"n\n", "remove", "1", "2")
    assert (code, len(names(database_url))) == (1, 8)
    assert "Remove 2 pictures from the database? [y/N]" in said
    code, said, _ = answered(database_url, b"y\n", "remove", "1", "2")
    assert (code, len(names(database_url))) == (0, 6)
    assert said.endswith("2 pictures are removed.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param((), 2, "Say which pictures", id="nothing"),
        pytest.param(("--in-collection", ""), 1, "in_collection is empty", id="an empty collection's name"),
        pytest.param(
            ("--caption-query", " ", "--in-collection", "default"), 1, "caption_query is empty", id="no words"
        ),
        pytest.param(("--having-metadata", "{}"), 1, "having_metadata is empty", id="no metadata"),
        pytest.param(("--in-collection", "defualt"), 1, "did you mean default", id="an unknown collection"),
        pytest.param(("1", "99", "98"), 1, "There is no image 99, 98 that", id="an unknown id"),
        pytest.param(
            ("--url", "https://pictures.example/9.jpg"), 1, "no picture with the url", id="an unknown url"
        ),
        pytest.param(("--url", ""), 1, "no picture with the url", id="no url"),
        pytest.param(("1", "--only-images", "2"), 2, "not both", id="ids twice"),
        pytest.param(("--metadata-matches", "$.price <"), 1, "metadata_matches", id="no path"),
    ],
)
def test_a_choice_that_is_none_removes_nothing(
    clipsql: Clipsql, listing: Path, database_url: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ok(clipsql("ingest", listing, "--enqueue-only"))
    result = clipsql("remove", *arguments, "--yes")
    assert result.exit_code == code, result.output
    assert said in result.stderr.splitlines()[-1]
    assert len(names(database_url)) == 8


def test_python_chooses_and_removes_in_batches(
    clipsql: Clipsql, listing: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(clipsql("ingest", listing, "--enqueue-only"))
    chosen = chosen_pictures(engine, {"metadata_matches": "$.price >= 10"})
    assert chosen == [2, 3, 4, 5, 6, 7, 8]
    monkeypatch.setattr(removing, "_BATCH", 3)
    told: list[int] = []
    assert remove_pictures(engine, [*chosen, 99], on_removed=told.append) == 7
    assert told == [3, 6, 7]
    with pytest.raises(UnknownImage):
        chosen_pictures(engine, {"only_images": [1, 2]})
    with pytest.raises(UnknownCollection):
        chosen_pictures(engine, {"in_collection": "gone"})
    without_zone = {"taken_from": dt.datetime(2024, 1, 1)}
    for nothing in ({}, {"in_collection": None}, {"having_metadata": {}}, without_zone):
        with pytest.raises(InvalidArgument):
            chosen_pictures(engine, nothing)  # type: ignore[arg-type]


def test_a_reader_removes_nothing(clipsql: Clipsql, listing: Path, database_url: str) -> None:
    ok(clipsql("ingest", listing, "--enqueue-only"))
    role = f"clipsql_test_remover_{os.getpid()}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"create role {role} login password 'reads'".encode())
        connection.execute(f"grant clipsql_reader to {role}".encode())
        try:
            reader = create_engine(
                make_url(database_url)
                .set(username=role, password="reads")
                .render_as_string(hide_password=False)
            )
            assert chosen_pictures(reader, {"only_images": [1]}) == [1]
            with pytest.raises(DatabaseError, match="denied for table image; connect as a role with that"):
                remove_pictures(reader, [1])
            reader.dispose()
            assert len(names(database_url)) == 8
        finally:
            connection.execute(f"drop owned by {role}; drop role {role}".encode())


# Pruning


def test_pictures_that_a_folder_lost_are_removed_and_those_from_elsewhere_stay(
    clipsql: Clipsql, folder: Path, listing: Path, database_url: str
) -> None:
    beside = folder.parent / "photos and more"
    beside.mkdir()
    Image.new("RGB", (60, 40)).save(beside / "other.png")
    for source in (folder, beside, listing):
        ok(clipsql("ingest", source, "--enqueue-only"))
    ok(clipsql("ingest", folder, "--enqueue-only", "--collection", "another"))
    (folder / "1.png").unlink()
    (folder / "deep" / "5.png").unlink()
    (beside / "other.png").unlink()
    kept = ok(clipsql("ingest", folder, "--enqueue-only"))
    assert "removed" not in kept.output
    assert len(names(database_url)) == 15
    nobody = clipsql("ingest", folder, "--enqueue-only", "--prune")
    assert nobody.exit_code == 1
    assert nobody.stdout.startswith("Collection default: 4 queued")
    assert nobody.stderr.splitlines()[-1] == (
        "Error: Remove 2 of the 15 pictures of collection default: those of the folder photos whose files are "
        "gone? There is no terminal to ask at; --yes answers."
    )
    assert len(names(database_url)) == 15
    done = ok(clipsql("ingest", folder, "--enqueue-only", "--prune", "--yes"))
    assert done.stdout.endswith("2 pictures that are gone from photos are removed.\n")
    left = ["0.png", "2.png", "3.png", "4.png", "other.png", *(f"{number}.jpg" for number in range(8))]
    assert names(database_url) == sorted(left)
    assert len(names(database_url, "another")) == 6
    again = ok(clipsql("ingest", folder, "--enqueue-only", "--prune", "--json"))
    assert json.loads(again.stdout.splitlines()[-1]) == {"collection": "default", "gone": 0, "removed": 0}


def test_what_a_folder_does_not_tell_of_is_not_gone_from_it(
    clipsql: Clipsql, folder: Path, database_url: str
) -> None:
    (folder / "0.png").rename(folder / ".hidden.png")
    (folder / "list.csv").write_text("file\n.hidden.png\n")
    with tarfile.open(folder / "more.tar", "w") as archive:
        archive.add(folder / "1.png", "inside.png")
    for source in (folder / "more.tar", folder / "list.csv", folder):
        ok(clipsql("ingest", source, "--enqueue-only"))
    (folder / "1.png").unlink()
    # A line that tells of no picture hides none of a folder's.
    (folder / "captions.tsv").write_text("file\tcaption\n2.png\ta car\n3.png\n")
    done = clipsql("ingest", folder, "--enqueue-only", "--prune", "--yes")
    assert "1 pictures that are gone from photos are removed." in done.stdout
    assert names(database_url) == [".hidden.png", "2.png", "3.png", "4.png", "5.png", "inside.png"]


def test_pictures_that_a_list_lost_are_removed_once_somebody_agrees(
    clipsql: Clipsql, listing: Path, database_url: str
) -> None:
    ok(clipsql("ingest", listing, "--enqueue-only", "--collection", "shop"))
    lines = listing.read_text().splitlines()
    listing.write_text("\n".join(lines[2:]))
    asked = ("ingest", listing, "--enqueue-only", "--collection", "shop", "--prune")
    question = (
        "Remove 2 of the 8 pictures of collection shop: "
        "all that list.jsonl does not name, whatever brought them?"
    )
    code, said, _ = answered(database_url, b"n\n", *asked)
    assert (code, question in said, len(names(database_url, "shop"))) == (1, True, 8)
    code, said, _ = answered(database_url, b"y\n", *asked)
    assert (code, question in said) == (0, True)
    assert names(database_url, "shop") == [f"{number}.jpg" for number in range(2, 8)]


def test_a_row_that_was_left_out_is_not_gone_and_one_without_a_name_stops_the_pruning(
    clipsql: Clipsql, listing: Path, database_url: str
) -> None:
    ok(clipsql("ingest", listing, "--enqueue-only"))
    lines = listing.read_text().splitlines()
    told = lines[3].replace("2024-01-04T12:00:00Z", "yesterday")
    prune = ("ingest", listing, "--enqueue-only", "--prune", "--yes")
    listing.write_text("\n".join([*lines[1:3], told, lines[4][:-20], *lines[5:]]))
    result = clipsql(*prune)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "Error: Nothing was removed: 1 of the rows that were left out do not tell which picture they are about; "
        "correct them and run it again."
    )
    assert len(names(database_url)) == 8
    listing.write_text("\n".join([*lines[1:3], told, *lines[4:]]))
    result = clipsql(*prune)
    assert result.exit_code == 1  # a row was left out
    assert "1 pictures that are gone from list.jsonl are removed." in result.stdout
    assert names(database_url) == [f"{number}.jpg" for number in range(1, 8)]


@pytest.mark.parametrize("content", ["", "\n\n", '{"url": "https://pictures.example/1'])
def test_a_source_that_breaks_off_or_is_empty_removes_nothing(
    clipsql: Clipsql, listing: Path, folder: Path, database_url: str, content: str
) -> None:
    ok(clipsql("ingest", listing, "--enqueue-only"))
    ok(clipsql("ingest", folder, "--enqueue-only"))
    listing.write_text(content)
    for picture in folder.rglob("*.png"):
        picture.unlink()
    for source in (listing, folder):
        result = clipsql("ingest", source, "--enqueue-only", "--prune", "--yes")
        assert result.exit_code == 1, result.output
    assert len(names(database_url)) == 14


def test_yes_without_a_question_is_refused(clipsql: Clipsql, listing: Path) -> None:
    result = clipsql("ingest", listing, "--yes")
    assert (result.exit_code, "--yes answers what --prune asks" in result.stderr) == (2, True)
