"""Walk a folder for pictures, however many it holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.extras import missing_packages

PICTURE_ENDINGS = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".jif",
    ".jps",
    ".jpg_large",
    ".jpg-large",
    ".mpo",
    ".insp",
    ".png",
    ".apng",
    ".png_large",
    ".webp",
    ".gif",
    ".tif",
    ".tiff",
    ".btf",
    ".bmp",
    ".heic",
    ".heics",
    ".heif",
    ".heifs",
    ".hif",
    ".avif",
    ".avifs",
    ".jp2",
    ".jpx",
    ".jpf",
    ".j2k",
    ".j2c",
    ".jpc",
)
"""File endings that make a file in a folder a picture; what it really is, its content decides later."""

VIDEO_ENDINGS = (
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".mpg",
    ".mpeg",
    ".mts",
    ".m2ts",
    ".3gp",
    ".ogv",
    ".wmv",
    ".flv",
)
"""File endings that make a file a video; what it really is, its content decides later."""


def is_video(file: Path) -> bool:
    """Whether a file is a video, by its name."""
    return file.name.lower().endswith(VIDEO_ENDINGS)


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of a folder: its pictures and videos together, and the names of its other files, in name order."""

    path: Path
    pictures: Sequence[Path]
    others: Sequence[str]


def walk(folder: Path) -> Iterator[Directory]:
    """The folder and all directories below it, each before those in it, everything in name order.

    Hidden files and folders are left out. Links are followed, each real directory is read once, so a loop of
    links ends. Holds one directory's names at a time. Raises SourceError for a directory that cannot be read.
    """
    pending = [folder]
    seen: set[tuple[int, int]] = set()
    while pending:
        path = pending.pop()
        directory, below = _read(path, seen)
        yield directory
        pending.extend(reversed(below))


def find_pictures(folder: Path) -> Iterator[Path]:
    """Picture and video files below a folder, in the order of `walk`. Raises SourceError as it does."""
    return (picture for directory in walk(folder) for picture in directory.pictures)


def has_pictures(folder: Path) -> bool:
    """Whether there is a picture or video file below the folder. Raises SourceError as `walk` does."""
    return next(find_pictures(folder), None) is not None


# Without what reads them, videos are passed over as what no one knows.
_ENDINGS = PICTURE_ENDINGS if missing_packages("video") else (*PICTURE_ENDINGS, *VIDEO_ENDINGS)


def _read(path: Path, seen: set[tuple[int, int]]) -> tuple[Directory, list[Path]]:
    """One directory, and those in it."""
    pictures: list[Path] = []
    others: list[str] = []
    below: list[Path] = []
    try:
        status = path.stat()
        if (status.st_dev, status.st_ino) in seen:
            return Directory(path, (), ()), below
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _holds(entry.is_dir):
                    below.append(path / entry.name)
                elif not entry.name.lower().endswith(_ENDINGS):
                    others.append(entry.name)
                elif _holds(entry.is_file):
                    pictures.append(path / entry.name)
    except OSError as error:
        raise SourceError(
            f'Folder "{path}" cannot be read ({error.strerror}); grant access to it or move it away.'
        ) from error
    return Directory(path, sorted(pictures), sorted(others)), sorted(below)


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except OSError:  # a link to itself
        return False
