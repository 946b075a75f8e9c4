"""Tell how likely a text is true of a picture, with a model that reads both together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clipsql.encoding.picture_models import PictureModel, load_picture_model
from clipsql.errors import EncodingError

if TYPE_CHECKING:
    from PIL import Image

_LOGITS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "BlipForImageTextRetrieval": lambda model, inputs: model(**inputs).itm_score,
    "Blip2ForImageTextRetrieval": lambda model, inputs: (
        model(**inputs, use_image_text_matching_head=True).logits_per_image
    ),
    "BridgeTowerForImageAndTextRetrieval": lambda model, inputs: model(**inputs).logits,
}
"""Classes of transformers with an image-text matching head -> its two logits, for "no match" and "match"."""


class CrossEncoder:
    """One model with an image-text matching head; `load_cross_encoder` makes it."""

    def __init__(self, loaded: PictureModel) -> None:
        self._loaded = loaded
        self.name = loaded.name
        self.revision = loaded.revision

    def scores(self, images: Sequence[Image.Image], texts: Sequence[str]) -> NDArray[np.float32]:
        """How likely each text is true of the picture at its place, probabilities, float32, shape (n,).

        Pictures are RGB, long texts are cut. Raises EncodingError.
        """
        size = self._loaded.batch_size
        parts = [
            self._scores(images[start : start + size], texts[start : start + size])
            for start in range(0, len(images), size)
        ]
        scores = np.concatenate([np.empty(0, np.float32), *parts])
        if not np.isfinite(scores).all():
            raise EncodingError(
                f'Model "{self.name}" gives picture {int(np.argmin(np.isfinite(scores)))} a score that is not finite; '
                "try --dtype float32."
            )
        return scores

    def _scores(self, images: Sequence[Image.Image], texts: Sequence[str]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            logits = _LOGITS[self._loaded.architecture](
                self._loaded.model, self._loaded.inputs(images, texts)
            )
            scores: NDArray[np.float32] = logits.float().softmax(dim=-1)[:, 1].cpu().numpy()
        return scores


def load_cross_encoder(name: str, *, device: str | None = None, dtype: str | None = None) -> CrossEncoder:
    """The model `name`, a folder or a hub id such as Salesforce/blip-itm-base-coco. Raises ModelError."""
    kinds = tuple(_LOGITS)
    return CrossEncoder(
        load_picture_model(name, kinds=kinds, purpose="match pictures with texts", device=device, dtype=dtype)
    )
