"""Write pictures from an application's own code: the half of a `Searcher` that changes what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Unpack

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.sql.elements import ColumnElement

from clipsql.db.calls import writing
from clipsql.db.calls.writing import PictureFacts
from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow, add_space, require_model


class PictureWriter:
    """Puts pictures with their vectors under one model, removes them, adds vector spaces."""

    def __init__(self, engine: Engine, *, model: str | None = None) -> None:
        self._engine = engine
        self._model_name = model

    @cached_property
    def model(self) -> ModelRow:
        """The model that is asked, and whose vectors are put. Raises UnknownModel."""
        return require_model(self._engine, self._model_name)

    def put(self, collection: str, url: str, **facts: Unpack[PictureFacts]) -> int:
        """Insert a picture, or update it where the collection has the url; returns its image_id.

        With an `embedding` it can be found at once, without one a worker makes it. What is not given stays as it is
        stored. Raises InvalidVector, InvalidArgument, UnknownModel.

            pictures.put("products", "https://example.com/7.jpg", embedding=vector, captions=["A red shoe."])
        """
        if facts.get("embedding") is not None or facts.get("caption_embeddings") is not None:
            facts = {"model": self.model.name, **facts}
        return self._written(writing.put_image(collection, url, **facts))

    def remove(self, images: Sequence[int]) -> int:
        """Remove pictures with their captions and embeddings; returns how many of them there were."""
        return self._written(writing.remove_images(images))

    def add_model(self, name: str, *, dimensions: int, logit_scale: float = 100.0) -> ModelRow:
        """Add a vector space, whose vectors come from elsewhere; one that is here already is left as it is.

        Raises InvalidArgument when the name stands for something else.
        """
        return add_space(self._engine, name, dimensions=dimensions, logit_scale=logit_scale)

    def _written(self, call: ColumnElement[int]) -> int:
        with database_errors(self._engine), self._engine.begin() as connection:
            return int(connection.execute(sa.select(call)).scalar_one())
