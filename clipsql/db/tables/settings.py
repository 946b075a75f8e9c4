"""The table of what an owner sets for all clients, as a SQLAlchemy class."""

from __future__ import annotations

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from clipsql.db.tables.base import Base


class PictureFolder(Base):
    """A folder of local pictures that a web server shows to browsers, written by the owner."""

    __tablename__ = "settings"
    __table_args__ = (
        CheckConstraint(
            "picture_folder ~ '^(/|(/[^/]+)+)$' and picture_folder !~ '/[.]{1,2}(/|$)'", name="picture_folder"
        ),
        # Never javascript: or another host's //..., nor what would end in a query or out of an attribute.
        CheckConstraint(
            "url_prefix ~* '^(https?://[][a-z0-9.:-]+(/[a-z0-9._~!$&()*+,;=:@%/-]*)?"
            "|/([a-z0-9._~!$&()*+,;=:@%-][a-z0-9._~!$&()*+,;=:@%/-]*)?)$'",
            name="url_prefix",
        ),
    )

    picture_folder: Mapped[str] = mapped_column(
        primary_key=True, comment="Path of the folder, without links and without a slash at its end."
    )
    url_prefix: Mapped[str] = mapped_column(
        comment="What stands before the rest of the path: http(s)://host/path, or /path of the page's own host."
    )
