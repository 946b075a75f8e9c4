"""Walk a folder for pictures, however many it holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from clipsql.errors import SourceError

PICTURE_ENDINGS = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".apng",
    ".webp",
    ".gif",
    ".tif",
    ".tiff",
    ".bmp",
    ".heic",
    ".heif",
    ".hif",
    ".avif",
    ".jp2",
    ".j2k",
)
"""File endings that make a file in a folder a picture; what it really is, its content decides later."""


def find_pictures(folder: Path) -> Iterator[Path]:
    """Picture files below a folder, a directory's own files first, everything in name order.

    Hidden files and folders are left out. Links are followed, each real directory is read once, so a loop of
    links ends. Holds one directory's names at a time. Raises SourceError for a directory that cannot be read.
    """
    pending = [folder]
    seen: set[tuple[int, int]] = set()
    while pending:
        directory = pending.pop()
        files, directories = _entries(directory, seen)
        yield from files
        pending.extend(reversed(directories))


def has_pictures(folder: Path) -> bool:
    """Whether there is a picture file below the folder. Raises SourceError as `find_pictures` does."""
    return next(find_pictures(folder), None) is not None


def _entries(directory: Path, seen: set[tuple[int, int]]) -> tuple[list[Path], list[Path]]:
    files: list[Path] = []
    directories: list[Path] = []
    try:
        status = directory.stat()
        if (status.st_dev, status.st_ino) in seen:
            return files, directories
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _holds(entry.is_dir):
                    directories.append(directory / entry.name)
                elif entry.name.lower().endswith(PICTURE_ENDINGS) and _holds(entry.is_file):
                    files.append(directory / entry.name)
    except OSError as error:
        raise SourceError(
            f'Folder "{directory}" cannot be read ({error.strerror}); grant access to it or move it away.'
        ) from error
    return sorted(files), sorted(directories)


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except OSError:  # a link to itself
        return False
