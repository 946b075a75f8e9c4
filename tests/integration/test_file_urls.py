"""Files of the own machine are read for whoever ingests them, never because a row of the database names them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from local_models import make_clip
from picture_server import PictureServer, picture_bytes
from sqlalchemy.engine import Engine, make_url

from clipsql.db.models import ModelRow
from clipsql.encoding import Encoder
from clipsql.images.hashing import content_hash
from clipsql.ingest.indexer import Indexer
from clipsql.ingest.readings import IngestOptions, Outcome
from clipsql.ingest.reports import IngestReport
from clipsql.ingest.worker import Worker
from clipsql.models import register_model
from clipsql.sources import Source, open_query, open_source
from clipsql.web.downloading import DownloadOptions

DOWNLOADS = DownloadOptions(allow_private_hosts=True, timeout_s=20, retries=0)
WRITER = f"clipsql_test_writer_{os.getpid()}"
READER = f"clipsql_test_file_reader_{os.getpid()}"
Login = Callable[[str], psycopg.Connection[Any]]


@pytest.fixture
def model(engine: Engine, model_folder: Path) -> tuple[ModelRow, Encoder]:
    return register_model(engine, str(model_folder))


@pytest.fixture
def ingest(engine: Engine, model: tuple[ModelRow, Encoder]) -> Callable[..., IngestReport]:
    row, encoder = model

    def run(source: Source, **options: Any) -> IngestReport:
        encodes = not (options.get("enqueue_only") or options.get("validate_only"))
        indexer = Indexer(engine, encoder if encodes else None, row, downloads=DOWNLOADS)
        return indexer.ingest(source, IngestOptions(collection="c", **options))

    return run


@pytest.fixture
def work(engine: Engine, model: tuple[ModelRow, Encoder]) -> Callable[[], IngestReport]:
    return lambda: Worker(engine, model[1], model[0], downloads=DOWNLOADS).run(until_empty=True)


@pytest.fixture
def login(engine: Engine) -> Iterator[Login]:
    """Connect as a role that may write pictures, or as one that may only read."""
    opened: list[psycopg.Connection[Any]] = []

    def connect(role: str) -> psycopg.Connection[Any]:
        url = make_url(engine.url).set(drivername="postgresql", username=role, password="x")
        opened.append(psycopg.connect(url.render_as_string(hide_password=False), autocommit=True))
        return opened[-1]

    with engine.begin() as connection:
        for statement in (
            f"create role {WRITER} login password 'x'",
            f"create role {READER} login password 'x'",
            f"grant clipsql_reader to {READER}, {WRITER}",
            f"grant insert, update, delete on clipsql.image, clipsql.caption to {WRITER}",
        ):
            connection.exec_driver_sql(statement)
    yield connect
    for each in opened:
        each.close()
    with engine.begin() as connection:
        for role in (WRITER, READER):
            connection.exec_driver_sql(f"drop owned by {role}")
            connection.exec_driver_sql(f"drop role {role}")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A picture of the machine that nobody asked to be read."""
    file = tmp_path / "home" / "secret.png"
    file.parent.mkdir()
    file.write_bytes(picture_bytes(77))
    return file


@pytest.fixture
def web() -> Iterator[PictureServer]:
    with PictureServer() as server:
        yield server


def stored(engine: Engine, columns: str = "coalesce(failure, status)") -> list[Any]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"select {columns} from clipsql.image order by image_id").all()
    return [row[0] if len(row) == 1 else tuple(row) for row in rows]


def listed(folder: Path, column: str, *values: str) -> Path:
    file = folder / "list.jsonl"
    file.write_text("".join(json.dumps({column: value}) + "\n" for value in values), "utf-8")
    return file


# Rows that others write


