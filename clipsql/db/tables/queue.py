"""The table of pictures that wait for a worker, as a SQLAlchemy class."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, Integer

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.pictures import Image, Model


class QueuedPicture(Base):
    """A picture that waits to be embedded under a model, or under any; `is_checked` once its content was looked at.

    `is_fresh` ones come first.

    `file_to_read` is the local file that an ingest asks workers to read, in the bytes of the file system. Here, not in
    `image`, because who may write pictures may not thereby have a worker read files of its machine.
    """

    __tablename__ = "queue"
    __table_args__ = (
        UniqueConstraint("image_id", "model_id"),
        # A worker's own, of one collection or of all, oldest first. What a lease changes stands in no index.
        Index(None, "model_id", "collection", "queue_id"),
        # What somebody wrote a moment ago, before all that was there.
        Index("queue_fresh_idx", "model_id", "queue_id", postgresql_where=text("is_fresh")),
        {"schema": PRIVATE_SCHEMA, "postgresql_with": {"fillfactor": "40"}},
    )

    queue_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey(Image.image_id, ondelete="CASCADE"))
    collection: Mapped[str]
    model_id: Mapped[int | None] = mapped_column(ForeignKey(Model.model_id, ondelete="SET NULL"))
    is_checked: Mapped[bool] = mapped_column(server_default=text("false"))
    is_fresh: Mapped[bool] = mapped_column(server_default=text("false"))
    file_to_read: Mapped[bytes | None]
    lost_workers: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    leased_by: Mapped[str | None]
    leased_until: Mapped[dt.datetime | None]
