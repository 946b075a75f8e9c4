"""Lines of text out of a file, again and again, or out of standard input, once."""

from __future__ import annotations

import gzip
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.sources.column_types import TYPED_ROWS

_FEW_BYTES = 16 * 2**20
_KEPT_LINES = 4 * TYPED_ROWS


class Lines(ABC):
    """UTF-8 text, with or without a byte order mark."""

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
        """The lines from the first. Raises SourceError naming the line that is not UTF-8, or what is wrong."""


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
                yield from _decoded(self.name, file)
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
        self._decoded = _decoded(self.name, self.stream)

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


def _decoded(name: str, lines: Iterable[bytes]) -> Iterator[str]:
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{name} line {number} is not UTF-8; convert it to UTF-8.") from error
