"""Judge pictures from Python: match a description, tell labels apart, suggest captions, explain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Unpack

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Engine
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls import judgements
from clipsql.db.calls.judgements import ClassifyOptions
from clipsql.db.calls.searches import NearestOptions
from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow, require_model


@dataclass(frozen=True, kw_only=True)
class Label:
    """One label of a picture; the probabilities of all labels that were asked for sum to 1."""

    label: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class ImageLabel:
    """The likeliest label of one of many pictures."""

    image_id: int
    label: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class CaptionMatch:
    """One caption found: `similarity` is the cosine of its embedding with the query."""

    rank: int
    caption_id: int
    similarity: float
    caption: str
    from_image: int


@dataclass(frozen=True, kw_only=True)
class SuggestedCaption:
    """What was said of another picture and fits this one: `similarity` is its cosine with the picture."""

    caption: str
    similarity: float
    from_image: int


@dataclass(frozen=True, kw_only=True)
class WordWeight:
    """A word of a text and its share of attention; the shares of a text sum to 1."""

    position: int
    word: str
    weight: float


class Judge:
    """Says of pictures in a database what one model makes of them. All of it happens in SQL."""

    def __init__(self, engine: Engine, *, model: str | None = None) -> None:
        self._engine = engine
        self._model_name = model

    @cached_property
    def model(self) -> ModelRow:
        """The model that is asked. Raises UnknownModel."""
        return require_model(self._engine, self._model_name)

    def match(self, of_image: int, description: str) -> float:
        """How well a description fits a stored picture: the cosine of their embeddings."""
        with database_errors(self._engine), self._engine.connect() as connection:
            statement = sa.select(judgements.match(of_image, description, model=self.model.name))
            return float(connection.execute(statement).scalar_one())

    def classify(
        self,
        of_image: int,
        labels: Sequence[str],
        *,
        template: str | None = None,
        templates: Sequence[str] | None = None,
    ) -> list[Label]:
        """Every label of a stored picture with its probability, likeliest first.

        `template` is the text around a label, by default "a photo of a {}"; several `templates` are averaged.
        """
        found = judgements.classify(
            of_image, labels, template=template, templates=templates, model=self.model.name
        )
        return [Label(**row) for row in self._rows(found, found.c.probability.desc())]

    def classify_images(self, labels: Sequence[str], **options: Unpack[ClassifyOptions]) -> list[ImageLabel]:
        """The likeliest label of every picture that passes the filters, by image_id."""
        under_model: ClassifyOptions = {"model": self.model.name, **options}
        found = judgements.classify_images(labels, **under_model)
        return [ImageLabel(**row) for row in self._rows(found, found.c.image_id)]

    def search_captions(
        self, query: Sequence[float] | NDArray[np.float32], **options: Unpack[NearestOptions]
    ) -> list[CaptionMatch]:
        """The captions nearest to a vector, of a picture or a text; filters are of their pictures."""
        under_model: NearestOptions = {"model": self.model.name, **options}
        found = judgements.search_captions([float(value) for value in query], **under_model)
        return [CaptionMatch(**row) for row in self._rows(found, found.c.rank)]

    def suggest_captions(self, for_image: int, **options: Unpack[NearestOptions]) -> list[SuggestedCaption]:
        """Captions of other pictures that fit a stored one best, each text once, best first."""
        under_model: NearestOptions = {"model": self.model.name, **options}
        found = judgements.suggest_captions(for_image, **under_model)
        return [SuggestedCaption(**row) for row in self._rows(found, found.c.similarity.desc())]

    def explain_text(self, query: str) -> list[WordWeight]:
        """How much attention each word of a text gets, in the order of the text. Raises TextEncoderUnavailable."""
        found = judgements.explain_text(query, model=self.model.name)
        return [WordWeight(**row) for row in self._rows(found, found.c.position)]

    def _rows(self, found: TableValuedAlias, order: ColumnElement[Any]) -> list[dict[str, Any]]:
        with database_errors(self._engine), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.select(found).order_by(order)).mappings()]
