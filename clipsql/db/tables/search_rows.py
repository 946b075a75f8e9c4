"""The tables of search rows: what filters look at beside a code of the vector, narrow enough to read them all."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import REAL, BigInteger, Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.pictures import Model


class CodeBasis(Base):
    """The directions by which the vectors of a model are coded, learned from its own pictures."""

    __tablename__ = "code_basis"
    __table_args__ = (
        Index(None, "model_id"),
        Index("code_basis_ready_key", "model_id", unique=True, postgresql_where=text("state = 'ready'")),
        CheckConstraint("state in ('filling', 'ready', 'retired')", name="state"),
        {"schema": PRIVATE_SCHEMA},
    )

    basis_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    model_id: Mapped[int] = mapped_column(Integer, ForeignKey(Model.model_id, ondelete="CASCADE"))
    length: Mapped[int] = mapped_column(Integer)  # of a code
    left_out: Mapped[float]  # share of the squared length that codes left out when it was learned
    cone: Mapped[float]  # length of the mean of the unit vectors: 0 where they lie in all directions
    learned_from: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default=text("'filling'"))
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class CodeDirection(Base):
    """One direction of a basis, of unit length, at right angles to the others; the first is the mean of the vectors."""

    __tablename__ = "code_direction"
    __table_args__ = ({"schema": PRIVATE_SCHEMA, "postgresql_with": {"toast_tuple_target": "8160"}},)

    basis_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(CodeBasis.basis_id, ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    direction: Mapped[Any] = mapped_column(HALFVEC(), nullable=False)


class SearchRow(Base):
    """What a search reads of a picture before its vector. One partition, with its own indexes, for each basis."""

    __tablename__ = "search_row"
    __table_args__ = ({"schema": PRIVATE_SCHEMA, "postgresql_partition_by": "LIST (basis_id)"},)
    __mapper_args__ = {"primary_key": ["image_id", "basis_id"]}  # noqa: RUF012  the key of each partition

    basis_id: Mapped[int] = mapped_column(Integer)
    image_id: Mapped[int] = mapped_column(BigInteger)
    collection: Mapped[str]
    taken_at: Mapped[dt.datetime | None]
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    left_out: Mapped[float] = mapped_column(REAL)  # length of what the code leaves out
    code: Mapped[Any] = mapped_column(HALFVEC(), nullable=False)
