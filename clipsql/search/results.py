"""What searching and judging give: matches, labels, captions, words, explanations."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, SupportsIndex, TypeVar, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipsql.picture import Box


@dataclass(frozen=True, kw_only=True)
class Match:
    """One picture found: `similarity` is the cosine in [-1, 1], `caption` its first caption.

    `percentile` is the share of the collection, of 100, that scores lower for this query; the true share differs by
    at most `percentile_error` in 95 of 100 cases, and by nothing where the whole collection was compared. `file` is
    the local file that the picture was read from, which may be gone.
    """

    rank: int
    image_id: int
    similarity: float
    url: str
    caption: str | None
    taken_at: dt.datetime | None
    longitude: float | None
    latitude: float | None
    metadata: Mapping[str, Any]
    percentile: float | None = None
    percentile_error: float | None = None
    file: Path | None = None

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """A match from the columns of a search, with the path of its file as text."""
        file = row["file"]
        return cls(**{**row, "file": None if file is None else Path(file)})

    def to_dict(self) -> dict[str, Any]:
        """All that is known of it as JSON can hold it: the time as ISO 8601, the file as its path."""
        return {
            **asdict(self),
            "metadata": dict(self.metadata),
            "taken_at": None if self.taken_at is None else self.taken_at.isoformat(),
            "file": None if self.file is None else str(self.file),
        }

    def _repr_html_(self) -> str:
        from clipsql.search.notebook import as_html

        return as_html([self])

    @property
    def standing(self) -> str:
        """The percentile as people read it, with its error unless it is exact: 99.4 ±0.5; empty when unknown."""
        if self.percentile is None:
            return ""
        return f"{self.percentile:.1f}" + (f" ±{self.percentile_error:.1f}" if self.percentile_error else "")

    def shown(self, name: str) -> str:
        """A value of the metadata as people read it; empty where the picture has none of that name."""
        value = self.metadata.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class HybridMatch(Match):
    """One picture found by caption and by vector: `score` is the sum of its reciprocal ranks."""

    score: float


@dataclass(frozen=True, kw_only=True)
class RegionMatch(Match):
    """One picture found by a part of it: `similarity` is that of its nearest region, of which it has no percentile.

    `box` is x, y, width and height in pixels of the upright picture, `label` what its finder called it.
    """

    region_id: int
    box: Box
    label: str | None

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """A match from the columns of a search for regions."""
        return super().of_row({**row, "box": tuple(row["box"])})


@dataclass(frozen=True, kw_only=True)
class RerankedMatch(Match):
    """One picture found by its vector and looked at again: `itm_score` is the probability that the text is true of it.

    Its rank is by that; None: it could not be looked at, and kept its place among the candidates.
    """

    itm_score: float | None


AnyMatch = TypeVar("AnyMatch", bound=Match)


class Matches(list[AnyMatch]):
    """The matches of a search: a list, which a notebook shows as pictures.

    `thumbnails` finds small JPEGs by image_id, for pictures without a file here; it is asked when they are shown.
    """

    def __init__(
        self,
        matches: Iterable[AnyMatch] = (),
        *,
        thumbnails: Callable[[Sequence[int]], Mapping[int, bytes]] = lambda _ids: {},
    ) -> None:
        super().__init__(matches)
        self._thumbnails = thumbnails

    @overload
    def __getitem__(self, place: SupportsIndex) -> AnyMatch: ...
    @overload
    def __getitem__(self, place: slice) -> Matches[AnyMatch]: ...
    def __getitem__(self, place: SupportsIndex | slice) -> AnyMatch | Matches[AnyMatch]:
        if isinstance(place, slice):
            return Matches(super().__getitem__(place), thumbnails=self._thumbnails)
        return super().__getitem__(place)

    def __reduce__(self) -> tuple[Any, ...]:
        # Copies and pickles are plain lists: a connection goes with neither.
        return list, (list(self),)

    def _repr_html_(self) -> str:
        from clipsql.search.notebook import as_html

        return as_html(self, thumbnails=self._thumbnails)


@dataclass(frozen=True, kw_only=True)
class ImageExplanation:
    """Where in a picture a text is, (rows, columns), and the picture so lit.

    `similarity` has the cosines of patches with the text, or where `is_by_covering` how much the picture's own falls
    when a part is covered: under image towers out of which no patches can be read.
    `best_box` is the part around the most similar patch, x, y, width and height in pixels of the upright picture.
    """

    similarity: NDArray[np.float32]
    overlay: Image.Image
    best_box: Box
    is_by_covering: bool


@dataclass(frozen=True, kw_only=True)
class Label:
    """One label of a picture; the probabilities of all labels that were asked for sum to 1."""

    label: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class ImageLabel:
    """The likeliest label of one of many pictures."""

    image_id: int
    label: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class CaptionMatch:
    """One caption found: `similarity` is the cosine of its embedding with the query, `image_id` its picture.

    `source` is None for what a person said; of a model, "model:" and its name.
    """

    rank: int
    caption_id: int
    similarity: float
    caption: str
    image_id: int
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class MomentMatch:
    """One moment of a video found: `similarity` is the cosine of its best frame, `from_s` and `until_s` are seconds.

    The `url` is that of the video with these seconds, at which a browser begins to play.
    """

    rank: int
    url: str
    from_s: float
    until_s: float
    best_image_id: int
    similarity: float


@dataclass(frozen=True, kw_only=True)
class WordWeight:
    """A word of a text and its share of attention; the shares of a text sum to 1."""

    position: int
    word: str
    weight: float
