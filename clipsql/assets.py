"""Find the folders `sql/` and `migrations/`, in a checkout or in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _asset_root() -> Path:
    installed = _PACKAGE / "_assets"
    return installed if installed.is_dir() else _PACKAGE.parent


def migrations_folder() -> Path:
    """Folder with Alembic's env.py and versions/."""
    return _asset_root() / "migrations"


def sql_file(kind: str, name: str, version: int) -> Path:
    """File that creates the SQL object `name` of a kind ("functions", "views") as of `version`."""
    return _asset_root() / "sql" / kind / f"{name}_v{version:02d}.sql"


def newest_sql_files(kind: str) -> dict[str, Path]:
    """Newest file of every SQL object of a kind, by name."""
    files = sorted((_asset_root() / "sql" / kind).glob("*_v[0-9][0-9].sql"))
    return {file.stem.rsplit("_v", 1)[0]: file for file in files}
