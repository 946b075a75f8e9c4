"""Find and read the members of tar archives, in any order."""

from __future__ import annotations

import errno
import os
import tarfile
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from clipsql import stores

MOST_BYTES = 2 * 2**30
"""Larger files are no pictures that can be decoded."""

_ARCHIVES_KEPT = 8
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Members:
    """The regular files of an archive, in its order: (offset, size) by name; what else is in it, and why it is left."""

    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    cut: str | None = None
    """Why there may be more that could not be read."""


_scanning = threading.Lock()


def members_of(archive: Path) -> Members:
    """What is in an archive that is not compressed. Raises OSError."""
    if stores.address_of(archive) is not None:
        if (size := stores.size_of(archive)) is None:
            raise FileNotFoundError
        changed = 0
    else:
        status = archive.stat()
        changed, size = status.st_mtime_ns, status.st_size
    with _scanning:
        return _scanned(archive, changed, size)


def read_member(archive: Path, inside: tuple[str, ...]) -> bytes:
    """The bytes of a member. Raises OSError."""
    place = members_of(archive).places.get("/".join(inside))
    if place is None:
        raise FileNotFoundError
    offset, size = place
    if size > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has {size / 2**30:.1f} GB, at most 2 are read")
    if stores.address_of(archive) is not None:
        return stores.read_part(archive, offset, size)
    with archive.open("rb") as file:
        file.seek(offset)
        return file.read(size)


@lru_cache(maxsize=_ARCHIVES_KEPT)
def _scanned(archive: Path, _changed_ns: int, size: int) -> Members:
    members = Members()
    with stores.open_stream(archive) if stores.address_of(archive) else archive.open("rb") as file:
        try:
            with tarfile.open(fileobj=file, mode="r:", errors="surrogateescape") as tar:
                for member in tar:
                    note(members, member, size)
                    tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
                file.seek(tar.offset)
                ends = file.read(_BLOCK)
        except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
            return Members(members.places, members.left_out, str(error) or type(error).__name__)
    # The end is marked by an empty block.
    is_whole = len(ends) == _BLOCK and not any(ends)
    return members if is_whole else Members(members.places, members.left_out, "its end is missing or damaged")


def note(members: Members, member: tarfile.TarInfo, size: int) -> None:
    """Note a member of an archive of this size, or why it is left out."""
    name = os.path.normpath(member.name) if member.name else ""
    if member.isdir():
        return
    if (
        PurePosixPath(name).is_absolute()
        or name == ".."
        or name.startswith("../")
        or "\0" in name
        or name in ("", ".")
    ):
        members.left_out.append((member.name, "has a path that leads out of the archive"))
    elif not member.isreg() or member.issparse():
        members.left_out.append((name, "is a link, a sparse or a special file"))
    elif name in members.places:
        members.left_out.append((name, "stands in the archive before; the first one counts"))
    elif member.offset_data + member.size > size:
        members.left_out.append((name, "is cut short"))
    else:
        members.places[name] = (member.offset_data, member.size)
