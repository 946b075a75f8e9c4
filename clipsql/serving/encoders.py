"""Pictures that are asked with, made vectors beside the event loop; torch is loaded when the first one comes."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from clipsql.db.models import ModelRow
from clipsql.extras import require_extra
from clipsql.images.decoding import Picture, decode
from clipsql.images.heat import overlay

if TYPE_CHECKING:
    from clipsql.encoding import Encoder

_SIDE = 512
"""The shortest side that a picture is decoded with: as much as any model looks at."""


class Encoders:
    """The models that were asked for, each loaded once; one picture at a time is encoded."""

    def __init__(self) -> None:
        self._loaded: dict[int, Encoder] = {}
        self._lock = threading.Lock()

    async def look(self, model: ModelRow, data: bytes) -> tuple[Picture, NDArray[np.float32]]:
        """A picture's file as it is decoded, and its unit-length embedding. Raises ImageError, ConfigurationError."""
        require_extra("clip", "Looking at a picture that is sent")
        return await asyncio.to_thread(self._look, model, data)

    async def heat(self, model: ModelRow, data: bytes, query: str) -> Image:
        """The picture in a file, lit where the text is. Raises ImageError, ModelError, ConfigurationError."""
        require_extra("clip", "Showing where a text is in a picture")
        return await asyncio.to_thread(self._heat, model, data, query)

    def _heat(self, model: ModelRow, data: bytes, query: str) -> Image:
        with self._lock:
            pixels, encoder = decode(data, target_size=_SIDE).pixels, self._encoder(model)
            return overlay(pixels, encoder.heat_map(pixels, query), encoder.area_seen(*pixels.size))

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
