"""The tables of the pictures that stand for a collection when percentiles are told, as SQLAlchemy classes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.pictures import Image, Model
from clipsql.db.tables.search_rows import CodeBasis


class PercentileSample(Base):
    """A collection under a model (null: all pictures under it) that is too large to be compared as a whole."""

    __tablename__ = "percentile_sample"
    __table_args__ = (
        UniqueConstraint("model_id", "collection", postgresql_nulls_not_distinct=True),
        Index(None, "basis_id"),
        {"schema": PRIVATE_SCHEMA},
    )

    percentile_sample_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    model_id: Mapped[int] = mapped_column(Integer, ForeignKey(Model.model_id, ondelete="CASCADE"))
    collection: Mapped[str | None]
    pictures: Mapped[int] = mapped_column(BigInteger)
    basis_id: Mapped[int | None] = mapped_column(Integer, ForeignKey(CodeBasis.basis_id, ondelete="SET NULL"))
    sampled_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class PercentileSampleEmbedding(Base):
    """One picture of the sample, with a copy of its vector beside the others': a search reads them all."""

    __tablename__ = "percentile_sample_embedding"
    __table_args__ = (
        Index(None, "image_id"),
        # As for text towers: a vector stays in its page.
        {"schema": PRIVATE_SCHEMA, "postgresql_with": {"toast_tuple_target": "8160"}},
    )

    percentile_sample_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(PercentileSample.percentile_sample_id, ondelete="CASCADE"), primary_key=True
    )
    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True)
    embedding: Mapped[Any] = mapped_column(HALFVEC(), nullable=False)


class PercentileSampleCode(Base):
    """One picture of the sample by its code under the sample's basis: all are read for the few that may be near."""

    __tablename__ = "percentile_sample_code"
    __table_args__ = (Index(None, "image_id"), {"schema": PRIVATE_SCHEMA})

    percentile_sample_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(PercentileSample.percentile_sample_id, ondelete="CASCADE"), primary_key=True
    )
    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True)
    code: Mapped[Any] = mapped_column(HALFVEC(), nullable=False)
