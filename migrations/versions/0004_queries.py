"""Queries: terms joined in one search, near-identical pictures folded, percentiles."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql as pg

revision = "0004"
down_revision = "0003"

FUNCTIONS = (
    "percentile_sample_size",
    "farthest_distance",
    "percentile_basis",
    "share_lower",
    "share_error",
    "nearest_to_all",
    "distinct_images",
    "nearest_distinct",
    "result_rows",
    "answer",
    "parse_query",
    "search_vectors",
    "query_vectors",
    "search_query",
)


def upgrade() -> None:
    op.create_table(
        "percentile_sample",
        sa.Column("percentile_sample_id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "model_id",
            sa.Integer,
            sa.ForeignKey("clipsql.model.model_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("collection", sa.Text),
        sa.Column("pictures", sa.BigInteger, nullable=False),
        sa.Column(
            "basis_id",
            sa.Integer,
            sa.ForeignKey("clipsql_private.code_basis.basis_id", ondelete="SET NULL"),
        ),
        sa.Column("sampled_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.UniqueConstraint("model_id", "collection", postgresql_nulls_not_distinct=True),
        schema="clipsql_private",
    )
    op.create_table(
        "percentile_sample_embedding",
        sa.Column(
            "percentile_sample_id",
            sa.Integer,
            sa.ForeignKey("clipsql_private.percentile_sample.percentile_sample_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("embedding", HALFVEC(), nullable=False),
        schema="clipsql_private",
        postgresql_with={"toast_tuple_target": "8160"},
    )
    op.create_index(None, "percentile_sample", ["basis_id"], schema="clipsql_private")
    op.create_index(None, "percentile_sample_embedding", ["image_id"], schema="clipsql_private")
    op.create_table(
        "percentile_sample_code",
        sa.Column(
            "percentile_sample_id",
            sa.Integer,
            sa.ForeignKey("clipsql_private.percentile_sample.percentile_sample_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("code", HALFVEC(), nullable=False),
        schema="clipsql_private",
    )
    op.create_index(None, "percentile_sample_code", ["image_id"], schema="clipsql_private")
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    for name in ("percentile_sample_code", "percentile_sample_embedding", "percentile_sample"):
        op.drop_table(name, schema="clipsql_private")
