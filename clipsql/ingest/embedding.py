"""Encode readings: the pixels and captions of a batch at once, and what a model fails at alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clipsql.encoding import Encoder
from clipsql.ingest.reading import not_encoded
from clipsql.ingest.readings import Reading


class Embedded(NamedTuple):
    """The readings of a batch, those failed that a model makes nothing of; embeddings by digest, and by caption."""

    readings: Sequence[Reading]
    pictures: Mapping[bytes, NDArray[np.float32]]
    captions: Mapping[str, NDArray[np.float32]]


def embed(
    batch: Sequence[Reading],
    encoder: Encoder | None,
    *,
    known: Mapping[bytes, NDArray[np.float32]],
    before: Callable[[], None] = lambda: None,
) -> Embedded:
    """Embeddings of what the readings bring, float32, shape (dimensions,), each content and text once.

    Contents that are `known` by digest are not encoded again. `before` is called before anything is. A picture that
    the model, or one of whose captions it, makes nothing of has failed, alone.
    """
    fresh = {
        digest: reading.pixels
        for reading in batch
        if (digest := reading.digest_to_encode) is not None and reading.pixels is not None
    }
    unknown = {digest: pixels for digest, pixels in fresh.items() if digest not in known}
    pictures = dict(known)
    if unknown:
        assert encoder is not None
        before()
        encoded, errors = encoder.try_pixels(unknown)
        pictures |= encoded
        if errors:
            batch = [_if_encoded(reading, errors, [reading.digest_to_encode]) for reading in batch]
    texts = dict.fromkeys(
        text for reading in batch if not reading.leaves_row for text in reading.captions_to_encode
    )
    captions: dict[str, NDArray[np.float32]] = {}
    if texts:
        assert encoder is not None
        before()
        captions, failed = encoder.try_texts(texts)
        if failed:
            batch = [_if_encoded(reading, failed, reading.captions_to_encode) for reading in batch]
    return Embedded(batch, pictures, captions)


def _if_encoded(reading: Reading, errors: Mapping[Any, Exception], needed: Iterable[object]) -> Reading:
    """The reading, failed when one of the things it needs was not encoded."""
    error = next((errors[each] for each in needed if each in errors), None)
    return reading if error is None else not_encoded(reading, error)
