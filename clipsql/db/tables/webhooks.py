"""The tables of who is told of alarms, and of what he is still to be told, as SQLAlchemy classes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.watches import Alert


class Webhook(Base):
    """An address to which a role has alarms posted."""

    __tablename__ = "webhook"
    __table_args__ = (UniqueConstraint("owner", "address"), {"schema": PRIVATE_SCHEMA})

    webhook_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    owner: Mapped[str]
    address: Mapped[str]


class Delivery(Base):
    """An alarm that a webhook is still to be told of: written with the alarm, gone once it was taken.

    `is_dead` after so many failures that it is not tried again by itself.
    """

    __tablename__ = "delivery"
    __table_args__ = (Index(None, "alert_id"), {"schema": PRIVATE_SCHEMA})

    webhook_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(Webhook.webhook_id, ondelete="CASCADE"), primary_key=True
    )
    alert_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(Alert.alert_id, ondelete="CASCADE"), primary_key=True
    )
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_try_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    failure: Mapped[str | None]
    is_dead: Mapped[bool] = mapped_column(server_default=text("false"))
