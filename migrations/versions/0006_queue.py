"""Queue: which pictures wait for which model, and which worker has them in hand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0006"
down_revision = "0005"

FUNCTIONS = ("queue_picture", "move_queued_picture")
TRIGGERS = ("image_is_queued", "image_is_moved")


def upgrade() -> None:
    op.create_table(
        "queue",
        sa.Column("queue_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("collection", sa.Text, nullable=False),
        sa.Column("model_id", sa.Integer, sa.ForeignKey("clipsql.model.model_id", ondelete="SET NULL")),
        sa.Column("is_checked", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("is_fresh", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("file_to_read", sa.LargeBinary),
        sa.Column("lost_workers", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("leased_by", sa.Text),
        sa.Column("leased_until", pg.TIMESTAMP(timezone=True)),
        sa.UniqueConstraint("image_id", "model_id"),
        schema="clipsql_private",
        # Room for the leases of a page's rows beside them: their updates then touch no index.
        postgresql_with={"fillfactor": "40"},
    )
    op.create_index(None, "queue", ["model_id", "collection", "queue_id"], schema="clipsql_private")
    op.create_index(
        "queue_fresh_idx",
        "queue",
        ["model_id", "queue_id"],
        postgresql_where=sa.text("is_fresh"),
        schema="clipsql_private",
    )
    for name in FUNCTIONS:
        op.create_function(name, version=1)
    op.execute(
        """
        create constraint trigger image_is_queued
        after insert or update of status on clipsql.image deferrable initially deferred
        for each row when (new.status = 'pending' and not clipsql_private.is_restoring())
        execute function clipsql_private.queue_picture()
        """
    )
    op.execute(
        """
        create trigger image_is_moved
        after update of collection on clipsql.image
        for each row when (new.collection <> old.collection)
        execute function clipsql_private.move_queued_picture()
        """
    )


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"drop trigger {name} on clipsql.image")
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_table("queue", schema="clipsql_private")
