"""Write pictures from an application's own code: the half of a `Searcher` that changes what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Unpack

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.sql.elements import ColumnElement

from clipsql.db.calls import writing
from clipsql.db.calls.writing import PictureFacts
from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow, add_space, require_model
from clipsql.db.pictures.bulk import PutReport, put_pictures
from clipsql.db.pictures.columns import batches
from clipsql.db.statements import autocommit_connection

_PUT_BATCH = 5_000
"""Pictures in one transaction: enough that its statements cost little, few enough for the memory of vectors."""


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

    def put_many(
        self,
        collection: str,
        pictures: Mapping[str, Any] | Iterable[Mapping[str, Any]],
        *,
        language: str = "en",
        progress: Callable[[int], None] = lambda _put: None,
    ) -> PutReport:
        """Insert or update many pictures; returns how many were new, and how many the collection had.

        `pictures` are columns by name, such as {"url": [...], "embedding": array of shape (n, dimensions)}, or rows
        with the same names, read as they come: url, embedding, captions, caption_embeddings, file, metadata,
        taken_at, longitude, latitude. Of several with one url in a batch the last counts. Each batch of 5,000 is one
        transaction, and putting the same again changes nothing, so that a run that broke off can be run again.
        `progress` is told how many are stored. Without embeddings the pictures wait for a worker.

        Raises InvalidVector or InvalidArgument, which name the picture; the batches before it are stored.
        """
        report = PutReport()
        model = self.model
        with database_errors(self._engine), autocommit_connection(self._engine) as connection:
            for columns in batches(pictures, model, size=_PUT_BATCH):
                if columns.embedding is None:
                    model.files  # noqa: B018  raises for a space, whose vectors no worker can make
                done = put_pictures(
                    connection, columns, collection=collection, language=language, model=model
                )
                report.add(done)
                progress(report.added + report.updated)
        return report

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
