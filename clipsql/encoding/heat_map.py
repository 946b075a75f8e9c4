"""Where in a picture a text is: how similar each patch is to it, or what it is to cover parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

_CELLS = 8
"""Rows and columns of a heat map by covering: a window of two by two cells is what hides a thing and little else."""


def patch_features(model: torch.nn.Module, pixels: torch.Tensor) -> NDArray[np.float32]:
    """Features of the patches of one picture, float32, shape (rows, columns, dimensions), not yet of unit length.

    The last layer's attention would gather the whole picture in every patch, so its values are taken as they are
    (MaskCLIP: Zhou, Loy and Dai 2022, "Extract free dense labels from CLIP"). On drawn scenes the most similar patch
    then lies on the named vehicle in 97 % of cases, and in 75 % with the last layer's own output
    (benchmarks/heat_map.py). For a model that `has_patches`.
    """
    import torch

    tower, projection = _parts(model)
    patch = tower.embeddings.patch_embedding.kernel_size
    rows, columns = (side // step for side, step in zip(pixels.shape[-2:], patch, strict=True))
    with torch.inference_mode():
        states = tower.pre_layrnorm(tower.embeddings(pixels))
        for layer in tower.encoder.layers[:-1]:
            states = layer(states, None)
        last = tower.encoder.layers[-1]
        values = last.self_attn.out_proj(last.self_attn.v_proj(last.layer_norm1(states)))
        features = projection(tower.post_layernorm(values[0, -rows * columns :]))  # without the class token
        found: NDArray[np.float32] = features.float().cpu().numpy().reshape(rows, columns, -1)
    return found


def has_patches(model: torch.nn.Module) -> bool:
    """Whether the image tower is the vision transformer of a CLIP model, with its projection."""
    tower, projection = _parts(model)
    parts = ("embeddings", "pre_layrnorm", "encoder", "post_layernorm")
    return projection is not None and all(hasattr(tower, part) for part in parts)


def _parts(model: Any) -> tuple[Any, Any]:
    return getattr(model, "vision_model", None), getattr(model, "visual_projection", None)


def covered_drops(
    pixels: NDArray[np.float32], similarities: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """How much less similar a picture is with each cell of a grid covered, float32, shape (rows, columns).

    `pixels`, (3, height, width), are covered by their mean, a window of two by two cells at a time (occlusion: Zeiler
    and Fergus 2014, "Visualizing and understanding convolutional networks"); a cell has the mean of its windows.
    `similarities` gives those of a batch, (n, 3, height, width), with the text. Any image tower will do.
    """
    height, width = pixels.shape[1:]
    edges = [np.linspace(0, side, _CELLS + 1).round().astype(int) for side in (height, width)]
    starts = [(row, column) for row in range(-1, _CELLS) for column in range(-1, _CELLS)]
    mean = pixels.mean(axis=(1, 2))[:, None, None]
    variants = np.repeat(pixels[None], len(starts) + 1, axis=0)
    for variant, (row, column) in zip(variants, starts, strict=False):
        rows, columns = _reach(row), _reach(column)
        top, bottom = edges[0][rows.start], edges[0][rows.stop]
        left, right = edges[1][columns.start], edges[1][columns.stop]
        variant[:, top:bottom, left:right] = mean
    found = similarities(variants)
    drops, windows = np.zeros((_CELLS, _CELLS), np.float32), np.zeros((_CELLS, _CELLS), np.float32)
    for similarity, (row, column) in zip(found, starts, strict=False):
        drops[_reach(row), _reach(column)] += found[-1] - similarity
        windows[_reach(row), _reach(column)] += 1
    return drops / windows


def _reach(start: int) -> slice:
    """The cells of a window along one side."""
    return slice(max(0, start), min(_CELLS, start + 2))
