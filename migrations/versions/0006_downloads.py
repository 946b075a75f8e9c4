"""Downloads: rows as a queue with leases, classes of failure, content that is known by its hash, thumbnails."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0006"
down_revision = "0005"

COLUMNS: dict[str, type[sa.types.TypeEngine[object]] | sa.types.TypeEngine[object]] = {
    "failure": sa.Text,  # the class of `error`: dns, timeout, not_found ...
    "perceptual_hash": sa.BigInteger,  # 64 bits that hardly differ between pictures that look the same
    "checked_at": pg.TIMESTAMP(timezone=True),  # when the content was last looked at; null asks a worker to
    "pending_model_id": sa.Integer,  # the model that a pending picture waits for; null: any worker's
    "leased_by": sa.Text,  # the worker that has the pending picture in hand
    "leased_until": pg.TIMESTAMP(timezone=True),  # from then on another worker may take it
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("image", sa.Column(name, kind), schema="clipsql")
    # Workers that let their lease run out with this pending picture in hand: they died, perhaps of it.
    op.add_column(
        "image",
        sa.Column("lost_workers", sa.Integer, server_default=sa.text("0"), nullable=False),
        schema="clipsql",
    )
    op.create_foreign_key(
        "image_pending_model_id_fkey",
        "image",
        "model",
        ["pending_model_id"],
        ["model_id"],
        source_schema="clipsql",
        referent_schema="clipsql",
        ondelete="SET NULL",
    )
    op.create_check_constraint(
        "lease", "image", "leased_until is null or status = 'pending'", schema="clipsql"
    )
    op.create_index("image_sha256_idx", "image", ["sha256"], postgresql_using="hash", schema="clipsql")
    op.create_index(
        "image_pending_idx",
        "image",
        ["collection", "image_id"],
        postgresql_where=sa.text("status = 'pending'"),
        schema="clipsql",
    )
    op.create_table(
        "thumbnail",
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        schema="clipsql",
    )


def downgrade() -> None:
    op.drop_table("thumbnail", schema="clipsql")
    for index in ("image_pending_idx", "image_sha256_idx"):
        op.drop_index(index, "image", schema="clipsql")
    for name in ("lost_workers", *reversed(COLUMNS)):
        op.drop_column("image", name, schema="clipsql")
