"""Search a database of pictures from Python: by text, by picture, by vector, by several of these together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, Unpack, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls import judgements, moments, regions, searches
from clipsql.db.calls.arguments import (
    FUSIONS,
    Filters,
    Fusion,
    NearestOptions,
    SearchOptions,
    refuse_unknown,
)
from clipsql.db.calls.judgements import ClassifyOptions, HybridOptions
from clipsql.db.calls.moments import MomentOptions
from clipsql.db.calls.regions import RegionOptions
from clipsql.db.text_towers import require_texts
from clipsql.db.transactions import Database
from clipsql.encoding.matching import CrossEncoder, load_cross_encoder
from clipsql.errors import ImageError, InvalidArgument, TextEncoderUnavailable
from clipsql.images.heat import best_box, overlay
from clipsql.picture import Box
from clipsql.search import reranking
from clipsql.search.asking import ask, file_column
from clipsql.search.embedding import numbers
from clipsql.search.query_picture import AnyPicture, open_picture
from clipsql.search.results import (
    AnyMatch,
    CaptionMatch,
    HybridMatch,
    ImageExplanation,
    ImageLabel,
    Label,
    Match,
    Matches,
    MomentMatch,
    RegionMatch,
    RerankedMatch,
    WordWeight,
)
from clipsql.search.stored import files_of, images_with_content, thumbnails_of
from clipsql.search.watcher import PictureWatcher

Options = TypeVar("Options", bound=Filters)


class Searcher(PictureWatcher):
    """Finds pictures under one model, judges them, puts and removes them, watches for those to come.

    On an engine every call has a transaction of its own. On a connection, such as that of a session, all calls run in
    its transaction, which is for its owner to commit.

    The model itself is loaded when a text or a new picture must be encoded. `timezone` is that of `daily_from` and
    `daily_until`, and of the days of watches, such as "Europe/Berlin"; default: the session's.
    """

    def __init__(
        self,
        database: Database,
        *,
        model: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        timezone: str | None = None,
    ) -> None:
        super().__init__(database, model=model, device=device, dtype=dtype)
        self._timezone = timezone
        self._matchers: dict[str, CrossEncoder] = {}

    def search_request(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a whole search in one JSON document, as clipsql.search_request gives it in SQL."""
        under_model = {"model": self.model.name, **request}
        answer: dict[str, Any] = self._one(searches.search_request(under_model))
        return answer

    def search_text(self, query: str, **options: Unpack[SearchOptions]) -> Matches[Match]:
        """Pictures that a text describes, nearest first.

        The database embeds the text where it can; a model whose text tower SQL cannot run needs the extra `clip`.
        """
        options = self._under_model(options, SearchOptions)
        try:
            return self._matches(searches.search_text(query, **options), options)
        except TextEncoderUnavailable:
            return self.search(self._encoder.encode_texts([query])[0], **options)

    def search_reranked(
        self,
        query: str,
        *,
        rerank: str | CrossEncoder,
        candidates: int = 50,
        allow_private_hosts: bool = False,
        **options: Unpack[SearchOptions],
    ) -> Matches[RerankedMatch]:
        """The best of `candidates` that a text finds, by the probability that it is true of them, highest first.

        `rerank` is a model with an image-text matching head: a folder, a hub id, or one that is loaded. Each candidate
        is looked at again, from its file or its address; one that cannot be had keeps its place, and a warning tells.
        Raises ModelError.
        """
        options = self._under_model(options, SearchOptions)
        if candidates < 1:
            raise InvalidArgument(f"candidates must be 1 or more, not {candidates}.")
        wanted = options.get("max_results", 10)
        options["max_results"] = max(candidates, wanted)
        found = self.search_text(query, **options)
        ordered = reranking.rerank(
            self._database, found, query, self._matcher(rerank), allow_private_hosts=allow_private_hosts
        )
        return Matches(ordered[:wanted], thumbnails=self.thumbnails)

    def search_image(
        self,
        picture: AnyPicture,
        *,
        crop: Box | None = None,
        include_self: bool = False,
        allow_private_hosts: bool = False,
        **options: Unpack[SearchOptions],
    ) -> Matches[Match]:
        """Pictures like one that need not be stored: a file, its bytes, an http(s) address or a Pillow image.

        With `crop`, x, y, width and height in pixels of the upright picture, they are like that part of it.
        Stored pictures with the same content, byte for byte, are left out unless `include_self`; a Pillow image has
        the content of the file that it was opened from and still shows. Addresses within private networks are
        refused unless `allow_private_hosts`. Raises ImageError, DownloadError.
        """
        options = self._under_model(options, SearchOptions)
        vector = self._vector_of(picture, crop, include_self, allow_private_hosts, options)
        return self.search(vector, **options)

    def search_regions_like(
        self,
        picture: AnyPicture,
        *,
        crop: Box | None = None,
        include_self: bool = False,
        allow_private_hosts: bool = False,
        **options: Unpack[RegionOptions],
    ) -> Matches[RegionMatch]:
        """Pictures by their region that is most like a picture, or a part of one; arguments as in `search_image`."""
        options = self._under_model(options, RegionOptions)
        vector = self._vector_of(picture, crop, include_self, allow_private_hosts, options)
        return self.search_regions(vector, **options)

    def search_similar(self, image: int, **options: Unpack[SearchOptions]) -> Matches[Match]:
        """Pictures most like a stored one, nearest first, without itself."""
        options = self._under_model(options, SearchOptions)
        return self._matches(searches.search_similar(image, **options), options)

    def search_hybrid(self, query: str, **options: Unpack[HybridOptions]) -> Matches[HybridMatch]:
        """Pictures by the words of their captions and by their vectors, fused by reciprocal rank, best first."""
        options = self._under_model(options, HybridOptions)
        try:
            return self._matches_of(HybridMatch, judgements.search_hybrid(query, **options), options)
        except TextEncoderUnavailable:
            options["query_vector"] = numbers(self._encoder.encode_texts([query])[0])
            return self._matches_of(HybridMatch, judgements.search_hybrid(query, **options), options)

    def search_moments(self, query: str, **options: Unpack[MomentOptions]) -> list[MomentMatch]:
        """Moments of videos that a text describes, best first; frames of a video that lie close together are one."""
        options = self._under_model(options, MomentOptions)

        def rows() -> list[dict[str, Any]]:
            found = moments.search_moments(query, **options)
            return self._rows(found, found.c.rank, options)

        try:
            found = rows()
        except TextEncoderUnavailable:
            options["query_vector"] = numbers(self._encoder.encode_texts([query])[0])
            found = rows()
        return [MomentMatch(**row) for row in found]

    def search(
        self, query: Sequence[float] | NDArray[np.float32], **options: Unpack[SearchOptions]
    ) -> Matches[Match]:
        """Pictures nearest to a vector of the model's dimensions, such as a weighted sum of embeddings."""
        options = self._under_model(options, SearchOptions)
        return self._matches(searches.search(numbers(query), **options), options)

    def search_regions(
        self, query: str | Sequence[float] | NDArray[np.float32], **options: Unpack[RegionOptions]
    ) -> Matches[RegionMatch]:
        """Pictures by their region that is nearest to a text, or to a vector such as `embed_image(file, crop=box)`."""
        options = self._under_model(options, RegionOptions)
        vector = self._embed_texts([query])[0] if isinstance(query, str) else query
        return self._matches_of(RegionMatch, regions.search_regions(numbers(vector), **options), options)

    def search_query(
        self, query: str, *, fusion: Fusion = "weighted sum", **options: Unpack[SearchOptions]
    ) -> Matches[Match]:
        """Pictures that several terms describe together: 'flower + 2*bee - night', 'image:42 + ./street.jpg'.

        Stored pictures that are named are left out. New pictures, and texts that the database cannot embed, need the
        extra `clip`. Raises InvalidArgument, which points at the column of a mistake, and what other searches raise.
        """
        options = self._under_model(options, SearchOptions)
        terms = self._terms(query)
        if fusion not in FUSIONS:  # a learned one takes the picture first
            terms = sorted(terms, key=lambda term: term.kind == "text")
        if all(term.kind != "file" for term in terms):
            try:
                return self._matches(searches.search_query(query, fusion=fusion, **options), options)
            except TextEncoderUnavailable:
                pass
        pictures = [term.image_id for term in terms if term.kind == "image"]
        options["except_images"] = searches.ids(options.get("except_images"), pictures)
        weights = [term.weight for term in terms]
        found = searches.search_vectors(self._term_vectors(terms), weights=weights, fusion=fusion, **options)
        return self._matches(found, options)

    def explain_image(self, image: int, query: str) -> ImageExplanation:
        """Where in a stored picture a text is: how similar each patch that the model sees is to it, and the best part.

        A hint, no proof: patches know of their surroundings, and a text that fits nothing still has a best patch.
        Under image towers that are no ViT of CLIP the cells are those that are covered in turn: how much less similar
        the picture then is. Raises ImageError when the picture's file is gone.
        """
        require_texts(self._database, [query])
        file = self.files([image]).get(image)
        if file is None:
            self.image_vector(image)  # raises when there is no such picture
            raise ImageError(f"Image {image} was not read from a file here; explain one that was.")
        picture = open_picture(file).pixels
        heat = self._encoder.heat_map(picture, query)
        area = self._encoder.area_seen(*picture.size)
        return ImageExplanation(
            similarity=heat,
            overlay=overlay(picture, heat, area),
            best_box=best_box(heat, area),
            is_by_covering=not self._encoder.has_patches,
        )

    def files(self, image_ids: Sequence[int]) -> dict[int, Path]:
        """Local files that pictures were read from, by image_id; they may be gone."""
        return files_of(self._database, image_ids)

    def thumbnails(self, image_ids: Sequence[int]) -> dict[int, bytes]:
        """Small JPEGs of pictures, by image_id, as far as `clipsql ingest --thumbnails` kept them."""
        return thumbnails_of(self._database, image_ids)

    def match(self, image: int, query: str) -> float:
        """How well a text fits a stored picture: the cosine of their embeddings."""
        return float(self._one(judgements.match(image, query, model=self.model.name)))

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
        options = self._under_model(options, ClassifyOptions)
        found = judgements.classify_images(labels, **options)
        return [ImageLabel(**row) for row in self._rows(found, found.c.image_id, options)]

    def search_captions(
        self, query: str | Sequence[float] | NDArray[np.float32], **options: Unpack[NearestOptions]
    ) -> list[CaptionMatch]:
        """The captions nearest to a text, or to the vector of a picture or a text; filters are of their pictures."""
        options = self._under_model(options, NearestOptions)
        vector = self._embed_texts([query])[0] if isinstance(query, str) else query
        found = judgements.search_captions(numbers(vector), **options)
        return [CaptionMatch(**row) for row in self._rows(found, found.c.rank, options)]

    def suggest_captions(self, image: int, **options: Unpack[NearestOptions]) -> list[CaptionMatch]:
        """Captions of other pictures that fit a stored one best, each text once, best first."""
        options = self._under_model(options, NearestOptions)
        found = judgements.suggest_captions(image, **options)
        return [CaptionMatch(**row) for row in self._rows(found, found.c.rank, options)]

    def explain_text(self, query: str) -> list[WordWeight]:
        """How much attention each word of a text gets, in the order of the text. Raises TextEncoderUnavailable."""
        found = judgements.explain_text(query, model=self.model.name)
        return [WordWeight(**row) for row in self._rows(found, found.c.position)]

    def _vector_of(
        self,
        picture: AnyPicture,
        crop: Box | None,
        include_self: bool,
        allow_private_hosts: bool,
        options: Filters,
    ) -> NDArray[np.float32]:
        """The vector of a picture that is asked with; its stored copies are left out by the options from then on."""
        asked = open_picture(picture, crop=crop, allow_private_hosts=allow_private_hosts)
        if asked.sha256 is not None and not include_self:
            itself = images_with_content(self._database, asked.sha256)
            options["except_images"] = searches.ids(options.get("except_images"), itself)
        vector: NDArray[np.float32] = self._encoder.encode_images([asked.pixels])[0]
        return vector

    def _matcher(self, model: str | CrossEncoder) -> CrossEncoder:
        if not isinstance(model, str):
            return model
        if model not in self._matchers:
            self._matchers[model] = load_cross_encoder(model, device=self._device, dtype=self._dtype)
        return self._matchers[model]

    def _under_model(self, options: Options, kind: type[Options]) -> Options:
        """The options with the model that is asked. Raises TypeError for one that is not of that kind."""
        refuse_unknown(options, kind)
        return cast(Options, {"model": self.model.name, **options})

    def _matches(self, found: TableValuedAlias, options: Filters) -> Matches[Match]:
        return self._matches_of(Match, found, options)

    def _matches_of(
        self, kind: type[AnyMatch], found: TableValuedAlias, options: Filters
    ) -> Matches[AnyMatch]:
        rows = self._rows(found, found.c.rank, options, file_column(found))
        return Matches([kind.of_row(row) for row in rows], thumbnails=self.thumbnails)

    def _rows(
        self,
        found: TableValuedAlias,
        order: ColumnElement[Any],
        options: Filters | None = None,
        *further: ColumnElement[Any],
    ) -> list[dict[str, Any]]:
        return ask(self._database, found, order, *further, options=options, timezone=self._timezone)
