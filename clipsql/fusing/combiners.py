"""Combiners of a picture's vector with a text's: their weighted sum, and what a learned layer or two add to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clipsql.errors import InvalidArgument

Vectors = NDArray[np.float32]

_EPOCHS = 30
_BATCH = 256
_HIDDEN = 128
_RATE = 2e-3
_SHARPNESS = 20.0
"""Factor from cosines to logits: what is a little less similar counts as clearly worse."""


@dataclass(frozen=True, eq=False)
class Combiner:
    """`picture_weight` x picture + `text_weight` x text + layers of [picture, text, 1], ReLU between them.

    A layer is float32, shape (outputs, inputs + 1), its last column the bias; none of them: the plain weighted sum.
    """

    picture_weight: float
    text_weight: float
    layers: tuple[Vectors, ...] = ()

    def __call__(self, pictures: Vectors, texts: Vectors) -> Vectors:
        """Unit-length vectors to search with, float32, (n, dimensions), of unit-length pictures and texts."""
        joint = self.picture_weight * pictures + self.text_weight * texts
        if self.layers:
            values = _with_one(np.hstack([pictures, texts]))
            for layer in self.layers[:-1]:
                values = _with_one(np.maximum(values @ layer.T, 0))
            joint = joint + values @ self.layers[-1].T
        return _unit(joint)


def best_weighted_sum(
    pictures: Vectors, texts: Vectors, wanted: Vectors, places: NDArray[np.int64]
) -> Combiner:
    """The weighted sum that ranks best: weights from 0 to 1 in steps of 0.05, by mean reciprocal rank.

    `wanted`, (m, dimensions), are the pictures to find, `places` which of them each example means.
    """
    combiners = [Combiner(weight, 1 - weight) for weight in np.linspace(0, 1, 21).round(2).tolist()]
    gains = [reciprocal_ranks(combiner(pictures, texts), wanted, places).mean() for combiner in combiners]
    return combiners[int(np.argmax(gains))]


def fit_ridge(pictures: Vectors, texts: Vectors, meant: Vectors, base: Combiner, strength: float) -> Combiner:
    """The weighted sum and the linear layer that takes it nearest to what was meant, by ridge regression.

    `strength` times the number of examples is the penalty: an endless one leaves the weighted sum as it is.
    """
    inputs = _with_one(np.hstack([pictures, texts])).astype(np.float64)
    left = meant.astype(np.float64) - base(pictures, texts)
    # The sum has another length than its unit vector; the layer is for the latter, as it is searched with.
    lengths = np.linalg.norm(base.picture_weight * pictures + base.text_weight * texts, axis=1, keepdims=True)
    left *= lengths
    square = inputs.T @ inputs + strength * len(inputs) * np.eye(inputs.shape[1]) / inputs.shape[1]
    layer = np.linalg.solve(square, inputs.T @ left).T
    return Combiner(base.picture_weight, base.text_weight, (layer.astype(np.float32),))


def fit_hidden(pictures: Vectors, texts: Vectors, meant: Vectors, base: Combiner, *, seed: int) -> Combiner:
    """The weighted sum and a hidden layer beside it, trained so that what was meant is nearer than what others meant.

    InfoNCE (van den Oord et al. 2018) by Adam, over batches; examples that mean the same are no rivals.
    """
    chance = np.random.default_rng(seed)
    inputs = _with_one(np.hstack([pictures, texts])).astype(np.float32)
    joint = (base.picture_weight * pictures + base.text_weight * texts).astype(np.float32)
    width, size = inputs.shape[1], meant.shape[1]
    layers = [
        (chance.standard_normal((_HIDDEN, width)) / np.sqrt(width)).astype(np.float32),
        np.zeros((size, _HIDDEN + 1), np.float32),
    ]
    first = [np.zeros_like(layer) for layer in layers]
    second = [np.zeros_like(layer) for layer in layers]
    step, steps = 0, _EPOCHS * -(-len(inputs) // _BATCH)
    for _ in range(_EPOCHS):
        order = chance.permutation(len(inputs))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            step += 1
            rate = _RATE * (1 + np.cos(np.pi * step / steps)) / 2
            for number, gradient in enumerate(_gradients(layers, inputs[batch], joint[batch], meant[batch])):
                first[number] += 0.1 * (gradient - first[number])
                second[number] += 0.001 * (gradient**2 - second[number])
                change = (first[number] / (1 - 0.9**step)) / (
                    np.sqrt(second[number] / (1 - 0.999**step)) + 1e-8
                )
                layers[number] -= rate * (change + 0.01 * layers[number])
    return Combiner(base.picture_weight, base.text_weight, tuple(layers))


def _gradients(layers: Sequence[Vectors], inputs: Vectors, joint: Vectors, meant: Vectors) -> list[Vectors]:
    """Gradients of the mean cross entropy by the two layers."""
    before = inputs @ layers[0].T
    hidden = _with_one(np.maximum(before, 0))
    output = joint + hidden @ layers[1].T
    lengths = np.maximum(np.linalg.norm(output, axis=1, keepdims=True), 1e-6)
    unit = output / lengths
    logits = _SHARPNESS * unit @ meant.T
    same = meant @ meant.T > 1 - 1e-4
    np.fill_diagonal(same, False)
    logits[same] = -np.inf
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    chances[np.diag_indices(len(inputs))] -= 1
    by_unit = _SHARPNESS * chances @ meant / len(inputs)
    by_output = (by_unit - unit * (by_unit * unit).sum(axis=1, keepdims=True)) / lengths
    by_hidden = (by_output @ layers[1])[:, :-1] * (before > 0)
    return [by_hidden.T @ inputs, by_output.T @ hidden]


def reciprocal_ranks(queries: Vectors, wanted: Vectors, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 / the place of what each query means among all that are wanted, (n,); equal ones share the worst place."""
    ranks = np.empty(len(queries))
    for start in range(0, len(queries), 1024):
        similarities = queries[start : start + 1024] @ wanted.T
        own = similarities[np.arange(len(similarities)), places[start : start + 1024]]
        ranks[start : start + 1024] = (similarities >= own[:, None]).sum(axis=1)
    return 1 / ranks


def _with_one(values: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.hstack([values, np.ones((len(values), 1))]).astype(np.float32)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (lengths > 0).all():
        raise InvalidArgument(
            "A picture and a text of the examples cancel each other out; leave this one away."
        )
    return np.asarray(vectors / lengths, dtype=np.float32)
