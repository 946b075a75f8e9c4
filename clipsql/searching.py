"""Search a database of pictures from Python: `connect()`, then by text, by picture or by vector."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy.engine import Engine
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.config import Settings
from clipsql.db import functions, orm
from clipsql.db.engine import database_errors
from clipsql.db.functions import SearchOptions
from clipsql.db.models import ModelRow, require_model
from clipsql.db.opening import open_database
from clipsql.errors import ImageError, TextEncoderUnavailable
from clipsql.images.decoding import decode

if TYPE_CHECKING:
    from clipsql.encoding import Encoder


@dataclass(frozen=True, kw_only=True)
class Match:
    """One picture found: `similarity` is the cosine in [-1, 1], `caption` its first caption."""

    rank: int
    image_id: int
    similarity: float
    url: str
    caption: str | None
    taken_at: dt.datetime | None
    longitude: float | None
    latitude: float | None
    metadata: Mapping[str, Any]


class Searcher:
    """Finds pictures under one model. The model itself is loaded when a text or a new picture must be encoded."""

    def __init__(
        self,
        engine: Engine,
        *,
        model: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._engine = engine
        self._model_name = model
        self._device = device
        self._dtype = dtype

    def search_text(self, query: str, **options: Unpack[SearchOptions]) -> list[Match]:
        """Pictures that a text describes, nearest first.

        The database embeds the text where it can; a model whose text tower SQL cannot run needs the extra `clip`.
        """
        try:
            return self._matches(functions.search_text(query, **self._under_model(options)))
        except TextEncoderUnavailable:
            return self.search(self._encoder.encode_texts([query])[0], **options)

    def search_image(
        self, picture: str | Path | bytes | Image.Image, **options: Unpack[SearchOptions]
    ) -> list[Match]:
        """Pictures like one that need not be stored: a file, its bytes or a Pillow image. Raises ImageError."""
        return self.search(self.embed_image(picture), **options)

    def search_similar(self, to_image: int, **options: Unpack[SearchOptions]) -> list[Match]:
        """Pictures most like a stored one, nearest first, without itself."""
        return self._matches(functions.search_similar(to_image, **self._under_model(options)))

    def search(
        self, query: Sequence[float] | NDArray[np.float32], **options: Unpack[SearchOptions]
    ) -> list[Match]:
        """Pictures nearest to a vector of the model's dimensions, such as a weighted sum of embeddings."""
        return self._matches(
            functions.search([float(value) for value in query], **self._under_model(options))
        )

    def embed_text(self, query: str) -> NDArray[np.float32]:
        """Unit-length embedding of a text, float32, shape (dimensions,), computed by the database.

        Raises TextEncoderUnavailable, InvalidText.
        """
        with database_errors(self._engine), self._engine.connect() as connection:
            vector = connection.scalar(sa.select(functions.embed_text(query, model=self.model.name)))
            return np.asarray(vector, dtype=np.float32)

    def embed_image(self, picture: str | Path | bytes | Image.Image) -> NDArray[np.float32]:
        """Unit-length embedding of a picture, float32, shape (dimensions,). Raises ImageError."""
        embedding: NDArray[np.float32] = self._encoder.encode_images([_pixels(picture)])[0]
        return embedding

    def files(self, image_ids: Sequence[int]) -> dict[int, Path]:
        """Local files that pictures were read from, by image_id; they may be gone."""
        with database_errors(self._engine), self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(orm.Image.image_id, orm.Image.file).where(
                    orm.Image.image_id.in_(image_ids), orm.Image.file.is_not(None)
                )
            )
            return {image_id: Path(file) for image_id, file in rows if file is not None}

    def thumbnails(self, image_ids: Sequence[int]) -> dict[int, bytes]:
        """Small JPEGs of pictures, by image_id, as far as `clipsql ingest --thumbnails` kept them."""
        with database_errors(self._engine), self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(orm.Thumbnail.image_id, orm.Thumbnail.jpeg).where(
                    orm.Thumbnail.image_id.in_(image_ids)
                )
            )
            return {row.image_id: row.jpeg for row in rows}

    @cached_property
    def model(self) -> ModelRow:
        """The model that this searcher searches under. Raises UnknownModel."""
        return require_model(self._engine, self._model_name)

    @cached_property
    def _encoder(self) -> Encoder:
        from clipsql.encoding import load_encoder

        return load_encoder(
            self.model.location, revision=self.model.revision, device=self._device, dtype=self._dtype
        )

    def _under_model(self, options: SearchOptions) -> SearchOptions:
        return {"model": self.model.name, **options}

    def _matches(self, found: TableValuedAlias) -> list[Match]:
        with database_errors(self._engine), self._engine.connect() as connection:
            rows = connection.execute(sa.select(found).order_by(found.c.rank))
            return [Match(**row._mapping) for row in rows]


@contextmanager
def connect(
    database_url: str | None = None,
    *,
    model: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
) -> Iterator[Searcher]:
    """A `Searcher` on a database: the URL given, else CLIPSQL_DATABASE_URL, else the embedded server.

    `model` is a name from `clipsql model list`, by default the default model.

        with clipsql.connect() as pictures:
            for match in pictures.search_text("red truck at night", max_results=5):
                print(match.similarity, match.url)
    """
    with open_database(Settings.from_environment(database_url=database_url)) as engine:
        yield Searcher(engine, model=model, device=device, dtype=dtype)


def _pixels(picture: str | Path | bytes | Image.Image) -> Image.Image:
    if isinstance(picture, Image.Image):
        # Through bytes, so that orientation, transparency and depth are treated as for a file.
        held = io.BytesIO()
        picture.save(held, format=picture.format or "PNG")
        picture = held.getvalue()
    if isinstance(picture, bytes):
        return decode(picture).pixels
    try:
        return decode(Path(picture).read_bytes()).pixels
    except OSError as error:
        raise ImageError(f"{picture} cannot be read: {error.strerror}; check the path.") from error
    except ImageError as error:
        raise ImageError(f"{picture}: {error}") from error
