"""A batch that fails is halved until what is wrong with it stands alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from clipsql.encoding.each import encode_each

Vectors = NDArray[np.float32]


def vectors(items: Sequence[int]) -> Vectors:
    return np.array([[item] for item in items], np.float32)


def test_what_can_be_encoded_keeps_its_key_and_the_rest_its_error() -> None:
    asked: list[list[int]] = []

    def encode(items: Sequence[int]) -> Vectors:
        asked.append(list(items))
        if {3, 40} & set(items):
            raise ValueError(f"of {len(items)}")
        return vectors(items)

    found, errors = encode_each(encode, {f"k{n}": n for n in range(64)}, plain=1)
    assert {key: int(vector[0]) for key, vector in found.items()} == {
        f"k{n}": n for n in range(64) if n not in (3, 40)
    }
    assert {key: str(error) for key, error in errors.items()} == {"k3": "of 1", "k40": "of 1"}
    assert all(error.__traceback__ is None for error in errors.values())
    assert asked.count([1]) == 2  # the plain one, once for each failure
    assert len(asked) < 30


def test_nothing_to_encode_asks_for_nothing() -> None:
    assert encode_each(lambda _: pytest.fail("asked"), {}, plain=1) == ({}, {})


def test_an_interruption_is_no_failure() -> None:
    tries = 0

    def encode(_items: Sequence[int]) -> Vectors:
        nonlocal tries
        tries += 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_each(encode, {n: n for n in range(64)}, plain=-1)
    assert tries == 1


def test_a_fault_of_the_model_is_raised_after_few_tries() -> None:
    tries = 0

    def encode(items: Sequence[int]) -> Vectors:
        nonlocal tries
        tries += 1
        raise RuntimeError(f"for {items}")

    with pytest.raises(RuntimeError, match=r"for \[-1\]"):
        encode_each(encode, {n: n for n in range(64)}, plain=-1)
    assert tries == 8
