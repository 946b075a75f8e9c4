"""Pictures and texts that SQL cannot embed, made vectors beside the event loop; torch is loaded for the first one."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from clipsql.db.models import ModelRow
from clipsql.extras import require_extra
from clipsql.images.cropping import cropped
from clipsql.images.decoding import Picture, decode
from clipsql.images.heat import best_box, framed, overlay
from clipsql.picture import Box

if TYPE_CHECKING:
    from clipsql.encoding import Encoder

_SIDE = 512
"""The shortest side that a picture is decoded with: as much as any model looks at."""
_REMEMBERED = 1000
"""Texts whose vectors are kept."""


class Encoders:
    """The models that were asked for, each loaded once; one thing at a time is encoded."""

    def __init__(self) -> None:
        self._loaded: dict[int, Encoder] = {}
        self._lock = threading.Lock()
        self._texts: OrderedDict[tuple[int, str], list[float]] = OrderedDict()

    async def look(self, model: ModelRow, data: bytes) -> tuple[Picture, NDArray[np.float32]]:
        """A picture's file as it is decoded, and its unit-length embedding. Raises ImageError, ConfigurationError."""
        require_extra("clip", "Looking at a picture that is sent")
        return await asyncio.to_thread(self._look, model, data)

    async def heat(self, model: ModelRow, data: bytes, query: str) -> Image:
        """The picture in a file, lit where the text is. Raises ImageError, ModelError, ConfigurationError."""
        require_extra("clip", "Showing where a text is in a picture")
        return await asyncio.to_thread(self._heat, model, data, query)

    async def part(self, model: ModelRow, data: bytes, part: Box | str) -> NDArray[np.float32]:
        """The unit-length embedding of a part of a picture: of a box, or of that where a text is most.

        Raises ImageError, ModelError, ConfigurationError.
        """
        require_extra("clip", "Searching with a part of a picture")
        return await asyncio.to_thread(self._part, model, data, part)

    async def embed(self, model: ModelRow, texts: Sequence[str]) -> dict[str, list[float]]:
        """The unit-length embeddings of texts, the latest remembered. Raises ModelError, ConfigurationError."""
        require_extra(
            "clip", f"Embedding a text under model {model.name}, whose text tower is not in the database,"
        )
        return await asyncio.to_thread(self._embed, model, texts)

    def _embed(self, model: ModelRow, texts: Sequence[str]) -> dict[str, list[float]]:
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if (model.model_id, text) not in self._texts]
            if new:
                for text, vector in zip(new, self._encoder(model).encode_texts(new), strict=True):
                    self._texts[model.model_id, text] = vector.tolist()
            found = {text: self._texts[model.model_id, text] for text in texts}
            for text in found:
                self._texts.move_to_end((model.model_id, text))
            while len(self._texts) > _REMEMBERED:
                self._texts.popitem(last=False)
            return found

    def _heat(self, model: ModelRow, data: bytes, query: str) -> Image:
        with self._lock:
            pixels, encoder = decode(data, target_size=_SIDE).pixels, self._encoder(model)
            heat, area = encoder.heat_map(pixels, query), encoder.area_seen(*pixels.size)
            return framed(overlay(pixels, heat, area), best_box(heat, area), of_size=pixels.size)

    def _part(self, model: ModelRow, data: bytes, part: Box | str) -> NDArray[np.float32]:
        with self._lock:
            pixels, encoder = decode(data).pixels, self._encoder(model)  # a part has no resolution to spare
            if isinstance(part, str):
                part = best_box(encoder.heat_map(pixels, part), encoder.area_seen(*pixels.size))
            return np.asarray(encoder.encode_images([cropped(pixels, part)])[0], dtype=np.float32)

    def _look(self, model: ModelRow, data: bytes) -> tuple[Picture, NDArray[np.float32]]:
        with self._lock:
            picture = decode(
                data, target_size=_SIDE
            )  # before torch is loaded: what is no picture costs little
            return picture, np.asarray(
                self._encoder(model).encode_images([picture.pixels])[0], dtype=np.float32
            )

    def _encoder(self, model: ModelRow) -> Encoder:
        if model.model_id not in self._loaded:
            from clipsql.encoding import load_encoder

            self._loaded[model.model_id] = load_encoder(model.files, revision=model.revision)
        return self._loaded[model.model_id]
