"""Pictures that are asked with, made vectors beside the event loop; torch is loaded when the first one comes."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clipsql.db.models import ModelRow
from clipsql.extras import require_extra
from clipsql.images.decoding import Picture, decode
from clipsql.images.storing import THUMBNAIL_SIDE

if TYPE_CHECKING:
    from clipsql.encoding import Encoder


class Encoders:
    """The models that were asked for, each loaded once; one picture at a time is encoded."""

    def __init__(self) -> None:
        self._loaded: dict[int, Encoder] = {}
        self._lock = threading.Lock()

    async def look(self, model: ModelRow, data: bytes) -> tuple[Picture, NDArray[np.float32]]:
        """A picture's file as it is decoded, and its unit-length embedding. Raises ImageError, ConfigurationError."""
        require_extra("clip", "Looking at a picture that is sent")
        return await asyncio.to_thread(self._look, model, data)

    def _look(self, model: ModelRow, data: bytes) -> tuple[Picture, NDArray[np.float32]]:
        with self._lock:
            encoder = self._encoder(model)
            picture = decode(data, target_size=max(encoder.image_size, THUMBNAIL_SIDE // 2))
            return picture, np.asarray(encoder.encode_images([picture.pixels])[0], dtype=np.float32)

    def _encoder(self, model: ModelRow) -> Encoder:
        if model.model_id not in self._loaded:
            from clipsql.encoding import load_encoder

            self._loaded[model.model_id] = load_encoder(model.files, revision=model.revision)
        return self._loaded[model.model_id]
