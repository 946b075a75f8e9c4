"""The tables of schema `clipsql` as SQLAlchemy 2.0 classes.

They have a metadata of their own, so an application's `create_all` or Alembic never touches them, and they
work in any session: refer to them by attribute (`ForeignKey(Image.image_id)`) or class (`relationship(Image)`).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import BigInteger, Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base


class Model(Base):
    """One embedding model: its images and texts share one vector space."""

    __tablename__ = "model"
    __table_args__ = (
        CheckConstraint("dimensions between 1 and 4000", name="dimensions"),  # what HNSW on halfvec can index
        Index("model_is_default_key", "is_default", unique=True, postgresql_where=text("is_default")),
    )

    model_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    location: Mapped[str]
    revision: Mapped[str]
    dimensions: Mapped[int] = mapped_column(Integer)
    logit_scale: Mapped[float]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    added_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Image(Base):
    """One picture: where it is, what is known of it, and how far its ingest has come."""

    __tablename__ = "image"
    __table_args__ = (
        Index("image_collection_url_key", "collection", text("clipsql.url_digest(url)"), unique=True),
        CheckConstraint("status in ('pending', 'embedded', 'failed')", name="status"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("jsonb_typeof(metadata) = 'object'", name="metadata"),
        CheckConstraint(
            "(longitude is null) = (latitude is null)"
            " and longitude between -180 and 180 and latitude between -90 and 90",
            name="place",
        ),
        Index(None, "taken_at"),
        Index(
            "image_metadata_idx",
            "metadata",
            postgresql_using="gin",
            postgresql_ops={"metadata": "jsonb_path_ops"},
        ),
        Index("image_place_idx", literal_column("point(longitude, latitude)"), postgresql_using="gist"),
        Index("image_sha256_idx", "sha256", postgresql_using="hash"),
    )

    image_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    collection: Mapped[str]
    url: Mapped[str]
    file: Mapped[str | None]
    sha256: Mapped[bytes | None]
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    format: Mapped[str | None]
    taken_at: Mapped[dt.datetime | None]
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    error: Mapped[str | None]
    added_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    failure: Mapped[str | None]

    captions: Mapped[list[Caption]] = relationship(
        back_populates="image", cascade="all, delete-orphan", passive_deletes=True
    )
    embeddings: Mapped[list[ImageEmbedding]] = relationship(
        back_populates="image", cascade="all, delete-orphan", passive_deletes=True
    )


class Thumbnail(Base):
    """A small JPEG of a picture, for pages that must work when the picture itself is gone."""

    __tablename__ = "thumbnail"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True)
    jpeg: Mapped[bytes]
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)


class Fingerprint(Base):
    """What a picture looks like in 64 bits: those of near-identical pictures differ in few."""

    __tablename__ = "fingerprint"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True)
    perceptual_hash: Mapped[int] = mapped_column(BigInteger)


class Caption(Base):
    """One caption of a picture, with its words for full-text search."""

    __tablename__ = "caption"
    __table_args__ = (
        Index(None, "image_id"),
        Index("caption_words_idx", "words", postgresql_using="gin"),
    )

    caption_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"))
    body: Mapped[str]
    language: Mapped[str] = mapped_column(server_default=text("'en'"))
    words: Mapped[str] = mapped_column(
        TSVECTOR, Computed("clipsql_private.caption_words(body, language)", persisted=True), deferred=True
    )

    image: Mapped[Image] = relationship(back_populates="captions")


class ImageEmbedding(Base):
    """A picture under a model: one unit-length vector. One partition, with its own HNSW index, for each model."""

    __tablename__ = "image_embedding"
    __table_args__ = ({"postgresql_partition_by": "LIST (model_id)"},)

    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey(Model.model_id, ondelete="CASCADE"), primary_key=True)
    # Without a dimension: partitions share one column type, and every model has its own dimensions.
    embedding: Mapped[Any] = mapped_column(HALFVEC(), nullable=False)

    image: Mapped[Image] = relationship(back_populates="embeddings")


class CaptionEmbedding(Base):
    """A caption under a model: one unit-length vector. Partitioned as `ImageEmbedding` is."""

    __tablename__ = "caption_embedding"
    __table_args__ = ({"postgresql_partition_by": "LIST (model_id)"},)

    caption_id: Mapped[int] = mapped_column(
        ForeignKey(Caption.caption_id, ondelete="CASCADE"), primary_key=True
    )
    model_id: Mapped[int] = mapped_column(ForeignKey(Model.model_id, ondelete="CASCADE"), primary_key=True)
    embedding: Mapped[Any] = mapped_column(HALFVEC(), nullable=False)
