"""Queries: terms joined in one search, near-identical pictures folded, percentiles."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql as pg

revision = "0004"
down_revision = "0003"

FUNCTIONS = (
    "_background_size",
    "_farthest_distance",
    "_background",
    "_share_lower",
    "_share_error",
    "_nearest_to_all",
    "_distinct",
    "_nearest_distinct",
    "_search",
    "_parse_query",
    "search_vectors",
    "search_query",
)


def upgrade() -> None:
    op.create_table(
        "background",
        sa.Column("background_id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "model_id",
            sa.Integer,
            sa.ForeignKey("clipsql.model.model_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("collection", sa.Text),
        sa.Column("pictures", sa.BigInteger, nullable=False),
        sa.Column("sampled_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.UniqueConstraint("model_id", "collection", postgresql_nulls_not_distinct=True),
        schema="clipsql",
    )
    op.create_table(
        "background_embedding",
        sa.Column(
            "background_id",
            sa.Integer,
            sa.ForeignKey("clipsql.background.background_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("embedding", HALFVEC(), nullable=False),
        schema="clipsql",
        postgresql_with={"toast_tuple_target": "8160"},
    )
    op.create_index(None, "background_embedding", ["image_id"], schema="clipsql")
    op.execute("grant select on all tables in schema clipsql to clipsql_reader")
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    for name in ("background_embedding", "background"):
        op.drop_table(name, schema="clipsql")
