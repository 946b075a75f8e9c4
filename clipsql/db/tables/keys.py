"""The table of who may ask over HTTP, as a SQLAlchemy class."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base


class ApiKey(Base):
    """A key of "clipsql serve": who shows it asks as a role. Of the key itself only its SHA-256 is kept."""

    __tablename__ = "api_key"
    __table_args__ = (UniqueConstraint("name"), {"schema": PRIVATE_SCHEMA})

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
