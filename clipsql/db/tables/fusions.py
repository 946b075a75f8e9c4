"""Learned fusions as SQLAlchemy classes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.pictures import Model


class LearnedFusion(Base):
    """A way to make one vector of a picture's and a text's under a model, learned from what was meant."""

    __tablename__ = "fusion"
    __table_args__ = (
        UniqueConstraint("model_id", "name"),
        CheckConstraint("char_length(name) between 1 and 200", name="name"),
        CheckConstraint("name !~ '^(weighted sum|mean similarity|minimum similarity)$'", name="reserved"),
    )

    fusion_id: Mapped[int] = mapped_column(
        Integer,
        Identity(always=True),
        primary_key=True,
        comment="Number of the fusion, given by the database.",
    )
    model_id: Mapped[int] = mapped_column(
        ForeignKey(Model.model_id, ondelete="CASCADE"), comment="The model whose vectors it joins."
    )
    name: Mapped[str] = mapped_column(comment="Name by which the argument fusion finds it.")
    kind: Mapped[str] = mapped_column(
        comment="How it was fitted: ridge regression of a strength, or a hidden layer."
    )
    picture_weight: Mapped[float] = mapped_column(comment="Weight of the picture in the best weighted sum.")
    text_weight: Mapped[float] = mapped_column(comment="Weight of the text in the best weighted sum.")
    examples: Mapped[int] = mapped_column(Integer, comment="How many examples it was fitted to.")
    average_rank: Mapped[float] = mapped_column(
        comment="Mean reciprocal rank of what was meant, of the plain average of picture and text."
    )
    weighted_sum_rank: Mapped[float] = mapped_column(
        comment="The same of the best weighted sum, on examples that it was not chosen by."
    )
    fusion_rank: Mapped[float] = mapped_column(
        comment="The same of fusions fitted so, on examples that they were not fitted to."
    )
    gain_low: Mapped[float] = mapped_column(
        comment="Least gain over the weighted sum in 95 of 100 resamples of the wanted pictures."
    )
    gain_high: Mapped[float] = mapped_column(comment="Most gain over the weighted sum in these.")
    is_better: Mapped[bool] = mapped_column(comment="Whether it surely beats the weighted sum.")
    fitted_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), comment="When it was fitted.")


class FusionRow(Base):
    """One output of a layer of a learned fusion: its weights for all inputs, the last one the bias."""

    __tablename__ = "fusion_row"
    __table_args__ = ({"schema": PRIVATE_SCHEMA},)

    fusion_id: Mapped[int] = mapped_column(
        ForeignKey(LearnedFusion.fusion_id, ondelete="CASCADE"), primary_key=True
    )
    layer: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    weights: Mapped[Any] = mapped_column(VECTOR(), nullable=False)
