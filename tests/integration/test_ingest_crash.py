"""The real `clipsql ingest` killed, interrupted, doubled and starved of disk; a rerun ends as if nothing had been."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from click.testing import Result
from forking import Forker, Running
from PIL import Image
from sqlalchemy.engine import URL
from waiting import until

from clipsql.server import EmbeddedServer

PICTURES = 330


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many small pictures, some broken, some missing, some with the caption of another."""
    folder = tmp_path_factory.mktemp("pictures")
    values = np.random.default_rng(0)
    lines = ["file,caption,camera"]
    for number in range(PICTURES):
        file = folder / f"{number}.png"
        Image.fromarray(values.integers(0, 256, (12, 16, 3), dtype=np.uint8)).save(file)
        if number % 50 == 7:
            file.write_bytes(file.read_bytes()[:60])
        if number % 50 == 8:
            file.unlink()
        lines.append(f"{file.name},a red car {number % 40},{number % 3}")
    (folder / "m.csv").write_text("\n".join(lines))
    return folder / "m.csv"


@pytest.fixture
def start(forker: Forker, database_url: str, manifest: Path, model_folder: Path) -> Callable[[], Running]:
    """Start `clipsql ingest` of the manifest."""
    arguments = ("ingest", manifest, "--collection", "c", "--model", model_folder, "--dtype", "float32")
    return lambda: forker.start(database_url, *arguments)


@dataclass(frozen=True)
class Content:
    """Everything in a database but what differs from run to run: ids and times."""

    rows: list[tuple[Any, ...]]
    vectors: np.ndarray[Any, np.dtype[np.float64]]
    indexes: list[tuple[Any, ...]]

    def assert_same(self, other: Content) -> None:
        assert self.rows == other.rows
        assert self.indexes == other.indexes
        assert self.vectors.shape == other.vectors.shape
        # A picture alone in a batch is encoded by another kernel than among others: equal but for rounding.
        assert np.abs(self.vectors - other.vectors).max() < 2e-3


def content(url: str) -> Content:
    with psycopg.connect(url) as connection:
        images = connection.execute(
            "select url, null, collection, file, sha256, width, height, format, taken_at, longitude, latitude,"
            " metadata, status, error from clipsql.image order by url"
        ).fetchall()
        captions = connection.execute(
            "select url, body, language, words, e.caption_id is null from clipsql.caption"
            " join clipsql.image using (image_id) left join clipsql.caption_embedding as e using (caption_id)"
            " order by url, body"
        ).fetchall()
        vectors = connection.execute(
            "select url, '', embedding::text from clipsql.image_embedding join clipsql.image using (image_id)"
            " union all select url, body, embedding::text from clipsql.caption_embedding"
            " join clipsql.caption using (caption_id) join clipsql.image using (image_id) order by 1, 2"
        ).fetchall()
        indexes = connection.execute(
            "select c.relname, i.indisvalid, i.indisready from pg_index as i join pg_class as c"
            " on c.oid = i.indexrelid where c.relname like '%hnsw' order by 1"
        ).fetchall()
    owners = [(url, body) for url, body, _ in vectors]
    return Content(
        [*images, *captions, *owners], np.array([json.loads(vector) for *_, vector in vectors]), indexes
    )


