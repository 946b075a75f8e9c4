"""Video: pictures that are frames of videos, and searches for moments."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

FUNCTIONS = ("moments", "search_moments")


def upgrade() -> None:
    op.create_table(
        "video_frame",
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("video", sa.Text, nullable=False),
        sa.Column("video_sha256", sa.LargeBinary, nullable=False),
        sa.Column("sampling", sa.Text, nullable=False),
        sa.Column("from_s", sa.Double, nullable=False),
        sa.Column("until_s", sa.Double, nullable=False),
        sa.Column("is_last", sa.Boolean, nullable=False),
        sa.CheckConstraint("octet_length(video_sha256) = 32", name="video_sha256"),
        sa.CheckConstraint("from_s >= 0 and until_s > from_s and until_s < 'infinity'", name="seconds"),
        schema="clipsql",
    )
    op.create_index(
        "video_frame_video_idx",
        "video_frame",
        [sa.text("clipsql.url_digest(video)"), "from_s"],
        schema="clipsql",
    )
    op.create_type("moment_result", version=1)
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_type("moment_result")
    op.drop_table("video_frame", schema="clipsql")
