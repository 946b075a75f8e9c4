"""Captioned pictures to train on, wherever they come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PIL import Image

from clipsql.errors import ImageError, SourceError
from clipsql.images.decoding import decode
from clipsql.sources.discovery import is_video
from clipsql.sources.inside import read_file


class Examples(Protocol):
    """Pictures with captions by number. It must pickle: pictures are prepared in several processes."""

    def __len__(self) -> int:
        """How many pictures there are."""
        ...

    def image(self, number: int) -> Image.Image:
        """One picture in RGB. Raises ImageError."""
        ...

    def captions(self, number: int) -> Sequence[str]:
        """Its captions, at least one, in an order that never changes."""
        ...


class CaptionedFile(Protocol):
    """A picture file with captions, such as a `clipsql.picture.PictureRecord`."""

    @property
    def file(self) -> Path | None:
        """Where the picture lies."""
        ...

    @property
    def captions(self) -> tuple[str, ...]:
        """What it shows, in words."""
        ...


class RecordExamples:
    """Examples from picture files; records without a file or a caption are left out."""

    def __init__(self, records: Sequence[CaptionedFile]) -> None:
        """Raises SourceError if no record has both."""
        self._pairs = [
            (record.file, tuple(record.captions))
            for record in records
            if record.file and record.captions and not is_video(record.file)
        ]
        if not self._pairs:
            raise SourceError(
                "No picture has a caption to train on; add captions to the manifest or collection."
            )

    def __len__(self) -> int:
        return len(self._pairs)

    def image(self, number: int) -> Image.Image:
        """The picture, upright as its EXIF says, in RGB. Raises ImageError."""
        file = self._pairs[number][0]
        try:
            return decode(read_file(file)).pixels
        except (OSError, ImageError) as error:
            raise ImageError(f"Cannot train on {file}: {error}; leave it out or replace it.") from error

    def captions(self, number: int) -> tuple[str, ...]:
        """Its captions."""
        return self._pairs[number][1]
