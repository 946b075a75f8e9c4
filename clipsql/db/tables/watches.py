"""The tables of watches and their alarms, as SQLAlchemy classes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, INTERVAL
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.pictures import Image, Model


class Watch(Base):
    """One watch: what is looked for in pictures to come. clipsql.watch makes and changes it."""

    __tablename__ = "watch_list"
    __table_args__ = (UniqueConstraint("name"), Index(None, "model_id"))

    watch_id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Number of the watch, given by the database.",
    )
    name: Mapped[str] = mapped_column(comment="What it is called.")
    owner: Mapped[str] = mapped_column(comment="The role that made it, and alone changes it.")
    model_id: Mapped[int | None] = mapped_column(
        Integer,
        ForeignKey(Model.model_id, ondelete="SET NULL"),
        comment="The model whose embeddings it compares; null: that model was removed, so it raises nothing.",
    )
    query: Mapped[str | None] = mapped_column(comment="The query that it is for.")
    images: Mapped[list[int] | None] = mapped_column(
        ARRAY(BigInteger), comment="Stored pictures that it is for, or that its query names."
    )
    filters: Mapped[dict[str, Any]] = mapped_column(
        comment="Its filters by the names that they have in a search."
    )
    timezone: Mapped[str] = mapped_column(comment="Time zone of its days and times of day.")
    alarms_per_day: Mapped[float | None] = mapped_column(
        comment="How many alarms a day were asked for, if that was."
    )
    min_percentile: Mapped[float | None] = mapped_column(
        comment="Which percentile was asked for, if that was."
    )
    min_similarity: Mapped[float] = mapped_column(
        comment="Pictures at least as similar raise an alarm; asked for, or found in the pictures that were there."
    )
    alarms_low: Mapped[float | None] = mapped_column(
        comment="Least alarms of a day to come, in 95 of 100 cases; null unless a rate was asked for."
    )
    alarms_high: Mapped[float | None] = mapped_column(
        comment="Most alarms of a day to come, in 95 of 100 cases; null unless a rate was asked for."
    )
    once_per: Mapped[dt.timedelta | None] = mapped_column(
        INTERVAL,
        comment="Length of the periods, counted from midnight, in which alarms are one; null: none are.",
    )
    once_per_key: Mapped[str | None] = mapped_column(
        comment="Key of the metadata of which each value has an alarm of its own."
    )
    is_paused: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether it raises nothing at present."
    )
    problem: Mapped[str | None] = mapped_column(
        comment="Why alarms could not be raised, when last they could not; null: all is well."
    )
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), comment="When it was made.")


class WatchVector(Base):
    """A vector of a watch, with what raising an alarm needs to know: it is one join of new pictures with this table."""

    __tablename__ = "watch_vector"
    __table_args__ = (
        Index(None, "watch_id"),
        # As for text towers: a vector stays in its page.
        {"schema": PRIVATE_SCHEMA, "postgresql_with": {"toast_tuple_target": "8160"}},
    )

    model_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(Model.model_id, ondelete="CASCADE"), primary_key=True
    )
    watch_id: Mapped[int] = mapped_column(ForeignKey(Watch.watch_id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    embedding: Mapped[Any] = mapped_column(HALFVEC(), nullable=False)
    min_similarity: Mapped[float]
    is_paused: Mapped[bool] = mapped_column(server_default=text("false"))


class Alert(Base):
    """One alarm: a watch and the picture that raised it. Rows come with the picture's embedding, in its transaction."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("watch_id", "image_id"),
        UniqueConstraint("watch_id", "occasion"),
        Index(None, "image_id"),
    )

    alert_id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Number of the alarm, given by the database.",
    )
    watch_id: Mapped[int] = mapped_column(
        ForeignKey(Watch.watch_id, ondelete="CASCADE"), comment="The watch that raised it."
    )
    image_id: Mapped[int] = mapped_column(
        ForeignKey(Image.image_id, ondelete="CASCADE"), comment="The picture; it raises an alarm once."
    )
    similarity: Mapped[float] = mapped_column(comment="Cosine of the picture with what is looked for.")
    percentile: Mapped[float | None] = mapped_column(
        comment="Share of the collection, of 100, that scored lower then; null for a watch of several pictures."
    )
    raised_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), comment="When it was raised.")
    repeats: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="How many further pictures fell into the same period."
    )
    verdict: Mapped[bool | None] = mapped_column(
        comment="Whether it was right, as clipsql.judge_alert was told; null: nobody has said."
    )
    occasion: Mapped[bytes | None] = mapped_column(
        comment="Digest of period, collection and key, which its repeats share; null where nothing is folded."
    )


class Repeat(Base):
    """A picture that raised no alarm of its own, because its occasion had one."""

    __tablename__ = "repeat"
    __table_args__ = (Index(None, "image_id"), Index(None, "alert_id"), {"schema": PRIVATE_SCHEMA})

    watch_id: Mapped[int] = mapped_column(ForeignKey(Watch.watch_id, ondelete="CASCADE"), primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey(Alert.alert_id, ondelete="CASCADE"))


class Verdict(Base):
    """Whether a picture is what a query looks for, as somebody said who looked at it; matches are counted by these."""

    __tablename__ = "verdict"
    __table_args__ = (Index(None, "image_id"), {"schema": PRIVATE_SCHEMA})

    query_digest: Mapped[bytes] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"), primary_key=True)
    is_right: Mapped[bool]
    judged_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
