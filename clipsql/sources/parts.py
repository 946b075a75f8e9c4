"""Find the parts of one source: files of a kind below a folder, or those that a pattern names."""

from __future__ import annotations

from pathlib import Path

from clipsql.sources.discovery import walk

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
PARQUET = (".parquet",)


def find_parts(path: Path, endings: tuple[str, ...]) -> tuple[Path, ...]:
    """The files that end so, in name order: that one, those below a folder, or all that a pattern as a-*.tar names."""
    if path.is_dir():
        found = [directory.path / name for directory in walk(path) for name in directory.others]
        return tuple(file for file in found if file.name.lower().endswith(endings))
    if not path.name.lower().endswith(endings):
        return ()
    if path.exists():
        return (path,)
    try:
        return tuple(sorted(path.parent.glob(path.name)))
    except (ValueError, NotImplementedError):  # a pattern that means nothing
        return ()