def test_what_a_writer_puts_into_the_table_opens_no_file(
    engine: Engine, work: Callable[[], IngestReport], login: Login, secret: Path
) -> None:
    rows = [
        (secret.as_uri(), None),
        (secret.as_uri().replace("file:", "FILE:"), None),
        (f"file:{secret}", None),
        ("any address", str(secret)),
        (f"{secret.as_uri()}?2", str(secret)),
    ]
    with login(WRITER).cursor() as cursor:
        cursor.executemany("insert into clipsql.image (collection, url, file) values ('c', %s, %s)", rows)
    assert work().outcomes == {Outcome.FAILED: len(rows)}
    assert stored(engine, "failure, sha256") == [("file_url", None)] * len(rows)
    assert (
        "ingest its address with --allow-file-urls, or attach its table with may_read_files"
        in stored(engine, "error")[0]
    )


def test_an_ingest_that_works_on_the_queue_opens_no_file_for_a_writer(
    engine: Engine,
    ingest: Callable[..., IngestReport],
    login: Login,
    web: PictureServer,
    secret: Path,
    tmp_path: Path,
) -> None:
    login(WRITER).execute("insert into clipsql.image (collection, url) values ('c', %s)", (secret.as_uri(),))
    ingest(open_source(listed(tmp_path, "url", web.url(0))))
    assert stored(engine) == ["file_url", "embedded"]


def test_a_writer_turns_no_request_to_another_file(
    engine: Engine,
    ingest: Callable[..., IngestReport],
    work: Callable[[], IngestReport],
    login: Login,
    secret: Path,
    tmp_path: Path,
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "1.png").write_bytes(picture_bytes(1))
    ingest(open_source(photos), enqueue_only=True)
    login(WRITER).execute("update clipsql.image set url = %s, file = %s", (secret.as_uri(), str(secret)))
    work()
    assert stored(engine, "sha256") == [content_hash(picture_bytes(1))]


def test_a_writer_takes_no_file_for_a_kept_copy(
    engine: Engine,
    ingest: Callable[..., IngestReport],
    login: Login,
    web: PictureServer,
    secret: Path,
    tmp_path: Path,
) -> None:
    """Whether a file has a content that one knows is told to nobody either: the web is asked instead."""
    web.contents["/0.png"] = secret.read_bytes()
    source = open_source(listed(tmp_path, "url", web.url(0)))
    ingest(source)
    login(WRITER).execute("update clipsql.image set file = %s", (str(secret),))
    other, encoder = register_model(engine, str(make_clip(tmp_path / "other", seed=1, dimensions=16)))
    asked = web.asked.total()
    Indexer(engine, encoder, other, downloads=DOWNLOADS).ingest(source, IngestOptions(collection="c"))
    assert web.asked.total() == asked + 1
    assert stored(engine) == ["embedded"]


