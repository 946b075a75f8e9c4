"""A server with a share folder of its own, into which an extension's files can be laid as an administrator would."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import URL, Engine, make_url

from clipsql.db.engine import create_engine
from clipsql.server import EmbeddedServer
from clipsql.server.programs import _copy_installation, program_folder
from clipsql.server.user import ServerUser

OWNER = "extender"


class ServerOfItsOwn(EmbeddedServer):
    """A copy of the embedded package's programs, with their share folder."""

    def __init__(self, home: Path, *, version: int) -> None:
        super().__init__(home, version=version)
        self.version = version
        self.programs = home / "own" / program_folder(version).relative_to(program_folder(version).parents[2])

    def _programs(self, user: ServerUser) -> Path:
        del user
        if not self.programs.exists():
            _copy_installation(program_folder(self.version).parent, self.home / "own")
        return self.programs


@dataclass(frozen=True)
class ShareServer:
    """A running server; `address` is its administrator's."""

    address: str
    programs: Path

    @property
    def share(self) -> Path:
        """What `pg_config --sharedir` prints there."""
        with psycopg.connect(self.address) as connection:
            (folder,) = connection.execute(
                "select setting from pg_config where name = 'SHAREDIR'"
            ).fetchone() or ("",)
        return Path(folder)

    @contextmanager
    def database(self, name: str) -> Iterator[URL]:
        """URL of an empty database of an ordinary role, with pgvector in it; the administrator made both."""
        with psycopg.connect(self.address, autocommit=True) as administrator:
            if not administrator.execute("select to_regrole(%s)", (OWNER,)).fetchone()[0]:  # type: ignore[index]
                administrator.execute(f"create role {OWNER} login password 'secret'")
            administrator.execute(
                sql.SQL("create database {} owner {} template template0").format(
                    sql.Identifier(name), sql.Identifier(OWNER)
                )
            )
            url = make_url(self.address).set(database=name)
            with psycopg.connect(url.render_as_string(hide_password=False)) as inside:
                inside.execute("create extension vector")
            try:
                yield url.set(username=OWNER, password="secret")
            finally:
                administrator.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    @contextmanager
    def engine(self, name: str) -> Iterator[Engine]:
        """An engine on such a database."""
        with self.database(name) as url:
            engine = create_engine(url.render_as_string(hide_password=False))
            try:
                yield engine
            finally:
                engine.dispose()

    def run(self, program: str, url: URL, *arguments: str | Path, may_fail: bool = False) -> str:
        """What a client program of the server's own version said on stderr."""
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        done = subprocess.run(
            [self.programs / program, f"--dbname={address}", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert may_fail or done.returncode == 0, done.stderr
        return done.stderr


def statements(engine: Engine, *texts: str) -> None:
    """Run statements in one transaction."""
    with engine.begin() as connection:
        for text in texts:
            connection.exec_driver_sql(text)


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    """The rows of a query."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query.replace(":", r"\:")))]
