"""Run the embedded server's programs as a user that PostgreSQL accepts, which is never root."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipsql.errors import EmbeddedServerError

SYSTEM_USER = "clipsql"

# Nothing of the caller's environment reaches the server: PG* variables would redirect it, and whoever
# can read /proc/PID/environ would read the caller's secrets for as long as the server runs.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}

_COMPLAINT = re.compile(r"(?:FATAL|PANIC|error): +(.+)")


@dataclass(frozen=True)
class ServerUser:
    """The user that owns the data folder; both ids None: the caller itself."""

    uid: int | None = None
    gid: int | None = None

    @property
    def is_caller(self) -> bool:
        return self.uid is None

    @property
    def name(self) -> str:
        return user_name(os.geteuid() if self.uid is None else self.uid)

    def run(self, *command: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """The finished command, its output as text; the exit status is the caller's to judge."""
        identity: dict[str, Any] = (
            {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}
        )
        return subprocess.run(
            [str(part) for part in command],
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",  # the caller's folder may be closed to this user
            env=_ENVIRONMENT,
            umask=0o077,
            **identity,
        )

    def check(self, *command: str | Path, purpose: str, stdin: str = "") -> str:
        """What the command printed. Raises EmbeddedServerError when it failed."""
        done = self.run(*command, stdin=stdin)
        if done.returncode:
            raise EmbeddedServerError(
                f"{purpose} failed ({complaint(done.stderr) or last_line(done.stderr)}): free some space, "
                f"set CLIPSQL_HOME to another folder, or set CLIPSQL_DATABASE_URL."
            )
        return done.stdout

    def take_over(self, path: Path) -> None:
        """Give one file or folder to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_run(self, program: Path) -> bool:
        """Whether this user reaches and may run the program; asked by running it, as mode bits tell half."""
        try:
            return self.run(program, "--version").returncode == 0
        except OSError:
            return False

    def require_entry(self, home: Path) -> None:
        """Raise EmbeddedServerError when this user cannot enter `home`, naming the folder that is closed."""
        script = 'for folder; do cd "$folder" 2>/dev/null || { echo "$folder"; exit 1; }; done'
        way = [*reversed(home.parents), home]
        entered = self.run("/bin/sh", "-c", script, "sh", *way)
        if entered.returncode:
            raise EmbeddedServerError(
                f"The server's user {self.name} cannot enter {entered.stdout.strip()}, and clipsql does not "
                f"open it to others: set CLIPSQL_HOME to a folder outside of it, such as /var/lib/clipsql."
            )


def user_name(uid: int) -> str:
    """The name of an account, or its number: a folder may outlive the account that made it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def complaint(output: str) -> str:
    """The last error in what a PostgreSQL program said; empty when it did not complain."""
    found = _COMPLAINT.findall(output)
    return found[-1].strip() if found else ""


def last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def server_user(data_folder: Path) -> ServerUser:
    """Who runs the server: the caller; for root the owner of the data, at first the system user clipsql."""
    if data_folder.exists():
        owner = data_folder.stat()
        if owner.st_uid == os.geteuid() != 0:
            return ServerUser()
        if os.geteuid() != 0 or owner.st_uid == 0:
            raise EmbeddedServerError(
                f"{data_folder} belongs to user {user_name(owner.st_uid)}: run clipsql as the user "
                f"who made it (root counts as {SYSTEM_USER}), or set CLIPSQL_HOME to another folder."
            )
        return ServerUser(owner.st_uid, owner.st_gid)
    return ServerUser() if os.geteuid() != 0 else _system_user()


def _system_user() -> ServerUser:
    """The account clipsql, made when the machine has none."""
    failure = "" if _account() else _make_account()
    account = _account()
    # Another home's first start may have made the account in between, so only its absence is a failure.
    if account is None:
        raise EmbeddedServerError(
            f"PostgreSQL refuses to run as root and the system user {SYSTEM_USER} could not be made "
            f"({failure}): make it, run clipsql as an ordinary user, or set CLIPSQL_DATABASE_URL."
        )
    return ServerUser(account.pw_uid, account.pw_gid)


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def _make_account() -> str:
    """Why useradd failed; empty when it did not."""
    useradd = shutil.which("useradd", path=f"{os.defpath}:/usr/sbin:/sbin")
    if useradd is None:
        return "this machine has no useradd"
    made = subprocess.run(
        [
            useradd,
            "--system",
            "--user-group",
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            SYSTEM_USER,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return " ".join(made.stderr.split()) if made.returncode else ""
