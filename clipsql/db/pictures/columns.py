"""Many pictures as columns, checked at once: what `put_many` takes, ready to be written."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipsql.db.models import ModelRow
from clipsql.db.pictures.records import storable_file
from clipsql.errors import InvalidArgument, InvalidVector

COLUMNS = (
    "url",
    "embedding",
    "captions",
    "caption_embeddings",
    "file",
    "metadata",
    "taken_at",
    "longitude",
    "latitude",
)
_SHORTEST = 1e-30


@dataclass(frozen=True, kw_only=True)
class PictureColumns:
    """Pictures of one batch, each url once; a column that was not given is None.

    `embedding` is unit-length, float16, shape (n, dimensions); `caption_embeddings` has an array for each picture, of
    shape (captions, dimensions), with rows of NaN where a caption has none.
    """

    url: Sequence[str]
    embedding: NDArray[np.float16] | None
    captions: Sequence[Sequence[str] | None] | None
    caption_embeddings: Sequence[NDArray[np.float16] | None] | None
    file: Sequence[str | None] | None
    metadata: Sequence[Mapping[str, Any] | None] | None
    taken_at: Sequence[dt.datetime | None] | None
    longitude: Sequence[float | None] | None
    latitude: Sequence[float | None] | None

    def divided(self, key: Callable[[str], int]) -> dict[int, PictureColumns]:
        """The pictures by what `key` makes of their urls."""
        rows: dict[int, list[int]] = {}
        for row, url in enumerate(self.url):
            rows.setdefault(key(url), []).append(row)
        return {
            value: PictureColumns(
                **{one.name: _chosen(getattr(self, one.name), some) for one in fields(self)}
            )
            for value, some in rows.items()
        }


def _chosen(column: Any, rows: Sequence[int]) -> Any:
    if column is None or isinstance(column, np.ndarray):
        return column if column is None else column[list(rows)]
    return [column[row] for row in rows]


def batches(
    pictures: Mapping[str, Any] | Iterable[Mapping[str, Any]], model: ModelRow, *, size: int
) -> Iterator[PictureColumns]:
    """Checked batches of at most `size` pictures, from columns by name or from rows with the same names.

    Raises TypeError for an unknown name, InvalidArgument or InvalidVector for the first picture that is wrong.
    """
    first = 0
    for columns in _column_batches(pictures, size):
        yield _checked(columns, model, first)
        first += len(columns["url"])


def _column_batches(
    pictures: Mapping[str, Any] | Iterable[Mapping[str, Any]], size: int
) -> Iterator[dict[str, Any]]:
    if isinstance(pictures, Mapping):
        given = {name: values for name, values in pictures.items() if values is not None}
        _refuse_unknown(given)
        lengths = {name: len(values) for name, values in given.items()}
        if len(set(lengths.values())) != 1 or "url" not in given:
            told = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise InvalidArgument(
                f"Every column must have a value for each url; there are: {told or 'none'}."
            )
        for first in range(0, lengths["url"], size):
            yield {name: values[first : first + size] for name, values in given.items()}
        return
    rows = iter(pictures)
    while batch := list(islice(rows, size)):
        names = dict.fromkeys(name for row in batch for name in row)
        _refuse_unknown(names)
        yield {"url": [row.get("url") for row in batch]} | {
            name: [row.get(name) for row in batch] for name in names
        }


def _refuse_unknown(names: Iterable[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            raise TypeError(f"a picture has no {name}; it may have: {', '.join(COLUMNS)}")


def _checked(columns: dict[str, Any], model: ModelRow, first: int) -> PictureColumns:
    columns = {name: values for name, values in columns.items() if any(value is not None for value in values)}
    if "url" not in columns:
        raise InvalidArgument(f"Picture {first} has no url; a picture is known by its collection and url.")
    for number, url in enumerate(columns["url"]):
        if not isinstance(url, str) or not url.strip() or "\0" in url:
            raise InvalidArgument(f"Picture {first + number} has no url, but {url!r:.100}.")
    # The last of several with one url counts, as it does when they are put one after the other.
    kept = list({url: number for number, url in enumerate(columns["url"])}.values())
    urls = [columns["url"][number] for number in kept]
    columns = {
        name: values[kept] if isinstance(values, np.ndarray) else [values[number] for number in kept]
        for name, values in columns.items()
    }
    said = _Said(urls)
    if "caption_embeddings" in columns and "captions" not in columns:
        raise InvalidArgument("There are caption_embeddings, but no captions.")
    captions = said.each(columns.get("captions"), _captions)
    metadata = said.each(columns.get("metadata"), _metadata)
    taken_at = said.each(columns.get("taken_at"), _taken_at)
    longitude, latitude = said.places(columns.get("longitude"), columns.get("latitude"))
    embedding = columns.get("embedding")
    return PictureColumns(
        url=urls,
        embedding=None if embedding is None else _unit(said, embedding, model, "embedding"),
        captions=captions,
        caption_embeddings=_caption_vectors(said, columns.get("caption_embeddings"), captions, model),
        file=said.each(columns.get("file"), _file),
        metadata=metadata,
        taken_at=taken_at,
        longitude=longitude,
        latitude=latitude,
    )


class _Said:
    """Checks value by value, and names the picture whose value is wrong."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.urls = urls

    def each(self, values: Sequence[Any] | None, check: Any) -> list[Any] | None:
        """The values as `check` gives them; None stays."""
        if values is None:
            return None
        checked = []
        for number, value in enumerate(values):
            try:
                checked.append(None if value is None else check(value))
            except ValueError as error:
                raise self.wrong(number, str(error)) from None
        return checked

    def places(
        self, longitudes: Sequence[Any] | None, latitudes: Sequence[Any] | None
    ) -> tuple[list[float | None] | None, list[float | None] | None]:
        """Both columns or none, with both values or none, in degrees."""
        if longitudes is None and latitudes is None:
            return None, None
        east, north = (
            [_degree(value) for value in (values if values is not None else [None] * len(self.urls))]
            for values in (longitudes, latitudes)
        )
        for number, (longitude, latitude) in enumerate(zip(east, north, strict=True)):
            if (longitude is None) != (latitude is None):
                raise self.wrong(number, "longitude and latitude come together; one of them is missing")
            if longitude is not None and latitude is not None and not _is_place(longitude, latitude):
                raise self.wrong(number, f"longitude {longitude}, latitude {latitude} is no place")
        return east, north

    def wrong(self, number: int, problem: str) -> InvalidArgument:
        return InvalidArgument(f"Picture {self.urls[number]:.200}: {problem}.")


