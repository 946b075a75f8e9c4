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

    model_id: Mapped[int] = mapped_column(
        Integer,
        Identity(always=True),
        primary_key=True,
        comment="Number of the model, given by the database.",
    )
    name: Mapped[str] = mapped_column(unique=True, comment="Name by which the argument model finds it.")
    location: Mapped[str | None] = mapped_column(
        comment="Where its files come from: a folder, or a name on the Hugging Face hub; null for a vector space"
        " whose vectors come from elsewhere."
    )
    revision: Mapped[str | None] = mapped_column(
        comment="Which state of its files the stored vectors were made with; null for a vector space."
    )
    dimensions: Mapped[int] = mapped_column(Integer, comment="Length of its vectors.")
    logit_scale: Mapped[float] = mapped_column(
        comment="Factor from cosines to the logits of zero-shot labels, as the model learned it."
    )
    is_default: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether it answers where no model is named; at most one does."
    )
    added_at: Mapped[dt.datetime] = mapped_column(
        server_default=func.now(), comment="When the model was added."
    )


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
        Index(
            "image_place_idx",
            literal_column("point(longitude, latitude)"),
            postgresql_using="gist",
            postgresql_where=text("longitude is not null"),
        ),
        Index("image_sha256_idx", "sha256", postgresql_using="hash"),
    )

    image_id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Number of the picture, given by the database.",
    )
    collection: Mapped[str] = mapped_column(comment="Name of the collection that the picture belongs to.")
    url: Mapped[str] = mapped_column(
        comment="Address of the picture, on the web or file://; stands once in a collection."
    )
    file: Mapped[str | None] = mapped_column(comment="Local file that holds the picture, if there is one.")
    sha256: Mapped[bytes | None] = mapped_column(
        comment="SHA-256 of the file's bytes; null until it was read."
    )
    width: Mapped[int | None] = mapped_column(Integer, comment="Width in pixels, upright.")
    height: Mapped[int | None] = mapped_column(Integer, comment="Height in pixels, upright.")
    format: Mapped[str | None] = mapped_column(comment="Format of the file, such as JPEG or PNG.")
    taken_at: Mapped[dt.datetime | None] = mapped_column(
        comment="When the picture was taken, by its list or its EXIF."
    )
    longitude: Mapped[float | None] = mapped_column(
        comment="Where it was taken: degrees east, WGS 84, -180 to 180."
    )
    latitude: Mapped[float | None] = mapped_column(
        comment="Where it was taken: degrees north, WGS 84, -90 to 90."
    )
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata",
        server_default=text("'{}'"),
        comment="Whatever else the picture's list said of it, a JSON object.",
    )
    status: Mapped[str] = mapped_column(
        server_default=text("'pending'"),
        comment="How far its ingest has come: pending, embedded or failed.",
    )
    failure: Mapped[str | None] = mapped_column(
        comment="Class of what went wrong, such as timeout or decode; null unless failed."
    )
    error: Mapped[str | None] = mapped_column(comment="What went wrong, in words; null unless failed.")
    added_at: Mapped[dt.datetime] = mapped_column(
        server_default=func.now(), comment="When the picture became known to the system."
    )

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
    """What a picture looks like in few pixels, enough to tell a copy from another photograph of the same thing."""

    __tablename__ = "fingerprint"
    __table_args__ = (
        CheckConstraint("octet_length(pixels) = 1964", name="pixels"),
        {"schema": PRIVATE_SCHEMA},
    )

    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True)
    pixels: Mapped[bytes]


class Caption(Base):
    """One caption of a picture, with its words for full-text search."""

    __tablename__ = "caption"
    __table_args__ = (
        Index(None, "image_id"),
        Index("caption_words_idx", "words", postgresql_using="gin"),
    )

    caption_id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Number of the caption, given by the database; a picture's first caption has the least.",
    )
    image_id: Mapped[int] = mapped_column(
        ForeignKey(Image.image_id, ondelete="CASCADE"), comment="The picture that it describes."
    )
    body: Mapped[str] = mapped_column(comment="The caption itself.")
    language: Mapped[str] = mapped_column(
        server_default=text("'en'"),
        comment="Its language, such as en or zh; decides how its words are found.",
    )
    words: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed("clipsql_private.caption_words(body, language, source)", persisted=True),
        deferred=True,
        comment="Its words for full-text search, made from body and language.",
    )
    source: Mapped[str | None] = mapped_column(
        comment="Null for what a person said; of a model, model: and its name."
    )

    image: Mapped[Image] = relationship(back_populates="captions")


class ImageEmbedding(Base):
    """A picture under a model: one unit-length vector. One partition, with its own HNSW index, for each model."""

    __tablename__ = "image_embedding"
    __table_args__ = ({"postgresql_partition_by": "LIST (model_id)"},)
    __mapper_args__ = {"primary_key": ["image_id", "model_id"]}  # noqa: RUF012  the key of each partition

    image_id: Mapped[int] = mapped_column(
        ForeignKey(Image.image_id, ondelete="CASCADE"), comment="The picture."
    )
    model_id: Mapped[int] = mapped_column(
        ForeignKey(Model.model_id, ondelete="CASCADE"), comment="The model."
    )
    # Without a dimension: partitions share one column type, and every model has its own dimensions.
    embedding: Mapped[Any] = mapped_column(
        HALFVEC(), nullable=False, comment="The picture's vector, of unit length, in half precision."
    )

    image: Mapped[Image] = relationship(back_populates="embeddings")


class CaptionEmbedding(Base):
    """A caption under a model: one unit-length vector. Partitioned as image_embedding is."""

    __tablename__ = "caption_embedding"
    __table_args__ = ({"postgresql_partition_by": "LIST (model_id)"},)
    __mapper_args__ = {"primary_key": ["caption_id", "model_id"]}  # noqa: RUF012  the key of each partition

    caption_id: Mapped[int] = mapped_column(
        ForeignKey(Caption.caption_id, ondelete="CASCADE"), comment="The caption."
    )
    model_id: Mapped[int] = mapped_column(
        ForeignKey(Model.model_id, ondelete="CASCADE"), comment="The model."
    )
    embedding: Mapped[Any] = mapped_column(
        HALFVEC(), nullable=False, comment="The caption's vector, of unit length, in half precision."
    )
