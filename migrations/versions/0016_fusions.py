"""Learned fusions: how a picture and a text become one vector to search with, learned from what was meant."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import VECTOR
from sqlalchemy.dialects import postgresql as pg

revision = "0016"
down_revision = "0015"

FUNCTIONS = ("fuse", "find_fusion")


def upgrade() -> None:
    op.create_table(
        "fusion",
        sa.Column("fusion_id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "model_id",
            sa.Integer,
            sa.ForeignKey("clipsql.model.model_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("picture_weight", sa.Double, nullable=False),
        sa.Column("text_weight", sa.Double, nullable=False),
        sa.Column("examples", sa.Integer, nullable=False),
        sa.Column("average_rank", sa.Double, nullable=False),
        sa.Column("weighted_sum_rank", sa.Double, nullable=False),
        sa.Column("fusion_rank", sa.Double, nullable=False),
        sa.Column("gain_low", sa.Double, nullable=False),
        sa.Column("gain_high", sa.Double, nullable=False),
        sa.Column("is_better", sa.Boolean, nullable=False),
        sa.Column("fitted_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.UniqueConstraint("model_id", "name"),
        sa.CheckConstraint("char_length(name) between 1 and 200", name="name"),
        sa.CheckConstraint("name !~ '^(weighted sum|mean similarity|minimum similarity)$'", name="reserved"),
        schema="clipsql",
    )
    op.create_table(
        "fusion_row",
        sa.Column(
            "fusion_id",
            sa.Integer,
            sa.ForeignKey("clipsql.fusion.fusion_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("layer", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("weights", VECTOR(), nullable=False),
        schema="clipsql_private",
    )
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_table("fusion_row", schema="clipsql_private")
    op.drop_table("fusion", schema="clipsql")
