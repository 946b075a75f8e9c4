"""Regions: parts of pictures with vectors of their own, as SQLAlchemy classes."""

from __future__ import annotations

from typing import Any

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, Integer

from clipsql.db.tables.base import Base
from clipsql.db.tables.pictures import Image, Model

BOX = (
    "cardinality(box) = 4 and array_ndims(box) = 1 and array_position(box, null) is null"
    " and box[1] >= 0 and box[2] >= 0 and box[3] >= 1 and box[4] >= 1 and 10000000 >= all (box)"
)


class ImageRegion(Base):
    """A part of a picture that is searched by itself: a detector's box, or a tile."""

    __tablename__ = "image_region"
    __table_args__ = (
        CheckConstraint(BOX, name="box"),
        CheckConstraint("char_length(label) between 1 and 200", name="label"),
        CheckConstraint("score between 0 and 1", name="score"),
        UniqueConstraint("image_id", "box", "label", postgresql_nulls_not_distinct=True),
        # What the vectors of a region refer to, so that they name its picture, too.
        UniqueConstraint("region_id", "image_id"),
        Index(None, "label"),
    )

    region_id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Number of the region, given by the database.",
    )
    image_id: Mapped[int] = mapped_column(
        ForeignKey(Image.image_id, ondelete="CASCADE"), comment="The picture that it is a part of."
    )
    box: Mapped[list[int]] = mapped_column(
        ARRAY(Integer),
        comment="Where it is, in pixels of the upright picture: {x, y, width, height} from the upper left corner.",
    )
    label: Mapped[str | None] = mapped_column(
        comment="What is there, as who found it calls it; null: nobody said."
    )
    score: Mapped[float | None] = mapped_column(comment="How sure a detector was, 0 to 1; null: nobody said.")
    is_tile: Mapped[bool] = mapped_column(
        server_default=text("false"),
        comment="Whether it is a tile of a grid over the picture, and no detector's box.",
    )
    error: Mapped[str | None] = mapped_column(
        comment="Why it cannot be embedded; null when nothing is wrong."
    )


class RegionEmbedding(Base):
    """A region under a model: one unit-length vector. Partitioned as image_embedding is."""

    __tablename__ = "region_embedding"
    __table_args__ = (
        ForeignKeyConstraint(
            ["region_id", "image_id"], [ImageRegion.region_id, ImageRegion.image_id], ondelete="CASCADE"
        ),
        {"postgresql_partition_by": "LIST (model_id)"},
    )
    __mapper_args__ = {"primary_key": ["region_id", "model_id"]}  # noqa: RUF012  the key of each partition

    region_id: Mapped[int] = mapped_column(BigInteger, comment="The region.")
    model_id: Mapped[int] = mapped_column(
        ForeignKey(Model.model_id, ondelete="CASCADE"), comment="The model."
    )
    image_id: Mapped[int] = mapped_column(BigInteger, comment="The picture that the region is a part of.")
    embedding: Mapped[Any] = mapped_column(
        HALFVEC(), nullable=False, comment="The region's vector, of unit length, in half precision."
    )
