"""Find the folders `sql/` and `migrations/`, in a checkout or in an installed wheel."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _asset_root() -> Path:
    installed = _PACKAGE / "_assets"
    return installed if installed.is_dir() else _PACKAGE.parent


def migrations_folder() -> Path:
    """Folder with Alembic's env.py and versions/."""
    return _asset_root() / "migrations"


def releases() -> Mapping[str, str]:
    """Revision of the schema that each released version has, by version."""
    found: dict[str, str] = json.loads((migrations_folder() / "releases.json").read_text("utf-8"))
    return found


def sql_file(kind: str, name: str, version: int) -> Path:
    """File that creates the SQL object `name` of a kind ("functions", "types", "views") as of `version`."""
    found = list((_asset_root() / "sql" / kind).rglob(f"{name}_v{version:02d}.sql"))
    if len(found) != 1:
        raise LookupError(f"{len(found)} files in sql/{kind} are called {name}_v{version:02d}.sql")
    return found[0]


@lru_cache
def newest_sql_files(kind: str) -> Mapping[str, Path]:
    """Newest file of every SQL object of a kind, by name."""
    files = sorted((_asset_root() / "sql" / kind).rglob("*_v[0-9][0-9].sql"), key=lambda file: file.name)
    return {file.stem.rsplit("_v", 1)[0]: file for file in files}


def qualified_name(kind: str, name: str) -> str:
    """The SQL object `name` of a kind with its schema, as its newest file says."""
    word = kind.removesuffix("s")
    text = newest_sql_files(kind)[name].read_text("utf-8")
    made = re.search(rf"^create (?:or replace )?{word} (clipsql\w*\.{name})\b", text, re.MULTILINE)
    if made is None:
        raise LookupError(f"the newest file of {name} in sql/{kind} does not create it")
    return made.group(1)