def _is_place(longitude: float, latitude: float) -> bool:
    return -180 <= longitude <= 180 and -90 <= latitude <= 90


def _degree(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _captions(value: Any) -> list[str]:
    captions = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(caption, str) and "\0" not in caption for caption in captions):
        raise ValueError("a caption must be a text without NUL characters")
    return captions


def _file(value: Any) -> str:
    file = str(value)
    if storable_file(file) is None:
        raise ValueError(f"the name of the file, {file!r:.100}, is no text that can be stored")
    return file


def _metadata(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"metadata must be a mapping of names to values, not {type(value).__name__}")
    return value


def _taken_at(value: Any) -> dt.datetime | None:
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            return None
        value = value.astype("datetime64[us]").item()
        value = value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) else value
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        raise ValueError(f"taken_at ({value}) must be an aware datetime")
    return value


def _unit(said: _Said, vectors: Any, model: ModelRow, called: str) -> NDArray[np.float16]:
    """Rows at unit length. Raises InvalidVector for the first that has another length or no direction."""
    if not isinstance(vectors, np.ndarray):
        for number, vector in enumerate(vectors):
            if vector is None:
                raise InvalidVector(f"Picture {said.urls[number]:.200} has no {called}, but others have.")
            if len(vector) != model.dimensions:
                raise InvalidVector(_other_length(said.urls[number], len(vector), model, called))
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is told so
        rows = np.asarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != model.dimensions:
        raise InvalidVector(
            _other_length(said.urls[0], rows.shape[-1] if rows.ndim == 2 else 0, model, called)
        )
    for number, reason in vectors_without_direction(rows).items():
        raise InvalidVector(f"Picture {said.urls[number]:.200}: the {called} {reason}.")
    unit: NDArray[np.float16] = (rows / _lengths(rows)[:, np.newaxis]).astype(np.float16)
    return unit


def vectors_without_direction(rows: NDArray[np.float32]) -> dict[int, str]:
    """What is wrong with rows that cannot be brought to unit length, by their numbers; shape (n, dimensions)."""
    lengths = _lengths(rows)
    return {
        int(number): "points nowhere" if lengths[number] <= _SHORTEST else "has numbers that are not finite"
        for number in np.flatnonzero(~(np.isfinite(lengths) & (lengths > _SHORTEST)))
    }


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    # In double precision, where no float32 overflows.
    lengths: NDArray[np.float64] = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))
    return lengths


def _other_length(url: str, length: int, model: ModelRow, called: str) -> str:
    return f"Picture {url:.200}: the {called} has {length} dimensions, but model {model.name} has {model.dimensions}."


def _caption_vectors(
    said: _Said, given: Sequence[Any] | None, captions: Sequence[Sequence[str] | None] | None, model: ModelRow
) -> list[NDArray[np.float16] | None] | None:
    if given is None or captions is None:
        return None
    vectors: list[NDArray[np.float16] | None] = [None] * len(given)
    places: list[tuple[int, int]] = []
    found: list[Any] = []
    for number, (some, bodies) in enumerate(zip(given, captions, strict=True)):
        if some is None:
            continue
        # A single caption may have its vector without a list around it.
        rows = [some] if bodies is not None and len(bodies) == 1 and np.ndim(some) == 1 else list(some)
        if len(rows) != len(bodies or ()):
            raise said.wrong(
                number, f"there are {len(bodies or ())} captions and {len(rows)} caption_embeddings"
            )
        vectors[number] = np.full((len(rows), model.dimensions), np.nan, dtype=np.float16)
        places += [(number, place) for place, row in enumerate(rows) if row is not None]
        found += [row for row in rows if row is not None]
    if found:
        # All at once: one by one takes as long as everything else together.
        units = _unit(_Said([said.urls[number] for number, _ in places]), found, model, "caption embedding")
        for (number, place), unit in zip(places, units, strict=True):
            of_picture = vectors[number]
            assert of_picture is not None
            of_picture[place] = unit
    return vectors
