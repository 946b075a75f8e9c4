"""Models that look at pictures, as what is asked of them, and their questions as the database knows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image as Picture

from clipsql.db.model_questions import Answer, Kind, Query, ask_model
from clipsql.db.transactions import Database
from clipsql.encoding.answering import Answerer
from clipsql.encoding.describing import Describer
from clipsql.encoding.matching import CrossEncoder
from clipsql.viewing.working import View


def matching(matcher: CrossEncoder, text: str) -> View:
    """How likely the text is true of each picture."""

    def view(images: Sequence[Picture.Image]) -> list[Answer]:
        return [Answer(score=float(score)) for score in matcher.scores(images, [text] * len(images))]

    return view


def describing(describer: Describer) -> View:
    """What each picture shows, in words."""

    def view(images: Sequence[Picture.Image]) -> list[Answer]:
        return [Answer(text=text) for text in describer.describe(images)]

    return view


def answering(answerer: Answerer, question: str) -> View:
    """The answer to the question for each picture, and its probability."""

    def view(images: Sequence[Picture.Image]) -> list[Answer]:
        return [Answer(one.text, one.probability) for one in answerer.answer(images, question)]

    return view


def stored_query(
    database: Database, kind: Kind, body: str, model: CrossEncoder | Describer | Answerer
) -> Query:
    """The query in the database. Raises InvalidArgument."""
    return ask_model(database, kind=kind, body=body, model=stored_name(model), revision=model.revision)


def stored_name(model: CrossEncoder | Describer | Answerer) -> str:
    """What a model is called in the database; one in a folder goes by the name of the folder."""
    folder = Path(model.name).expanduser()
    return folder.resolve().name if folder.is_dir() else model.name
