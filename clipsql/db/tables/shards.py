"""The tables of a coordinator, whose pictures lie on other servers, as SQLAlchemy classes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base


class Shard(Base):
    """A database that holds a part of the pictures; its foreign server says where, a user mapping as whom.

    Its pictures are numbered from `shard_id` times 2^40 on, so that numbers differ over all shards; that of one that
    was removed comes to no other, for its pictures may lie elsewhere by now.
    """

    __tablename__ = "shard"
    __table_args__ = (
        CheckConstraint("shard_id between 0 and 8191", name="shard_id"),
        CheckConstraint("char_length(name) between 1 and 200", name="name"),
        {"schema": PRIVATE_SCHEMA},
    )

    shard_id: Mapped[int] = mapped_column(
        Integer, Identity(always=True, start=0, minvalue=0), primary_key=True
    )
    name: Mapped[str] = mapped_column(unique=True)
    server: Mapped[str] = mapped_column(unique=True)
    added_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Slot(Base):
    """One of the 1,024 parts of all pictures, and the shard where it lies since `moved_at`."""

    __tablename__ = "slot"
    __table_args__ = (CheckConstraint("slot between 0 and 1023", name="slot"), {"schema": PRIVATE_SCHEMA})

    slot: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    shard_id: Mapped[int] = mapped_column(ForeignKey(Shard.shard_id))
    moved_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
