"""Turn what is asked into vectors: the part of a `Searcher` that embeds texts, pictures and queries of terms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.sql.elements import ColumnElement

from clipsql.db.calls import regions, searches
from clipsql.db.transactions import reading
from clipsql.errors import TextEncoderUnavailable
from clipsql.picture import Box
from clipsql.search.query_picture import AnyPicture, open_picture
from clipsql.search.writer import PictureWriter


class QueryEmbedder(PictureWriter):
    """Embeds what is looked for, by the database where it can and by the model itself where not."""

    def embed_text(self, query: str) -> NDArray[np.float32]:
        """Unit-length embedding of a text, float32, shape (dimensions,), computed by the database.

        Raises TextEncoderUnavailable, InvalidText.
        """
        return np.asarray(self._one(searches.embed_text(query, model=self.model.name)), dtype=np.float32)

    def embed_image(self, picture: AnyPicture, *, crop: Box | None = None) -> NDArray[np.float32]:
        """Unit-length embedding of a picture, or of a part of it, float32, shape (dimensions,). Raises ImageError."""
        embedding: NDArray[np.float32] = self._encoder.encode_images(
            [open_picture(picture, crop=crop).pixels]
        )[0]
        return embedding

    def image_vector(self, image: int) -> NDArray[np.float32]:
        """Stored unit-length embedding of a picture, float32, shape (dimensions,). Raises UnknownImage."""
        return np.asarray(self._one(searches.image_vector(image, model=self.model.name)), dtype=np.float32)

    def region_vector(self, region: int) -> NDArray[np.float32]:
        """Stored unit-length embedding of a region, float32, shape (dimensions,). Raises UnknownImage."""
        return np.asarray(self._one(regions.region_vector(region, model=self.model.name)), dtype=np.float32)

    def _terms(self, query: str) -> Sequence[sa.Row[Any]]:
        with reading(self._database) as connection:
            return connection.execute(sa.select(searches.parse_query(query))).all()

    def _term_vectors(self, terms: Sequence[sa.Row[Any]]) -> list[list[float] | ColumnElement[Any]]:
        """A unit vector for each term: numbers, or for a stored picture the SQL that looks it up."""
        texts = [term.body for term in terms if term.kind == "text"]
        embeddings = dict(zip(texts, self._embed_texts(texts), strict=True))
        return [
            searches.image_vector(term.image_id, model=self.model.name)
            if term.kind == "image"
            else numbers(
                embeddings[term.body]
                if term.kind == "text"
                else self.embed_image(Path(term.body).expanduser())
            )
            for term in terms
        ]

    def _embed_texts(self, texts: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        try:
            return [self.embed_text(text) for text in texts]
        except TextEncoderUnavailable:
            return list(self._encoder.encode_texts(texts))

    def _one(self, value: ColumnElement[Any]) -> Any:
        with reading(self._database) as connection:
            return connection.execute(sa.select(value)).scalar_one()


def numbers(vector: Sequence[float] | NDArray[np.float32]) -> list[float]:
    """A vector as a list, for SQL."""
    return [float(value) for value in vector]
