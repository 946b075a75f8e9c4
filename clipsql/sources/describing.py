"""What lies beside a picture inside an archive or a store to tell of it: 1.txt, 1.json or 1.cls beside 1.jpg."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import PurePosixPath

from clipsql.errors import SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import beside
from clipsql.sources.sidecars import with_more
from clipsql.sources.values import storable

_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class Describer:
    """How to understand what lies beside pictures."""

    column_map: Mapping[str, str]
    text_columns: Collection[str]
    timezone: tzinfo

    def described(
        self, record: PictureRecord, inside: str, name: str, content: Callable[[str], bytes | None]
    ) -> Iterator[PictureRecord | UnusableRow]:
        """The picture, after what is beside it and tells nothing.

        `content` gives what lies `inside` under a name, None where nothing does, and may raise SourceError.
        """
        for other in names_beside(name):
            position = f"{inside} {other}"
            try:
                data = content(other)
                if data is not None:
                    record = with_more(
                        record, self._read(position, data.decode("utf-8-sig", "surrogateescape"))
                    )
            except SourceError as error:
                yield UnusableRow(position, str(error))
        yield record

    def _read(self, position: str, text: str) -> PictureRecord:
        if position.endswith(".cls"):
            return PictureRecord("", metadata={"cls": _class(position, text.strip())})
        return beside.read_description(
            position, text, column_map=self.column_map, text_columns=self.text_columns, timezone=self.timezone
        )


def names_beside(name: str) -> Iterator[str]:
    """Names that what tells of a picture may have, in the folder of the picture."""
    folder, slash, picture = name.rpartition("/")
    for other in (*beside.names_beside(picture), f"{PurePosixPath(picture).stem}.cls"):
        yield folder + slash + other


def too_large(position: str) -> SourceError:
    """Why something beside a picture is not read."""
    return SourceError(f"{position} is larger than 1 MB, too much to tell of one picture; left out.")


def _class(position: str, text: str) -> int | str:
    """The number of a class, or its name. Raises SourceError."""
    if text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER:
        return int(text)
    try:
        return storable(text)
    except ValueError as error:
        raise SourceError(f"{position} holds {error}; correct it.") from error
