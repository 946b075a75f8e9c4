"""Ingest, workers and searches through PgBouncer in transaction mode: every transaction may have another session."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from sqlalchemy.engine import make_url

from clipsql.cli import main

PGBOUNCER = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")


@pytest.fixture
def pooled_url(database_url: str, run_folder: Path) -> Iterator[str]:
    """The database's URL through a pooler with four sessions on the server, which all clients share."""
    if PGBOUNCER is None:
        pytest.skip("PgBouncer is not here; it comes with the package pgbouncer")
    url = make_url(database_url)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = Path(tempfile.mkdtemp(dir=run_folder))
    place.chmod(0o755)  # for the pooler's own user
    users = place / "users.txt"
    users.write_text(f'"{url.username}" "{url.password}"\n')
    users.chmod(0o644)
    (place / "pgbouncer.ini").write_text(
        f"""
        [databases]
        * = host={url.host} port={url.port}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = trust
        auth_file = {users}
        pool_mode = transaction
        default_pool_size = 4
        server_round_robin = 1
        """.replace("\n        ", "\n")
    )
    # It does not run as root.
    command = [PGBOUNCER, *(["-u", "nobody"] if os.geteuid() == 0 else []), str(place / "pgbouncer.ini")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as pooler:
        try:
            _await(port, pooler)
            yield url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        finally:
            pooler.terminate()


def _await(port: int, pooler: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        assert pooler.poll() is None, "PgBouncer ended"
        with closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("PgBouncer does not answer")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three hundred pictures: more than one batch of everything."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    rows = ["file,caption"]
    for number in range(300):
        Image.new("RGB", (32, 24), (number % 256, number // 2, 200)).save(pictures / f"{number}.png")
        rows.append(f"{number}.png,number {number}")
    (pictures / "captions.csv").write_text("\n".join(rows), "utf-8")
    return pictures


Run = Callable[..., Result]


def through(url: str) -> Run:
    def run(*arguments: str | Path) -> Result:
        done = CliRunner().invoke(
            main, [str(argument) for argument in arguments], env={"CLIPSQL_DATABASE_URL": url}
        )
        assert done.exit_code == 0, done.output
        return done

    return run


def test_a_pooler_changes_nothing(
    pooled_url: str, database_url: str, folder: Path, model_folder: Path
) -> None:
    pooled, direct = through(pooled_url), through(database_url)
    ingest = ("ingest", folder, "--collection", "c", "--thumbnails", "--model", model_folder)
    assert "300 added" in pooled(*ingest).stdout
    assert "300 unchanged" in pooled(*ingest).stdout
    assert "300 unchanged" in direct(*ingest).stdout
    assert "300 queued" in pooled("ingest", folder, "--collection", "q", "--enqueue-only").stdout
    assert "300 added" in pooled("worker", "--until-empty").stdout
    pooled("index", "build", "--rebuild")
    for command in (
        ("search", "text", "number 7", "--json"),
        ("search", "like", "5", "--json", "--in-collection", "q"),
        ("search", "image", folder / "9.png", "--json"),
        ("stats", "--json"),
    ):
        for _ in range(7):  # psycopg prepares what it has run five times, unless it is told not to
            assert pooled(*command).stdout == direct(*command).stdout
    query = ("ingest", "--query", "select url, 'x' as caption from clipsql.image where collection = 'c'")
    assert "300 queued" in pooled(*query, "--collection", "again", "--enqueue-only").stdout
    (folder / "0.png").unlink()
    assert "1 pictures that are gone" in pooled(*ingest, "--prune", "--yes").stdout
    assert pooled("remove", "--in-collection", "again", "--yes", "--json").exit_code == 0
    with psycopg.connect(database_url) as connection:
        held = (
            "select count(*) from pg_locks as l join pg_database as d on d.oid = l.database"
            " where l.locktype = 'advisory' and d.datname = current_database()"
        )
        assert connection.execute(held).fetchall() == [(0,)]
        assert connection.execute("select count(*) from clipsql_private.queue").fetchall() == [(0,)]


def test_two_ingests_through_a_pooler_wait_for_each_other(
    pooled_url: str, folder: Path, model_folder: Path, database_url: str
) -> None:
    through(database_url)("model", "add", model_folder)
    environment = {**os.environ, "CLIPSQL_DATABASE_URL": pooled_url}
    program = "from clipsql.cli import main; main()"
    command = [sys.executable, "-c", program, "ingest", str(folder), "--collection", "c", "--json"]
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    told = [json.loads(one.communicate(timeout=300)[0].splitlines()[0]) for one in both]
    assert sorted(one["added"] for one in told) == [0, 300]
    assert sorted(one["unchanged"] for one in told) == [0, 300]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from clipsql.caption").fetchall() == [(300,)]


@pytest.mark.parametrize(
    ("given", "is_right"), [("0", True), ("5", True), ("none", True), ("x", False), ("-1", False)]
)
def test_the_url_says_what_is_prepared(database_url: str, given: str, is_right: bool) -> None:
    url = make_url(database_url).update_query_dict({"prepare_threshold": given})
    done = CliRunner().invoke(
        main, ["stats", "--json"], env={"CLIPSQL_DATABASE_URL": url.render_as_string(hide_password=False)}
    )
    assert (done.exit_code == 0) == is_right, done.output
    if not is_right:
        assert f"prepare_threshold in the database URL is '{given}'" in done.stderr
