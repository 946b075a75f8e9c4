"""Search: vectors, filters and the nearest pictures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"

TYPES = ("search_filter", "search_strategy", "search_result", "plan_result")
FUNCTIONS = (
    "most",
    "check_most",
    "check_weight",
    "check_terms",
    "caller",
    "keeps_tenants_apart",
    "sees_all",
    "asks_as_tenant",
    "is_restricted",
    "is_plain_condition",
    "condition_for",
    "read_policies",
    "visible_images",
    "own_collection",
    "resolve_model",
    "image_vector",
    "mix",
    "distance_m",
    "place_boxes",
    "joined_images",
    "make_filter",
    "read_path",
    "check_path",
    "conditions",
    "index_is_usable",
    "check_query",
    "check_limits",
    "effective_conditions",
    "candidates",
    "compare_statement",
    "walk_length",
    "spread_rows",
    "sample_share",
    "choose_strategy",
    "walk_index",
    "choose_and_walk",
    "compare_all",
    "compare_plan",
    "nearest",
    "search",
    "search_plan",
    "search_similar",
)


def upgrade() -> None:
    for name in TYPES:
        op.create_type(name, version=1)
    op.create_table(
        "search_tuning",
        sa.Column("tuning_id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "model_id",
            sa.Integer,
            sa.ForeignKey("clipsql.model.model_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("collection", sa.Text),
        sa.Column("ef_search", sa.Integer, nullable=False),
        sa.Column("target_recall", sa.Double, nullable=False),
        sa.Column("measured_recall", sa.Double, nullable=False),
        sa.Column("queries", sa.Integer, nullable=False),
        sa.Column("measured_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.UniqueConstraint("model_id", "collection", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("ef_search between 10 and 1000", name="ef_search"),
        schema="clipsql_private",
    )
    for name in FUNCTIONS:
        op.create_function(name, version=1)
    op.create_view("index_stats", version=1)


def downgrade() -> None:
    op.drop_view("index_stats")
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_table("search_tuning", schema="clipsql_private")
    for name in reversed(TYPES):
        op.drop_type(name)
