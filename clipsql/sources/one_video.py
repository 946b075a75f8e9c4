"""The record of one video file, with what lies beside it to tell of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.extras import require_extra
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources.beside import names_beside, read_beside
from clipsql.sources.sidecars import with_more
from clipsql.sources.source import Source


@dataclass(frozen=True, slots=True)
class VideoSource(Source):
    """One video, which began at `recorded_at` if that is given."""

    file: Path
    recorded_at: datetime | None
    column_map: Mapping[str, str]
    text_columns: Collection[str]
    timezone: tzinfo

    def __post_init__(self) -> None:
        require_extra("video", f"Reading {self.name}")

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def begins(self) -> str:
        return f"{self.file.as_uri()}#"

    def count(self) -> None:
        """Not known before the video is read through."""

    def __iter__(self) -> Iterator[PictureRecord | UnusableRow]:
        record = PictureRecord(
            self.file.as_uri(), self.file, taken_at=self.recorded_at, position=self.file.name
        )
        for name in names_beside(self.file.name):
            beside = self.file.parent / name
            if not beside.is_file():
                continue
            try:
                record = with_more(
                    record,
                    read_beside(
                        beside,
                        column_map=self.column_map,
                        text_columns=self.text_columns,
                        timezone=self.timezone,
                    ),
                )
            except SourceError as error:
                yield UnusableRow(name, str(error))
        yield record
