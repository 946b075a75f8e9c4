"""The tables of what `clipsql index tune` found, as SQLAlchemy classes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.pictures import Model


class SearchTuning(Base):
    """How wide index walks must be in one collection (null: in searches over all) to reach a recall."""

    __tablename__ = "search_tuning"
    __table_args__ = (
        UniqueConstraint("model_id", "collection", postgresql_nulls_not_distinct=True),
        CheckConstraint("ef_search between 10 and 1000", name="ef_search"),
        {"schema": PRIVATE_SCHEMA},
    )

    tuning_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    model_id: Mapped[int] = mapped_column(Integer, ForeignKey(Model.model_id, ondelete="CASCADE"))
    collection: Mapped[str | None]
    ef_search: Mapped[int] = mapped_column(Integer)
    target_recall: Mapped[float]
    measured_recall: Mapped[float]
    queries: Mapped[int] = mapped_column(Integer)
    measured_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class SearchCost(Base):
    """What each way to answer a search costs on this server, in microseconds a row."""

    __tablename__ = "search_cost"
    __table_args__ = ({"schema": PRIVATE_SCHEMA},)

    model_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(Model.model_id, ondelete="CASCADE"), primary_key=True
    )
    walk_us: Mapped[float]  # a row of the index passed
    code_us: Mapped[float]  # a code compared
    lookup_us: Mapped[float]  # a match fetched and its vector compared
    measured_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
