"""Pictures that are asked with, made vectors beside the event loop; torch is loaded when the first one comes."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clipsql.db.models import ModelRow
from clipsql.extras import require_extra
from clipsql.search.query_picture import open_picture

if TYPE_CHECKING:
    from clipsql.encoding import Encoder


class Encoders:
    """The models that were asked for, each loaded once; one picture at a time is encoded."""

    def __init__(self) -> None:
        self._loaded: dict[int, Encoder] = {}
        self._lock = threading.Lock()

    async def embed(self, model: ModelRow, data: bytes) -> NDArray[np.float32]:
        """Unit-length embedding of a picture's file, shape (dimensions,). Raises ImageError, ConfigurationError."""
        require_extra("clip", "Searching with a picture that is not stored")
        return await asyncio.to_thread(self._embed, model, data)

    def _embed(self, model: ModelRow, data: bytes) -> NDArray[np.float32]:
        with self._lock:
            pixels = open_picture(data).pixels
            return np.asarray(self._encoder(model).encode_images([pixels])[0], dtype=np.float32)

    def _encoder(self, model: ModelRow) -> Encoder:
        if model.model_id not in self._loaded:
            from clipsql.encoding import load_encoder

            self._loaded[model.model_id] = load_encoder(model.files, revision=model.revision)
        return self._loaded[model.model_id]