def ask(url: str, query: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def waits_for_lock(url: str, like: str) -> Callable[[], bool]:
    """Whether a statement of that kind waits for a lock in the database."""
    query = (
        "select exists (select from pg_stat_activity where datname = current_database()"
        f" and wait_event_type = 'Lock' and query like '%{like}%' and pid <> pg_backend_pid())"
    )
    return lambda: bool(ask(url, query))


@contextmanager
def locked(url: str, table: str, mode: str) -> Iterator[None]:
    with psycopg.connect(url) as connection:
        connection.execute(f"lock table {table} in {mode} mode".encode())
        yield


@pytest.fixture(scope="module")
def undisturbed(
    forker: Forker,
    new_database: Callable[..., URL],
    template: str,
    manifest: Path,
    model_folder: Path,
) -> Content:
    url = new_database(template=template).render_as_string(hide_password=False)
    arguments = ("ingest", manifest, "--collection", "c", "--model", model_folder, "--dtype", "float32")
    run = forker.start(url, *arguments)
    assert run.wait() == 1, run.lines  # some pictures are broken or missing
    found = content(url)
    assert [valid for _, valid, _ in found.indexes] == [True, True]
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_ingest_killed_again_and_again_ends_as_an_undisturbed_run(
    start: Callable[[], Running], database_url: str, undisturbed: Content, seed: int
) -> None:
    moments = random.Random(seed)
    killed = 0
    for rows_first in (0, 1, moments.randrange(65, 129), moments.randrange(129, 257)):
        run = start()
        until(lambda wanted=rows_first: ask(database_url, "select count(*) from clipsql.image") >= wanted)  # type: ignore[misc]
        time.sleep(moments.uniform(0, 0.3) if rows_first == 0 else moments.uniform(0, 0.03))
        killed += run.kill(signal.SIGKILL) == -signal.SIGKILL
        assert ask(database_url, "select count(*) from clipsql.image where status = 'pending'") == 0
    assert killed >= 2
    last = start()
    assert last.wait() in (0, 1), last.lines
    content(database_url).assert_same(undisturbed)


def test_ingest_killed_while_it_builds_an_index_ends_as_an_undisturbed_run(
    start: Callable[[], Running], database_url: str, undisturbed: Content
) -> None:
    run = start()
    until(lambda: ask(database_url, "select to_regclass('clipsql_private.image_embedding_1') is not null"))
    with locked(
        database_url, "clipsql_private.image_embedding_1", "row exclusive"
    ):  # lets rows in, and no index
        until(waits_for_lock(database_url, "create index"))
        assert run.kill(signal.SIGKILL) == -signal.SIGKILL
    again = start()  # while the server may still build for the dead
    assert again.wait() in (0, 1), again.lines
    content(database_url).assert_same(undisturbed)


def test_ctrl_c_ends_ingest_at_once_with_one_line_and_a_rerun_goes_on(
    start: Callable[[], Running], database_url: str, undisturbed: Content
) -> None:
    run = start()
    until(lambda: ask(database_url, "select count(*) from clipsql.image") > 0)
    assert run.kill(signal.SIGINT) == 130, run.lines
    said = [line for line in run.lines if " INFO " not in line]
    assert said == ["Error: Stopped by Ctrl-C; run the same command again to go on."]
    stored = ask(database_url, "select count(*) from clipsql.image")
    assert 0 < stored < PICTURES
    again = start()
    assert again.wait() in (0, 1)
    content(database_url).assert_same(undisturbed)


@pytest.fixture
def with_model(clipsql: Callable[..., Result], model_folder: Path) -> None:
    """The model is known already: making its partitions would wait for the lock that the pictures shall wait for."""
    assert clipsql("model", "add", model_folder).exit_code == 0


@pytest.mark.usefixtures("with_model")
def test_ctrl_c_ends_ingest_that_waits_for_the_database(
    start: Callable[[], Running], database_url: str
) -> None:
    with locked(database_url, "clipsql.image", "exclusive"):
        run = start()
        until(waits_for_lock(database_url, "insert into clipsql.image"))
        started = time.monotonic()
        assert run.kill(signal.SIGINT) == 130, run.lines
        assert time.monotonic() - started < 60
    assert run.lines == ["Error: Stopped by Ctrl-C; run the same command again to go on."]
    assert ask(database_url, "select count(*) from clipsql.image") == 0


@pytest.mark.usefixtures("with_model")
def test_ctrl_c_in_a_search_does_not_speak_of_going_on(forker: Forker, database_url: str) -> None:
    with locked(database_url, "clipsql.image", "access exclusive"):
        run = forker.start(database_url, "search", "text", "a dog")
        until(waits_for_lock(database_url, "search_text"))
        assert run.kill(signal.SIGINT) == 130, run.lines
    assert run.lines == ["Error: Stopped by Ctrl-C."]


@pytest.mark.usefixtures("with_model")
def test_a_second_ingest_into_the_collection_waits_and_finds_nothing_to_do(
    start: Callable[[], Running], database_url: str, undisturbed: Content
) -> None:
    with locked(database_url, "clipsql.image", "exclusive"):
        first = start()
        until(waits_for_lock(database_url, "insert into clipsql.image"))
        second = start()
        until(waits_for_lock(database_url, "pg_advisory_xact_lock"))
        (line,) = second.lines
        assert line.endswith(" INFO Another ingest into collection c is running; waiting for it to end.")
    assert (first.wait(), second.wait()) == (1, 0), first.lines + second.lines
    assert any("316 added, 14 failed; 330 captions added" in line for line in first.lines)
    assert "and 4 more; --report FILE has every one." in first.lines
    assert any("316 unchanged, 14 failed before; 0 captions added" in line for line in second.lines)
    content(database_url).assert_same(undisturbed)


@pytest.fixture
def small_disk(run_folder: Path) -> Iterator[Path]:
    """A file system of its own with little room."""
    folder = Path(tempfile.mkdtemp(dir=run_folder))
    folder.chmod(0o711)
    mounted = subprocess.run(
        ("mount", "-t", "tmpfs", "-o", "size=140m,mode=0711", "tmpfs", str(folder)),
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip("a disk that is full needs the right to mount a small one")
    yield folder
    subprocess.run(("umount", str(folder)), check=True)
    folder.rmdir()


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_a_rerun_goes_on_when_there_is_room(
    small_disk: Path,
    make_server: Callable[[Path], EmbeddedServer],
    forker: Forker,
    manifest: Path,
    model_folder: Path,
    undisturbed: Content,
) -> None:
    server = make_server(small_disk / "home")
    url = server.start()
    try:
        upgraded = forker.start(url, "db", "upgrade")
        assert upgraded.wait() == 0, upgraded.lines
        arguments = ("ingest", manifest, "--collection", "c", "--model", model_folder, "--dtype", "float32")
        added = forker.start(url, "model", "add", model_folder, "--dtype", "float32")
        assert added.wait() == 0, added.lines
        with (small_disk / "ballast").open("wb") as ballast:
            room = os.statvfs(small_disk)
            ballast.write(b"\0" * (room.f_bavail * room.f_frsize))
        run = forker.start(url, *arguments)
        assert run.wait() == 1, run.lines
        assert len(run.lines) == 1
        assert run.lines[0].startswith("Error: The database refused: could not ")
        assert "No space left on device; hint: " in run.lines[0]
        assert "free space on the server's disk" in run.lines[0]
        (small_disk / "ballast").unlink()
        again = forker.start(url, *arguments)
        assert again.wait() == 1, again.lines
        content(url).assert_same(undisturbed)
    finally:
        server.remove()
