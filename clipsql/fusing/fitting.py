"""Fit a combiner of pictures and texts to examples, and say by cross-validation whether it beats their weighted sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clipsql.errors import InvalidArgument
from clipsql.fusing.combiners import (
    Combiner,
    Vectors,
    best_weighted_sum,
    fit_hidden,
    fit_ridge,
    reciprocal_ranks,
)

LEAST_EXAMPLES = 50
MOST_EXAMPLES = 100_000
MOST_DIMENSIONS = 2_000
_FOLDS = 5
_RESAMPLES = 2_000
_STRENGTHS = (1.0, 10.0, 100.0, 1_000.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Picture and text that were asked with and the picture that was wanted: unit-length, float32, (n, dimensions).

    `wanted_ids` tell which wanted pictures are the same, (n,).
    """

    pictures: Vectors
    texts: Vectors
    wanted: Vectors
    wanted_ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.wanted_ids)

    def some(self, chosen: NDArray[np.bool_]) -> Examples:
        """Those that are chosen."""
        return Examples(
            pictures=self.pictures[chosen],
            texts=self.texts[chosen],
            wanted=self.wanted[chosen],
            wanted_ids=self.wanted_ids[chosen],
        )

    def gallery(self) -> tuple[Vectors, NDArray[np.int64]]:
        """Every wanted picture once, and which of them each example wants."""
        _, first, places = np.unique(self.wanted_ids, return_index=True, return_inverse=True)
        return self.wanted[first], places


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A combiner fitted to all examples, and how well combiners fitted so do on examples that they have not seen.

    Mean reciprocal ranks among all wanted pictures, of the plain average, the best weighted sum and the combiner; the
    gain over the weighted sum lies between `gain_low` and `gain_high` in 95 of 100 resamples of the wanted pictures.
    """

    combiner: Combiner
    kind: str
    examples: int
    average: float
    weighted_sum: float
    fusion: float
    gain_low: float
    gain_high: float

    @property
    def is_better(self) -> bool:
        """Whether it surely beats the weighted sum."""
        return self.gain_low > 0


Fit = Callable[[Examples, Combiner], Combiner]


def fit_fusion(examples: Examples, *, seed: int = 0) -> Fitted:
    """Fit every kind of combiner, take the one that does best on held-out examples, and fit it to all.

    No wanted picture is in two folds. In each the kind is chosen by a part of its training examples alone, so that the
    choice adds nothing to what is reported. Raises InvalidArgument for too few examples, or too many.
    """
    _check(examples)
    folds = _folds(examples, _FOLDS, seed)
    gallery, places = examples.gallery()
    ranks = {name: np.empty(len(examples)) for name in ("average", "weighted sum", "fusion")}
    for fold in range(_FOLDS):
        held_out = folds == fold
        seen, asked = examples.some(~held_out), examples.some(held_out)
        base = _base(seen)
        fusion = _fits(seed)[_choose(seen, seed + 1)](seen, base)
        for name, combiner in (("average", Combiner(0.5, 0.5)), ("weighted sum", base), ("fusion", fusion)):
            found = combiner(asked.pictures, asked.texts)
            ranks[name][held_out] = reciprocal_ranks(found, gallery, places[held_out])
    low, high = _interval(ranks["fusion"] - ranks["weighted sum"], places, seed)
    kind = _choose(examples, seed + 1)
    return Fitted(
        combiner=_fits(seed)[kind](examples, _base(examples)),
        kind=kind,
        examples=len(examples),
        average=float(ranks["average"].mean()),
        weighted_sum=float(ranks["weighted sum"].mean()),
        fusion=float(ranks["fusion"].mean()),
        gain_low=low,
        gain_high=high,
    )


def _check(examples: Examples) -> None:
    wanted = len(np.unique(examples.wanted_ids))
    if len(examples) > MOST_EXAMPLES:
        raise InvalidArgument(
            f"There are {len(examples):,} examples; at most {MOST_EXAMPLES:,} are fitted to."
        )
    if min(len(examples), wanted) < LEAST_EXAMPLES:
        raise InvalidArgument(
            f"There are {len(examples):,} examples of {wanted:,} wanted pictures; a fusion takes {LEAST_EXAMPLES} or "
            "more of either, some hundreds are better."
        )
    if examples.wanted.shape[1] > MOST_DIMENSIONS:
        raise InvalidArgument(
            f"The model has {examples.wanted.shape[1]:,} dimensions; fusions are fitted up to {MOST_DIMENSIONS:,}."
        )


def _folds(examples: Examples, count: int, seed: int) -> NDArray[np.int64]:
    """The fold of each example, (n,): that of its wanted picture."""
    _, places = np.unique(examples.wanted_ids, return_inverse=True)
    order = np.random.default_rng(seed).permutation(int(places.max()) + 1) % count
    return np.asarray(order[places])


def _base(examples: Examples) -> Combiner:
    gallery, places = examples.gallery()
    return best_weighted_sum(examples.pictures, examples.texts, gallery, places)


def _fits(seed: int) -> dict[str, Fit]:
    """Ways to fit by their names, the simplest first."""

    def ridge(strength: float) -> Fit:
        return lambda seen, base: fit_ridge(seen.pictures, seen.texts, seen.wanted, base, strength)

    return {f"ridge {strength:g}": ridge(strength) for strength in reversed(_STRENGTHS)} | {
        "hidden layer": lambda seen, base: fit_hidden(seen.pictures, seen.texts, seen.wanted, base, seed=seed)
    }


def _choose(examples: Examples, seed: int) -> str:
    """The way to fit that ranks best on a fifth of the examples, fitted to the others; of equals the simplest."""
    held_out = _folds(examples, _FOLDS, seed) == 0
    seen, asked = examples.some(~held_out), examples.some(held_out)
    gallery, places = examples.gallery()
    base = _base(seen)
    gains = {
        name: reciprocal_ranks(fit(seen, base)(asked.pictures, asked.texts), gallery, places[held_out]).mean()
        for name, fit in _fits(seed).items()
    }
    return max(gains, key=lambda name: gains[name])


def _interval(gains: NDArray[np.float64], places: NDArray[np.int64], seed: int) -> tuple[float, float]:
    """Where the mean gain lies in 95 of 100 resamples of wanted pictures, with all examples of each."""
    sums = np.bincount(places, weights=gains)
    counts = np.bincount(places)
    chance = np.random.default_rng(seed)
    means = []
    for _ in range(_RESAMPLES):
        drawn = chance.integers(len(sums), size=len(sums))
        means.append(sums[drawn].sum() / counts[drawn].sum())
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
