"""The tables of what models that look at pictures again were asked and answered, as SQLAlchemy classes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.pictures import Image


class ModelQuery(Base):
    """What a model was asked about pictures: whether a text is true of them, what they show, a question."""

    __tablename__ = "model_query"
    __table_args__ = (
        CheckConstraint("kind in ('match', 'describe', 'answer')", name="kind"),
        CheckConstraint("octet_length(query) <= 2000", name="query"),
        UniqueConstraint("kind", "model", "revision", "query"),
    )

    query_id: Mapped[int] = mapped_column(
        Integer,
        Identity(always=True),
        primary_key=True,
        comment="Number of the query, given by the database.",
    )
    kind: Mapped[str] = mapped_column(
        comment="match: whether the text is true of a picture; describe: what it shows; answer: a question."
    )
    query: Mapped[str] = mapped_column(
        comment="The text or the question; of descriptions their language, such as en."
    )
    model: Mapped[str] = mapped_column(comment="Name of the model: on the hub, or of its folder.")
    revision: Mapped[str] = mapped_column(comment="Which state of the model's files it was.")
    asked_at: Mapped[dt.datetime] = mapped_column(
        server_default=func.now(), comment="When it was asked first."
    )


class ModelAnswer(Base):
    """What a model said of one picture."""

    __tablename__ = "model_answer"
    __table_args__ = (Index(None, "image_id"),)

    query_id: Mapped[int] = mapped_column(
        ForeignKey(ModelQuery.query_id, ondelete="CASCADE"), primary_key=True, comment="What it was asked."
    )
    image_id: Mapped[int] = mapped_column(
        ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True, comment="The picture."
    )
    answer: Mapped[str | None] = mapped_column(
        comment="The answer or the description in words; null for a match."
    )
    score: Mapped[float | None] = mapped_column(
        comment="The probability of a match, or of the answer, in [0, 1]; null for a description."
    )
    answered_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), comment="When it said so.")


class ModelTask(Base):
    """A picture that a model is still to be asked about; with an `error` it was, and nothing came of it."""

    __tablename__ = "model_task"
    __table_args__ = (Index(None, "image_id"), {"schema": PRIVATE_SCHEMA})

    query_id: Mapped[int] = mapped_column(
        ForeignKey(ModelQuery.query_id, ondelete="CASCADE"), primary_key=True
    )
    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True)
    leased_by: Mapped[str | None]
    leased_until: Mapped[dt.datetime | None]
    error: Mapped[str | None]
