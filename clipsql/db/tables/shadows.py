"""The tables of how models embed pictures: beside the default one, in vain, in which number format."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.pictures import Image, Model


class Shadow(Base):
    """A model that pictures of a collection (null: of all) are embedded under, whatever model they came in by.

    Until `kept_until`, or until it is retired. `pace`, in pictures a second, is that by which what waits became less
    until `noted_at`.
    """

    __tablename__ = "shadow"
    __table_args__ = (
        UniqueConstraint("model_id", "collection", postgresql_nulls_not_distinct=True),
        {"schema": PRIVATE_SCHEMA},
    )

    shadow_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    model_id: Mapped[int] = mapped_column(Integer, ForeignKey(Model.model_id, ondelete="CASCADE"))
    collection: Mapped[str | None]
    begun_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    kept_until: Mapped[dt.datetime | None]
    noted_at: Mapped[dt.datetime | None]
    noted_waiting: Mapped[int | None] = mapped_column(BigInteger)
    pace: Mapped[float | None]


class Unembedded(Base):
    """A picture that is embedded, and that could not be had or read to embed it under this model too."""

    __tablename__ = "unembedded"
    __table_args__ = (Index(None, "image_id"), {"schema": PRIVATE_SCHEMA})

    model_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(Model.model_id, ondelete="CASCADE"), primary_key=True
    )
    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True)
    failure: Mapped[str]
    error: Mapped[str]
    failed_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class EncodedWith(Base):
    """The number format that a model's stored vectors were made in."""

    __tablename__ = "encoded_with"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    model_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(Model.model_id, ondelete="CASCADE"), primary_key=True
    )
    dtype: Mapped[str]
