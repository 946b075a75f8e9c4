"""What every source is: a stream of pictures, one record each, in source order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

from clipsql.picture import PictureRecord, UnusableRow


class Source(ABC):
    """A stream of records that never holds all of them; all but standard input can be read again and again."""

    readers: ClassVar[int] = 2
    """How many of its pictures to read at once, at least: more where each takes a while to come."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call the source, such as the name of its folder or file."""

    @abstractmethod
    def count(self) -> int | None:
        """How many records there are at most, or None when that is not cheap to know."""

    @abstractmethod
    def __iter__(self) -> Iterator[PictureRecord | UnusableRow]:
        """The records in source order. Raises SourceError naming the line from which on nothing can be read."""

    @property
    def begins(self) -> str | None:
        """What the URL of every picture that it can ever have begins with; None when they may lie anywhere."""
        return None

    def warnings(self) -> tuple[str, ...]:
        """One-line remarks worth telling people, known once the source is open."""
        return ()

    def passed_over(self) -> Mapping[str, int]:
        """How many files were taken neither for pictures nor for what tells of them: {".doc": 3}, "" without ending."""
        return {}
