"""The tables behind attached tables, as SQLAlchemy classes: what is attached, what changed, which picture a row has."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import OID, REGCLASS, UUID
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, Integer, SmallInteger

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.pictures import Model


class Attachment(Base):
    """A table of somebody else whose rows have pictures; `source_oid` is where the numbers of its columns are right."""

    __tablename__ = "attachment"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    attachment_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    source: Mapped[str] = mapped_column(REGCLASS)
    source_oid: Mapped[int] = mapped_column(OID)
    source_name: Mapped[str]
    link: Mapped[str]
    collection: Mapped[str]
    url_prefix: Mapped[str | None]
    may_read_files: Mapped[bool] = mapped_column(server_default=text("false"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey(Model.model_id, ondelete="SET NULL"))
    added_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    reconciled_at: Mapped[dt.datetime | None]


class AttachedColumn(Base):
    """A column of an attached table and what it says; `key_name` is its name in the link table."""

    __tablename__ = "attached_column"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    attachment_id: Mapped[int] = mapped_column(
        ForeignKey(Attachment.attachment_id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    role: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str]
    number: Mapped[int] = mapped_column(SmallInteger)
    type: Mapped[str]
    key_name: Mapped[str | None]


class AttachmentProblem(Base):
    """What went wrong with an attachment. No foreign key: whoever notes it waits for nobody."""

    __tablename__ = "attachment_problem"
    __table_args__ = (Index(None, "attachment_id"), {"schema": PRIVATE_SCHEMA})

    problem_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    attachment_id: Mapped[int] = mapped_column(Integer)
    problem: Mapped[str]
    noted_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Link(Base):
    """The picture of a row: what all link tables share, and, read as a whole, all links there are.

    `facts` is a digest of what the row said when it was read, `is_ours` false for a picture that was there before.
    """

    __tablename__ = "link"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so
    __mapper_args__ = {"primary_key": ["image_id"]}  # noqa: RUF012  each link table has the key of its source

    image_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The picture; null when the row says what no picture can be."
    )
    is_ours: Mapped[bool] = mapped_column(comment="Whether the picture came by attached rows alone.")
    facts: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), comment="Digest of what the row said of its picture."
    )
    changed_at: Mapped[dt.datetime] = mapped_column(
        server_default=func.now(), comment="When that was read from the row."
    )
    attempts: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="How often the picture was tried again."
    )
    retry_at: Mapped[dt.datetime | None] = mapped_column(
        comment="When a picture that failed is tried again; null for one that did not."
    )
    problem: Mapped[str | None] = mapped_column(comment="What went wrong last, if something did.")


class ChangedRow(Base):
    """A note of a writer that a row changed: what the tables of notes share, each with the key of its source."""

    __tablename__ = "changed_row"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so
    __mapper_args__ = {"primary_key": ["changed_at"]}  # noqa: RUF012  nobody looks for one

    changed_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    is_fresh: Mapped[bool] = mapped_column(server_default=text("false"))
