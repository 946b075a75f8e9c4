"""Say in words what a picture shows, with any image-to-text model of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clipsql.encoding.picture_models import PictureModel, load_picture_model

if TYPE_CHECKING:
    from PIL import Image

_KINDS = (
    "BlipForConditionalGeneration",
    "VisionEncoderDecoderModel",
    "GitForCausalLM",
    "Blip2ForConditionalGeneration",
)
_MOST_TOKENS = 40


class Describer:
    """One image-to-text model; `load_describer` makes it."""

    def __init__(self, loaded: PictureModel) -> None:
        self._loaded = loaded
        self.name = loaded.name
        self.revision = loaded.revision

    def describe(self, images: Sequence[Image.Image]) -> list[str]:
        """One sentence for each RGB picture, in input order; the likeliest word after word. Raises EncodingError."""
        import torch

        described: list[str] = []
        for start in range(0, len(images), self._loaded.batch_size):
            batch = images[start : start + self._loaded.batch_size]
            with torch.inference_mode():
                inputs = self._loaded.inputs(batch)
                tokens = self._loaded.model.generate(**inputs, **self._loaded.likeliest(_MOST_TOKENS))
            described += self._loaded.texts(tokens)
        return described


def load_describer(name: str, *, device: str | None = None, dtype: str | None = None) -> Describer:
    """The model `name`, a folder or a hub id such as Salesforce/blip-image-captioning-base. Raises ModelError."""
    return Describer(
        load_picture_model(name, kinds=_KINDS, purpose="describe pictures", device=device, dtype=dtype)
    )
