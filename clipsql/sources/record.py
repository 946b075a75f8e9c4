"""What every source gives: one record per picture, in source order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue | None] | dict[str, JsonValue | None]"


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One picture as its source describes it; nothing of the picture file has been read yet."""

    url: str
    """Identity: the url column, else the file URI of the resolved local file."""
    file: Path | None
    """The local file that holds the bytes, which may turn out to be missing; None when they are on the web."""
    captions: tuple[str, ...] = ()
    taken_at: datetime | None = None
    longitude: float | None = None
    latitude: float | None = None
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    position: str = ""
    """Where the record stands, for messages: "frames.csv line 17"."""
    problem: str | None = None
    """Why the record cannot be used, and what to do; then there is nothing else in it."""


class Source(ABC):
    """A stream of records that never holds all of them; all but standard input can be read again and again."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call the source, such as the name of its folder or file."""

    @abstractmethod
    def count(self) -> int | None:
        """How many records there are at most, or None when that is not cheap to know."""

    @abstractmethod
    def __iter__(self) -> Iterator[SourceRecord]:
        """The records in source order. Raises SourceError naming the line from which on nothing can be read."""

    def warnings(self) -> tuple[str, ...]:
        """One-line remarks worth telling people, known once the source is open."""
        return ()
