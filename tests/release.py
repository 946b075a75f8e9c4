"""Make a release of what is here: `python tests/release.py 0.1.0`.

Says the version in clipsql/__init__.py and CHANGELOG.md, notes its revision in migrations/releases.json, freezes the
schema with rows (freeze.py), and writes tests/frozen/released/VERSION.json: what test_release.py keeps from changing.
Look at `git diff`, commit, tag; afterwards the version in clipsql/__init__.py is the next one's, with .dev0 behind it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
RELEASED = TESTS / "frozen" / "released"
VERSION_FILE = Path("clipsql") / "__init__.py"
_VERSION = re.compile(r'^__version__ = "(.*)"$', re.M)


def fingerprints(root: Path) -> dict[str, str]:
    """SHA-256 of every file that a released database was made of, by its path: SQL and migrations."""
    files = [*(root / "sql").rglob("*.sql"), *(root / "migrations" / "versions").glob("*.py")]
    return {
        file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(files)
    }


def changes(root: Path, released: dict[str, str]) -> list[str]:
    """One line for each file of a release that is not as it was."""
    found = fingerprints(root)
    return [
        f"{path} is gone: a release has it, so it stays"
        if path not in found
        else f"{path} was released: make a file of the next version, and a migration"
        for path, digest in released.items()
        if found.get(path) != digest
    ]


def write_release(root: Path, version: str, *, revision: str, day: dt.date) -> None:
    """Say the version wherever it is said, and note what it is made of. Raises ValueError, and then writes nothing."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ValueError(f"{version} is no version of a release, such as 0.1.0")
    releases_file = root / "migrations" / "releases.json"
    releases = json.loads(releases_file.read_text("utf-8"))
    if version in releases:
        raise ValueError(f"{version} is released already")
    for older, file in ((one, root / "tests" / "frozen" / "released" / f"{one}.json") for one in releases):
        if changed := changes(root, json.loads(file.read_text("utf-8"))):
            raise ValueError(f"release {older} was changed: {changed[0]}")
    log = (root / "CHANGELOG.md").read_text("utf-8")
    if log.count("## Unreleased\n") != 1:
        raise ValueError('CHANGELOG.md has no heading "## Unreleased"')
    module = (root / VERSION_FILE).read_text("utf-8")
    (root / VERSION_FILE).write_text(_VERSION.sub(f'__version__ = "{version}"', module), "utf-8")
    (root / "CHANGELOG.md").write_text(log.replace("## Unreleased\n", f"## {version} ({day})\n"), "utf-8")
    releases_file.write_text(json.dumps(releases | {version: revision}, indent=1) + "\n", "utf-8")
    target = root / "tests" / "frozen" / "released" / f"{version}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(fingerprints(root), indent=1) + "\n", "utf-8")


def main() -> None:
    sys.path[:0] = [str(TESTS), str(ROOT)]
    import freeze

    from clipsql.db.schema import migrating

    (version,) = sys.argv[1:]
    try:
        write_release(ROOT, version, revision=migrating.newest_revision(), day=dt.datetime.now(dt.UTC).date())
    except ValueError as error:
        sys.exit(str(error))
    freeze.main()
    sys.stdout.write(f"{version} is written down; look at the difference, commit it and tag it.\n")


if __name__ == "__main__":
    main()
