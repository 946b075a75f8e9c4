"""Lines of text out of a file, again and again, or out of standard input, once."""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from clipsql.errors import SourceError
from clipsql.sources.column_types import TYPED_ROWS

_FEW_BYTES = 16 * 2**20
_KEPT_LINES = 4 * TYPED_ROWS
_CHUNK = 2**16
_LONGEST_LINE = 32 * 2**20
"""Characters; what is longer comes in parts, so that memory has a bound whatever the file is."""

# The mark of UTF-32 begins with that of UTF-16, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Lines(ABC):
    """UTF-8 text, with or without a byte order mark, or UTF-16 or UTF-32 with one.

    Lines end as the first one does: by a line feed, after a carriage return or not, or by a carriage return alone.
    Bytes that are not UTF-8 come as surrogates, as in file names, so that only the row that holds them is lost.
    """

    folder = Path()

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it."""

    @property
    def are_few(self) -> bool:
        """Whether reading them all once more costs next to nothing."""
        return False

    @abstractmethod
    def read(self) -> Iterator[str]:
        """The lines from the first. Raises SourceError saying what is wrong with the whole."""


@dataclass(frozen=True, slots=True)
class FileLines(Lines):
    """The lines of a file, gzip-compressed if its name ends in .gz."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def folder(self) -> Path:  # type: ignore[override]
        return self.path.parent

    @property
    def are_few(self) -> bool:
        return self.path.stat().st_size <= _FEW_BYTES

    def read(self) -> Iterator[str]:
        try:
            with gzip.open(self.path) if self.path.suffix.lower() == ".gz" else self.path.open("rb") as file:
                yield from _decoded(file)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or error
            raise SourceError(f"{self.name} cannot be read ({reason}); check the file.") from error


@dataclass(slots=True)
class PassingLines(Lines):
    """Lines that come once, such as those of standard input; its first ones are kept, so that many can look."""

    stream: Iterable[bytes]
    _looked_at: list[str] = field(default_factory=list)
    _decoded: Iterator[str] = field(init=False)
    _is_past: bool = False

    def __post_init__(self) -> None:
        self._decoded = _decoded(self.stream)

    @property
    def name(self) -> str:
        return "standard input"

    def read(self) -> Iterator[str]:
        if self._is_past:
            raise SourceError("Standard input can be read only once; name a file instead.")
        yield from self._looked_at
        for line in self._decoded:
            if len(self._looked_at) < _KEPT_LINES:
                self._looked_at.append(line)
            else:
                self._looked_at.clear()
                self._is_past = True
            yield line


class _Joined(io.RawIOBase):
    """Pieces of bytes as a stream, which gives each as soon as it comes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        part = self._rest[: len(buffer)]
        self._rest = self._rest[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def _decoded(stream: Iterable[bytes]) -> Iterator[str]:
    pieces = _pieces(stream)
    beginning = b""
    for piece in pieces:
        beginning += piece
        # What ends the line may itself not be whole yet: a line feed after the return, UTF-32 four bytes long.
        whole = beginning[:-8]
        if b"\n" in whole or b"\r" in whole or len(whole) > _LONGEST_LINE:
            break
    encoding = next((encoding for mark, encoding in _MARKS if beginning.startswith(mark)), "utf-8")
    is_utf_8 = encoding in ("utf-8", "utf-8-sig")
    start = codecs.getincrementaldecoder(encoding)("replace").decode(beginning)
    ends_by_return = "\r" in start and start.find("\n", 0, start.find("\r") + 2) == -1
    text = io.TextIOWrapper(
        io.BufferedReader(_Joined(itertools.chain([beginning], pieces)), _CHUNK),
        encoding=encoding,
        errors="surrogateescape" if is_utf_8 else "replace",
        newline="\r" if ends_by_return else "\n",
    )
    yield from iter(partial(text.readline, _LONGEST_LINE), "")


def _pieces(stream: Iterable[bytes]) -> Iterator[bytes]:
    """The stream in pieces as they come, which a file's lines are not: one without line feeds is a single line."""
    read = getattr(stream, "read1", None)
    return iter(stream) if read is None else iter(lambda: read(_CHUNK), b"")
