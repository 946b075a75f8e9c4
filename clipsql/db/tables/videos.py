"""Which moments of videos pictures are, as a SQLAlchemy class."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from clipsql.db.tables.base import Base
from clipsql.db.tables.pictures import Image


class VideoFrame(Base):
    """A picture that is a frame of a video: from which second until which the video looks so."""

    __tablename__ = "video_frame"
    __table_args__ = (
        CheckConstraint("octet_length(video_sha256) = 32", name="video_sha256"),
        CheckConstraint("from_s >= 0 and until_s > from_s and until_s < 'infinity'", name="seconds"),
        # By the digest of its address, which may be too long for an index.
        Index("video_frame_video_idx", text("clipsql.url_digest(video)"), "from_s"),
    )

    image_id: Mapped[int] = mapped_column(
        ForeignKey(Image.image_id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="The picture, whose url is that of the video and the second.",
    )
    video: Mapped[str] = mapped_column(comment="Address of the video that it is a frame of.")
    video_sha256: Mapped[bytes] = mapped_column(comment="SHA-256 of the bytes of the video's file.")
    sampling: Mapped[str] = mapped_column(
        comment="Which of its frames were taken: every 1 s, keyframes or scenes."
    )
    from_s: Mapped[float] = mapped_column(comment="Where it begins, in seconds since the video begins.")
    until_s: Mapped[float] = mapped_column(
        comment="Where the next frame begins that looks otherwise, or the video ends."
    )
    is_last: Mapped[bool] = mapped_column(
        comment="Whether the video ends with it, so that all of it was read."
    )
