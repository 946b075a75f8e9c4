"""Unit-length embeddings of pictures and texts from one loaded model."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from clipsql.encoding.each import encode_each
from clipsql.encoding.memory import keep_freed_memory
from clipsql.errors import EncodingError, ModelError

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from clipsql.encoding.preprocessing import Preprocessor

Key = TypeVar("Key", bound=Hashable)

# On a CPU ViT-B/32 and MobileNetV2 are flat from 8 to 32.
_CPU_BATCH_SIZE = 16
_BATCH_SIZE = 64

_PLAIN_TEXT = "a"


class Encoder:
    """One dual encoder, ready to run; `load_encoder` makes it. Its attributes are read from the model."""

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        tokenize: Callable[[Sequence[str]], Mapping[str, torch.Tensor]],
        preprocess: Preprocessor,
        name: str,
        revision: str,
        logit_scale: float,
        logit_bias: float | None = None,
    ) -> None:
        self._model = model
        self._tokenize = tokenize
        self._preprocess = preprocess
        parameter = next(model.parameters())
        self._device, self._dtype = parameter.device, parameter.dtype
        self.name = name
        self.revision = revision
        self.logit_scale = logit_scale
        self.logit_bias = logit_bias
        if self._device.type == "cpu":
            keep_freed_memory()
        self.batch_size = _CPU_BATCH_SIZE if self._device.type == "cpu" else _BATCH_SIZE
        self.image_size = preprocess.image_size
        self.area_seen = preprocess.area_seen
        self.device = str(self._device)
        self.dtype = str(self._dtype).removeprefix("torch.")
        self.dimensions = self._measure_dimensions()

    def preprocess(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Pixels for `encode_pixels`, float32, shape (n, 3, height, width); thread-safe."""
        return self._preprocess(images)

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Unit-length embeddings, float32, shape (n, dimensions), in input order. Raises EncodingError."""
        parts = [self.encode_pixels(self.preprocess(batch)) for batch in self._batches(images)]
        return self._joined(parts)

    def encode_pixels(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit-length embeddings of preprocessed pictures, float32, (n, dimensions). Raises EncodingError."""
        parts = [self._image_features(batch) for batch in self._batches(pixels)]
        return unit_length(self._joined(parts), what="picture")

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit-length embeddings, float32, shape (n, dimensions), in input order; long texts are cut.

        Raises EncodingError.
        """
        # Texts of like length share a batch, so that little of it is padding.
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        parts = [self._text_features([texts[number] for number in batch]) for batch in self._batches(order)]
        features = np.empty((len(texts), self.dimensions), np.float32)
        features[order] = self._joined(parts)
        return unit_length(features, what="text")

    def try_pixels(
        self, pixels: Mapping[Key, NDArray[np.float32]]
    ) -> tuple[dict[Key, NDArray[np.float32]], dict[Key, Exception]]:
        """Embeddings of preprocessed pictures, (3, height, width) each, by their keys, and the errors of the others.

        Raises only what the model makes of every picture.
        """
        return encode_each(
            lambda batch: self.encode_pixels(np.stack(batch)),
            pixels,
            plain=self.preprocess([self._blank()])[0],
        )

    def try_texts(self, texts: Iterable[str]) -> tuple[dict[str, NDArray[np.float32]], dict[str, Exception]]:
        """Embeddings of texts, by text, and the errors of the others; raises only what the model makes of every one."""
        return encode_each(self.encode_texts, {text: text for text in texts}, plain=_PLAIN_TEXT)

    def heat_map(self, image: Image.Image, text: str) -> NDArray[np.float32]:
        """Where a text is in a picture, float32, shape (rows, columns).

        Where the model `has_patches`, the cosine of each with the text, else by how much the picture's cosine falls
        when a part is covered. It covers what the model sees, which may be a crop: `area_seen`. Raises EncodingError.
        """
        import torch

        from clipsql.encoding.heat_map import covered_drops, patch_features

        pixels = self.preprocess([image])
        direction = self.encode_texts([text])[0]
        if not self.has_patches:
            return covered_drops(pixels[0], lambda batch: self.encode_pixels(batch) @ direction)
        features = patch_features(self._model, torch.from_numpy(pixels).to(self._device, self._dtype))
        patches = unit_length(features.reshape(-1, self.dimensions), what="patch")
        similarity: NDArray[np.float32] = patches @ direction
        return similarity.reshape(features.shape[:2])

    @property
    def has_patches(self) -> bool:
        """Whether patches can be read out of the image tower: it is the vision transformer of a CLIP model."""
        from clipsql.encoding.heat_map import has_patches

        return has_patches(self._model)

    def _image_features(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        # Convolutions run 1.6 times as fast with the channels last (MobileNetV2 in bfloat16, one core).
        values = torch.from_numpy(pixels).to(self._device, self._dtype, memory_format=torch.channels_last)
        return self._forward("get_image_features", pixel_values=values)

    def _text_features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = {name: values.to(self._device) for name, values in self._tokenize(texts).items()}
        return self._forward("get_text_features", **tokens)

    def _forward(self, method: str, **inputs: Any) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            output = getattr(self._model, method)(**inputs)
            features = output if isinstance(output, torch.Tensor) else output.pooler_output
            values: NDArray[np.float32] = features.float().cpu().numpy()
        return values

    def _batches(self, items: Any) -> list[Any]:
        return [items[start : start + self.batch_size] for start in range(0, len(items), self.batch_size)]

    def _joined(self, parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.concatenate(parts) if parts else np.empty((0, self.dimensions), np.float32)

    def _measure_dimensions(self) -> int:
        """The length of the vectors that both towers really give. Raises ModelError."""
        picture = self._image_features(self._preprocess([self._blank()]))
        text = self._text_features([_PLAIN_TEXT])
        if picture.ndim != 2 or picture.shape != text.shape:
            raise ModelError(
                f'Model "{self.name}" is no dual encoder: it gives pictures of shape {picture.shape[1:]} and '
                f"texts of shape {text.shape[1:]}; use a model that maps both into one space."
            )
        return int(picture.shape[1])

    def _blank(self) -> Image.Image:
        """A picture with which nothing is wrong."""
        from PIL import Image

        return Image.new("RGB", (self.image_size, self.image_size), "grey")


def unit_length(vectors: NDArray[np.float32], *, what: str) -> NDArray[np.float32]:
    """`vectors` divided by their lengths, in float32. Raises EncodingError that names the unusable one.

    The only place where clipsql normalises an embedding.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    usable = np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)
    if not usable.all():
        number = int(np.argmin(usable))
        kind = "zero" if lengths[number, 0] == 0 else "not finite"
        raise EncodingError(f"The embedding of {what} {number} of the batch is {kind}; try --dtype float32.")
    unit: NDArray[np.float32] = vectors / lengths
    return unit
