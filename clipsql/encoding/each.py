"""Encode all that can be encoded: what a model fails at fails alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


def encode_each(
    encode: Callable[[Sequence[Item]], Iterable[Result]], items: Mapping[Key, Item], *, plain: Item
) -> tuple[dict[Key, Result], dict[Key, Exception]]:
    """What `encode` makes of each item, as their embeddings, by their keys, and the errors of those that fail alone.

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
    results: dict[Key, Result] = {}
    errors: dict[Key, Exception] = {}
    for half in (pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :]):
        encoded, failed = encode_each(encode, dict(half), plain=plain)
        results |= encoded
        errors |= failed
    return results, errors
