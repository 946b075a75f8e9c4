"""Tell before a model is used that it cannot work: broken weights, a dead text tower, pixels out of scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipsql.errors import ModelError

if TYPE_CHECKING:
    import torch

    from clipsql.encoding.encoder import Encoder

_TEXTS = ("a red car", "two dogs in the snow", "1 2 3", "一只黑色的狗", "夜晚的街道")
_SAME = 1e-6
_LARGEST_PIXEL = 10.0
_CONTRAST = (0.2, 20.0)
"""Between black and white; models are trained with 1 (not normalised) to 5 (divided by small deviations)."""


def require_finite_weights(model: torch.nn.Module, name: str) -> None:
    """Raise ModelError when a weight is not a finite number."""
    for weight, values in model.named_parameters():
        if not bool(values.isfinite().all()):
            raise ModelError(
                f'Model "{name}" cannot be used: {weight} holds numbers that are not finite; '
                "download it again, or go back to a checkpoint from before training broke."
            )


def require_sound(encoder: Encoder) -> None:
    """Raise ModelError when all texts get one vector, or pixels are out of every usual scale."""
    vectors = encoder.encode_texts(_TEXTS)
    if np.abs(vectors - vectors[0]).max() < _SAME:
        raise ModelError(
            f'Model "{encoder.name}" cannot be used: its text tower gives one vector for every text; '
            "see that its tokenizer files are those of the model, and that training did not collapse."
        )
    pixels = encoder.preprocess([Image.new("RGB", (64, 64), colour) for colour in ("black", "white")])
    black, white = (picture.mean(axis=(1, 2)) for picture in pixels)
    contrast = white - black
    if not (
        np.isfinite(pixels).all()
        and np.abs(pixels).max() <= _LARGEST_PIXEL
        and ((contrast >= _CONTRAST[0]) & (contrast <= _CONTRAST[1])).all()
    ):
        raise ModelError(
            f'Model "{encoder.name}" cannot be used: its image processor turns black into {_channels(black)} and '
            f"white into {_channels(white)}; correct rescale_factor, image_mean and image_std of its preprocessor."
        )


def _channels(values: NDArray[np.float32]) -> str:
    return "/".join(f"{value:.3g}" for value in values)