def test_neither_role_reaches_what_workers_read(login: Login) -> None:
    for role in (WRITER, READER):
        connection = login(role)
        for statement in (
            b"update clipsql_private.queue set file_to_read = 'x'",
            b"insert into clipsql_private.queue (image_id, collection, file_to_read) values (1, 'c', 'x')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        login(READER).execute("insert into clipsql.image (collection, url) values ('c', 'file:///x')")


# Lists and folders that somebody ingests

WAYS = pytest.mark.parametrize("way", ["directly", "by a worker", "after validation"])


def ingested(
    way: str, source: Source, ingest: Callable[..., IngestReport], work: Callable[[], IngestReport]
) -> None:
    if way == "directly":
        ingest(source)
        return
    ingest(source, enqueue_only=way == "by a worker", validate_only=way == "after validation")
    work()


@WAYS
def test_file_addresses_of_a_list_are_read_when_asked_for(
    engine: Engine,
    ingest: Callable[..., IngestReport],
    work: Callable[[], IngestReport],
    secret: Path,
    tmp_path: Path,
    way: str,
) -> None:
    file = listed(tmp_path, "url", secret.as_uri(), "file:home/secret.png")
    ingested(way, open_source(file), ingest, work)
    assert stored(engine) == ["file_url", "file_url"]
    ingest(open_source(file, allow_file_urls=True), retry_failed=True)
    assert stored(engine) == ["embedded", "embedded"]


@WAYS
def test_files_that_a_list_names_or_a_folder_holds_are_read_as_ever(
    engine: Engine,
    ingest: Callable[..., IngestReport],
    work: Callable[[], IngestReport],
    secret: Path,
    tmp_path: Path,
    way: str,
) -> None:
    odd = os.fsencode(secret.parent) + b"/caf\xe9.png"
    Path(os.fsdecode(odd)).write_bytes(picture_bytes(2))
    ingested(way, open_source(secret.parent), ingest, work)
    ingested(way, open_source(listed(tmp_path, "file", "home/secret.png", "missing.png")), ingest, work)
    assert sorted(stored(engine)) == ["embedded", "embedded", "no_file"]


@WAYS
def test_file_addresses_that_were_asked_for_are_read(
    engine: Engine,
    ingest: Callable[..., IngestReport],
    work: Callable[[], IngestReport],
    secret: Path,
    tmp_path: Path,
    way: str,
) -> None:
    ingested(way, open_source(listed(tmp_path, "url", secret.as_uri()), allow_file_urls=True), ingest, work)
    assert stored(engine) == ["embedded"]


def test_file_addresses_of_a_query_are_read_when_asked_for(
    engine: Engine, database_url: str, ingest: Callable[..., IngestReport], secret: Path
) -> None:
    query = f"select '{secret.as_uri()}' as url"
    ingest(open_query(query, database_url))
    assert stored(engine) == ["file_url"]
    ingest(open_query(query, database_url, allow_file_urls=True), retry_failed=True)
    assert stored(engine) == ["embedded"]


def test_a_file_that_was_asked_for_later_is_read(
    engine: Engine,
    ingest: Callable[..., IngestReport],
    work: Callable[[], IngestReport],
    secret: Path,
    tmp_path: Path,
) -> None:
    file = listed(tmp_path, "url", secret.as_uri())
    for allow in (False, True, False):
        ingest(open_source(file, allow_file_urls=allow), enqueue_only=True)
    work()
    assert stored(engine) == ["embedded"]


def test_a_file_that_was_asked_for_stays_so_when_it_is_looked_at_again(
    engine: Engine,
    ingest: Callable[..., IngestReport],
    work: Callable[[], IngestReport],
    secret: Path,
    tmp_path: Path,
) -> None:
    file = listed(tmp_path, "url", secret.as_uri())
    ingest(open_source(file, allow_file_urls=True), validate_only=True)
    ingest(open_source(file), enqueue_only=True, refresh=True)
    work()
    assert stored(engine) == ["embedded"]


def test_asking_for_a_file_takes_no_wish_to_look_at_it_again_back(
    engine: Engine,
    ingest: Callable[..., IngestReport],
    work: Callable[[], IngestReport],
    secret: Path,
    tmp_path: Path,
) -> None:
    file = listed(tmp_path, "url", secret.as_uri())
    ingest(open_source(file, allow_file_urls=True))
    secret.write_bytes(picture_bytes(78))
    ingest(open_source(file), enqueue_only=True, refresh=True)
    ingest(open_source(file, allow_file_urls=True), enqueue_only=True)
    work()
    assert stored(engine, "sha256") == [content_hash(picture_bytes(78))]


def test_the_command_reads_file_addresses_when_asked_for(
    clipsql: Callable[..., Result], model_folder: Path, secret: Path, tmp_path: Path
) -> None:
    command = ("ingest", listed(tmp_path, "url", secret.as_uri()), "--model", model_folder, "--json")
    said = clipsql(*command)
    assert json.loads(said.stdout.splitlines()[0])["failed"] == 1
    assert "--allow-file-urls" in json.loads(said.stdout.splitlines()[0])["problems"][0]["reason"]
    said = clipsql(*command, "--allow-file-urls", "--retry-failed")
    assert json.loads(said.stdout.splitlines()[0])["updated"] == 1
