"""Search a database of pictures from Python: by text, by picture, by vector, by several of these together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Engine
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls import judgements, searches
from clipsql.db.calls.arguments import Filters, Fusion, NearestOptions, SearchOptions
from clipsql.db.calls.judgements import ClassifyOptions, HybridOptions
from clipsql.db.engine import database_errors
from clipsql.db.text_towers import require_texts
from clipsql.errors import ImageError, TextEncoderUnavailable
from clipsql.images.heat import overlay
from clipsql.search.asking import ask
from clipsql.search.query_picture import AnyPicture, open_picture
from clipsql.search.results import (
    CaptionMatch,
    HybridMatch,
    ImageExplanation,
    ImageLabel,
    Label,
    Match,
    WordWeight,
)
from clipsql.search.stored import files_of, images_with_content, thumbnails_of
from clipsql.search.writer import PictureWriter

if TYPE_CHECKING:
    from clipsql.encoding import Encoder


class Searcher(PictureWriter):
    """Finds pictures under one model, judges them, puts and removes them.

    The model itself is loaded when a text or a new picture must be encoded. `timezone` is that of `daily_from` and
    `daily_until`, such as "Europe/Berlin"; default: the session's.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        model: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        timezone: str | None = None,
    ) -> None:
        super().__init__(engine, model=model)
        self._timezone = timezone
        self._device = device
        self._dtype = dtype

    def search_request(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a whole search in one JSON document, as clipsql.search_request gives it in SQL."""
        under_model = {"model": self.model.name, **request}
        with database_errors(self._engine), self._engine.connect() as connection:
            answer: dict[str, Any] = connection.execute(
                sa.select(searches.search_request(under_model))
            ).scalar_one()
            return answer

    def search_text(self, query: str, **options: Unpack[SearchOptions]) -> list[Match]:
        """Pictures that a text describes, nearest first.

        The database embeds the text where it can; a model whose text tower SQL cannot run needs the extra `clip`.
        """
        try:
            return self._matches(searches.search_text(query, **self._under_model(options)), options)
        except TextEncoderUnavailable:
            return self.search(self._encoder.encode_texts([query])[0], **options)

    def search_image(
        self,
        picture: AnyPicture,
        *,
        include_self: bool = False,
        allow_private_hosts: bool = False,
        **options: Unpack[SearchOptions],
    ) -> list[Match]:
        """Pictures like one that need not be stored: a file, its bytes, an http(s) address or a Pillow image.

        Stored pictures with the same content, byte for byte, are left out unless `include_self`; a Pillow image has
        the content of the file that it was opened from and still shows. Addresses within private networks are
        refused unless `allow_private_hosts`. Raises ImageError, DownloadError.
        """
        asked = open_picture(picture, allow_private_hosts=allow_private_hosts)
        if asked.sha256 is not None and not include_self:
            itself = images_with_content(self._engine, asked.sha256)
            options["except_images"] = searches.ids(options.get("except_images"), itself)
        return self.search(self._encoder.encode_images([asked.pixels])[0], **options)

    def search_similar(self, image: int, **options: Unpack[SearchOptions]) -> list[Match]:
        """Pictures most like a stored one, nearest first, without itself."""
        return self._matches(searches.search_similar(image, **self._under_model(options)), options)

    def search_hybrid(self, query: str, **options: Unpack[HybridOptions]) -> list[HybridMatch]:
        """Pictures by the words of their captions and by their vectors, fused by reciprocal rank, best first."""
        under_model: HybridOptions = {"model": self.model.name, **options}
        try:
            return self._hybrid_matches(judgements.search_hybrid(query, **under_model), options)
        except TextEncoderUnavailable:
            under_model["query_vector"] = [float(value) for value in self._encoder.encode_texts([query])[0]]
            return self._hybrid_matches(judgements.search_hybrid(query, **under_model), options)

    def search(
        self, query: Sequence[float] | NDArray[np.float32], **options: Unpack[SearchOptions]
    ) -> list[Match]:
        """Pictures nearest to a vector of the model's dimensions, such as a weighted sum of embeddings."""
        return self._matches(searches.search(_numbers(query), **self._under_model(options)), options)

    def search_query(
        self, query: str, *, fusion: Fusion = "weighted sum", **options: Unpack[SearchOptions]
    ) -> list[Match]:
        """Pictures that several terms describe together: 'flower + 2*bee - night', 'image:42 + ./street.jpg'.

        Stored pictures that are named are left out. New pictures, and texts that the database cannot embed, need the
        extra `clip`. Raises InvalidArgument, which points at the column of a mistake, and what other searches raise.
        """
        terms = self._terms(query)
        options = self._under_model(options)
        if all(term.kind != "file" for term in terms):
            try:
                return self._matches(searches.search_query(query, fusion=fusion, **options), options)
            except TextEncoderUnavailable:
                pass
        texts = [term.body for term in terms if term.kind == "text"]
        embeddings = dict(zip(texts, self._embed_texts(texts), strict=True))
        vectors = [
            searches.image_vector(term.image_id, model=self.model.name)
            if term.kind == "image"
            else _numbers(
                embeddings[term.body]
                if term.kind == "text"
                else self.embed_image(Path(term.body).expanduser())
            )
            for term in terms
        ]
        pictures = [term.image_id for term in terms if term.kind == "image"]
        options["except_images"] = searches.ids(options.get("except_images"), pictures)
        weights = [term.weight for term in terms]
        found = searches.search_vectors(vectors, weights=weights, fusion=fusion, **options)
        return self._matches(found, options)

    def embed_text(self, query: str) -> NDArray[np.float32]:
        """Unit-length embedding of a text, float32, shape (dimensions,), computed by the database.

        Raises TextEncoderUnavailable, InvalidText.
        """
        with database_errors(self._engine), self._engine.connect() as connection:
            vector = connection.scalar(sa.select(searches.embed_text(query, model=self.model.name)))
            return np.asarray(vector, dtype=np.float32)

    def embed_image(self, picture: AnyPicture) -> NDArray[np.float32]:
        """Unit-length embedding of a picture, float32, shape (dimensions,). Raises ImageError."""
        embedding: NDArray[np.float32] = self._encoder.encode_images([open_picture(picture).pixels])[0]
        return embedding

    def explain_image(self, image: int, query: str) -> ImageExplanation:
        """Where in a stored picture a text is: how similar each patch that the model sees is to it.

        A hint, no proof: patches know of their surroundings, and a text that fits nothing still has a best patch.
        Raises ImageError when the picture's file is gone, ModelError for image towers that are no ViT of CLIP.
        """
        require_texts(self._engine, [query])
        file = self.files([image]).get(image)
        if file is None:
            self.image_vector(image)  # raises when there is no such picture
            raise ImageError(f"Image {image} was not read from a file here; explain one that was.")
        picture = open_picture(file).pixels
        heat = self._encoder.heat_map(picture, query)
        area = self._encoder.area_seen(*picture.size)
        return ImageExplanation(similarity=heat, overlay=overlay(picture, heat, area))

    def image_vector(self, image: int) -> NDArray[np.float32]:
        """Stored unit-length embedding of a picture, float32, shape (dimensions,). Raises UnknownImage."""
        with database_errors(self._engine), self._engine.connect() as connection:
            vector = connection.scalar(sa.select(searches.image_vector(image, model=self.model.name)))
            return np.asarray(vector, dtype=np.float32)

    def files(self, image_ids: Sequence[int]) -> dict[int, Path]:
        """Local files that pictures were read from, by image_id; they may be gone."""
        return files_of(self._engine, image_ids)

    def thumbnails(self, image_ids: Sequence[int]) -> dict[int, bytes]:
        """Small JPEGs of pictures, by image_id, as far as `clipsql ingest --thumbnails` kept them."""
        return thumbnails_of(self._engine, image_ids)

    def match(self, image: int, query: str) -> float:
        """How well a text fits a stored picture: the cosine of their embeddings."""
        with database_errors(self._engine), self._engine.connect() as connection:
            statement = sa.select(judgements.match(image, query, model=self.model.name))
            return float(connection.execute(statement).scalar_one())

    def classify(
        self,
        image: int,
        labels: Sequence[str],
        *,
        template: str | None = None,
        templates: Sequence[str] | None = None,
    ) -> list[Label]:
        """Every label of a stored picture with its probability, likeliest first.

        `template` is the text around a label, by default "a photo of a {}"; several `templates` are averaged.
        """
        found = judgements.classify(
            image, labels, template=template, templates=templates, model=self.model.name
        )
        return [Label(**row) for row in self._rows(found, found.c.probability.desc())]

    def classify_images(self, labels: Sequence[str], **options: Unpack[ClassifyOptions]) -> list[ImageLabel]:
        """The likeliest label of every picture that passes the filters, by image_id."""
        under_model: ClassifyOptions = {"model": self.model.name, **options}
        found = judgements.classify_images(labels, **under_model)
        return [ImageLabel(**row) for row in self._rows(found, found.c.image_id, options)]

    def search_captions(
        self, query: str | Sequence[float] | NDArray[np.float32], **options: Unpack[NearestOptions]
    ) -> list[CaptionMatch]:
        """The captions nearest to a text, or to the vector of a picture or a text; filters are of their pictures."""
        vector = self._embed_texts([query])[0] if isinstance(query, str) else query
        under_model: NearestOptions = {"model": self.model.name, **options}
        found = judgements.search_captions(_numbers(vector), **under_model)
        return [CaptionMatch(**row) for row in self._rows(found, found.c.rank, options)]

    def suggest_captions(self, image: int, **options: Unpack[NearestOptions]) -> list[CaptionMatch]:
        """Captions of other pictures that fit a stored one best, each text once, best first."""
        under_model: NearestOptions = {"model": self.model.name, **options}
        found = judgements.suggest_captions(image, **under_model)
        return [CaptionMatch(**row) for row in self._rows(found, found.c.rank, options)]

    def explain_text(self, query: str) -> list[WordWeight]:
        """How much attention each word of a text gets, in the order of the text. Raises TextEncoderUnavailable."""
        found = judgements.explain_text(query, model=self.model.name)
        return [WordWeight(**row) for row in self._rows(found, found.c.position)]

    @cached_property
    def _encoder(self) -> Encoder:
        from clipsql.encoding import load_encoder

        return load_encoder(
            self.model.files, revision=self.model.revision, device=self._device, dtype=self._dtype
        )

    def _embed_texts(self, texts: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        try:
            return [self.embed_text(text) for text in texts]
        except TextEncoderUnavailable:
            return list(self._encoder.encode_texts(texts))

    def _terms(self, query: str) -> Sequence[sa.Row[Any]]:
        with database_errors(self._engine), self._engine.connect() as connection:
            return connection.execute(sa.select(searches.parse_query(query))).all()

    def _under_model(self, options: SearchOptions) -> SearchOptions:
        return {"model": self.model.name, **options}

    def _matches(self, found: TableValuedAlias, options: Filters) -> list[Match]:
        return [Match(**row) for row in self._rows(found, found.c.rank, options)]

    def _hybrid_matches(self, found: TableValuedAlias, options: Filters) -> list[HybridMatch]:
        return [HybridMatch(**row) for row in self._rows(found, found.c.rank, options)]

    def _rows(
        self, found: TableValuedAlias, order: ColumnElement[Any], options: Filters | None = None
    ) -> list[dict[str, Any]]:
        return ask(self._engine, found, order, options=options, timezone=self._timezone)


def _numbers(vector: Sequence[float] | NDArray[np.float32]) -> list[float]:
    return [float(value) for value in vector]
