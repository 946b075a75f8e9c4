"""Records out of tar archives of pictures, such as WebDataset's shards: what has a picture's name tells of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources.beside import LARGEST
from clipsql.sources.delimiters import is_picture_name
from clipsql.sources.describing import Describer, names_beside, too_large
from clipsql.sources.source import Source
from clipsql.sources.tar_members import Members, members_of, read_member

_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True, slots=True)
class TarSource(Source):
    """The pictures of one or more archives, in their order."""

    name_of_all: str
    archives: tuple[Path, ...]
    describer: Describer

    @property
    def name(self) -> str:
        return self.name_of_all

    def count(self) -> None:
        """Not known before all archives are read through."""

    def __iter__(self) -> Iterator[PictureRecord | UnusableRow]:
        for archive in self.archives:
            try:
                members = _members(archive)
            except SourceError as error:
                yield UnusableRow(archive.name, str(error))
                continue
            for name in filter(is_picture_name, members.places):
                yield from self._record(archive, members, name)
            for name, why in members.left_out:
                position = f"{archive.name} {name}"
                yield UnusableRow(position, f"{position} {why}; left out.")
            if members.cut is not None:
                problem = f"{archive.name} breaks off ({members.cut}); get the archive again."
                yield UnusableRow(archive.name, problem)

    def _record(self, archive: Path, members: Members, name: str) -> Iterator[PictureRecord | UnusableRow]:
        """The picture, after what is beside it and tells nothing."""
        file = archive / name
        record = PictureRecord(file.as_uri(), file, position=f"{archive.name} {name}")
        yield from self.describer.described(record, archive.name, name, partial(_text, archive, members))

    def passed_over(self) -> Counter[str]:
        endings: Counter[str] = Counter()
        for archive in self.archives:
            names = members_of(archive).places
            used = {beside for name in names if is_picture_name(name) for beside in names_beside(name)}
            endings.update(
                Path(name).suffix.lower() for name in names if name not in used and not is_picture_name(name)
            )
        return endings


def open_tar(
    name: str,
    archives: Iterable[Path],
    *,
    column_map: Mapping[str, str],
    text_columns: Collection[str],
    timezone: tzinfo,
) -> TarSource:
    """The archives as one source. Raises SourceError when the first holds no picture."""
    describer = Describer(column_map, text_columns, timezone)
    source = TarSource(name, tuple(map(Path.resolve, archives)), describer)
    if not any(map(is_picture_name, _members(source.archives[0]).places)):
        raise SourceError(f"{source.archives[0].name} holds no picture; name an archive with some.")
    return source


def _members(archive: Path) -> Members:
    """What is in an archive. Raises SourceError when it is none."""
    try:
        with archive.open("rb") as file:
            if file.read(8).startswith(_PACKED):
                raise SourceError(
                    f"{archive.name} is compressed as a whole, so that no single picture can be read from it; "
                    "unpack it first, by gzip -d or the like."
                )
        members = members_of(archive)
    except OSError as error:
        raise SourceError(f"{archive.name} cannot be read ({error.strerror}); check the file.") from error
    if members.cut is not None and not members.places:
        raise SourceError(f"{archive.name} is no readable tar archive ({members.cut}); get it again.")
    return members


def _text(archive: Path, members: Members, name: str) -> bytes | None:
    """The bytes of a member that tells of a picture; None where there is none. Raises SourceError."""
    if name not in members.places:
        return None
    if members.places[name][1] > LARGEST:
        raise too_large(f"{archive.name} {name}")
    return read_member(archive, (name,))
