"""Encode all that can be encoded: what a model fails at fails alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


def encode_each(
    encode: Callable[[Sequence[Item]], NDArray[np.float32]], items: Mapping[Key, Item], *, plain: Item
) -> tuple[dict[Key, NDArray[np.float32]], dict[Key, Exception]]:
    """The embeddings of items, by their keys, and the errors of those that fail alone.

    A batch that fails is halved until it holds one item, or fits into the memory of a device. When `encode` fails at
    `plain` too, an item with which nothing is wrong, its error is raised: the model is at fault, or the device.
    """
    if not items:
        return {}, {}
    try:
        return dict(zip(items, encode(list(items.values())), strict=True)), {}
    except Exception as error:
        if len(items) == 1:
            encode([plain])
            # Without its traceback, which would keep the tensors of the batch.
            return {}, dict.fromkeys(items, error.with_traceback(None))
    pairs = list(items.items())
    vectors: dict[Key, NDArray[np.float32]] = {}
    errors: dict[Key, Exception] = {}
    for half in (pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :]):
        encoded, failed = encode_each(encode, dict(half), plain=plain)
        vectors |= encoded
        errors |= failed
    return vectors, errors
