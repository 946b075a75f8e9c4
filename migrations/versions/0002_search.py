"""Search: vectors, filters and the nearest pictures."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"

TYPES = ("search_filter", "query_code", "search_strategy", "search_result", "plan_result")
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
    "code_of",
    "write_search_rows",
    "check_bases",
    "keep_search_rows",
    "empty_search_rows",
    "move_search_rows",
    "begin_basis",
    "fill_search_rows",
    "end_basis",
    "drop_search_rows",
    "code_slack",
    "is_narrow",
    "narrow_rows",
    "scan_statement",
    "exact_distances",
    "scan_codes",
    "candidates",
    "compare_statement",
    "walk_length",
    "spread_rows",
    "sample_share",
    "choose_strategy",
    "walk_index",
    "compare_all",
    "compare_plan",
    "find_matches",
    "measure_costs",
    "nearest",
    "search",
    "search_plan",
    "search_similar",
)

# As for alarms: a statement that names a partition fires the triggers of the partition alone.
TRIGGERS = """
    do $triggers$
    declare
        of_table regclass;
    begin
        for of_table in select t.relid from pg_catalog.pg_partition_tree('clipsql.image_embedding') as t loop
            execute format(
                'create trigger search_rows_of_new after insert on %s referencing new table as written
                 for each statement execute function clipsql_private.keep_search_rows()', of_table);
            execute format(
                'create trigger search_rows_of_changed after update on %s
                 referencing new table as written old table as removed
                 for each statement execute function clipsql_private.keep_search_rows()', of_table);
            execute format(
                'create trigger search_rows_of_removed after delete on %s referencing old table as removed
                 for each statement execute function clipsql_private.keep_search_rows()', of_table);
            execute format(
                'create trigger search_rows_of_truncated after truncate on %s
                 for each statement execute function clipsql_private.empty_search_rows()', of_table);
        end loop;
    end
    $triggers$;
    create trigger search_rows_move after update of collection, taken_at, longitude, latitude on clipsql.image
    for each row
    when ((old.collection, old.taken_at, old.longitude, old.latitude)
        is distinct from (new.collection, new.taken_at, new.longitude, new.latitude))
    execute function clipsql_private.move_search_rows();
"""
NO_TRIGGERS = """
    do $triggers$
    declare
        of_table regclass;
    begin
        for of_table in select t.relid from pg_catalog.pg_partition_tree('clipsql.image_embedding') as t loop
            execute format('drop trigger search_rows_of_new on %s', of_table);
            execute format('drop trigger search_rows_of_changed on %s', of_table);
            execute format('drop trigger search_rows_of_removed on %s', of_table);
            execute format('drop trigger search_rows_of_truncated on %s', of_table);
        end loop;
    end
    $triggers$;
    drop trigger search_rows_move on clipsql.image;
"""


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
    op.create_table(
        "search_cost",
        sa.Column(
            "model_id",
            sa.Integer,
            sa.ForeignKey("clipsql.model.model_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("walk_us", sa.Double, nullable=False),
        sa.Column("code_us", sa.Double, nullable=False),
        sa.Column("lookup_us", sa.Double, nullable=False),
        sa.Column("measured_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        schema="clipsql_private",
    )
    op.create_table(
        "code_basis",
        sa.Column("basis_id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "model_id",
            sa.Integer,
            sa.ForeignKey("clipsql.model.model_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("left_out", sa.Double, nullable=False),
        sa.Column("cone", sa.Double, nullable=False),
        sa.Column("learned_from", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, server_default=sa.text("'filling'"), nullable=False),
        sa.Column("changed_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("state in ('filling', 'ready', 'retired')", name="state"),
        schema="clipsql_private",
    )
    op.create_index(None, "code_basis", ["model_id"], schema="clipsql_private")
    op.create_index(
        "code_basis_ready_key",
        "code_basis",
        ["model_id"],
        unique=True,
        postgresql_where=sa.text("state = 'ready'"),
        schema="clipsql_private",
    )
    op.create_table(
        "code_direction",
        sa.Column(
            "basis_id",
            sa.Integer,
            sa.ForeignKey("clipsql_private.code_basis.basis_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("direction", HALFVEC(), nullable=False),
        schema="clipsql_private",
        postgresql_with={"toast_tuple_target": "8160"},
    )
    op.create_table(
        "search_row",
        sa.Column("basis_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("image_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("collection", sa.Text, nullable=False),
        sa.Column("taken_at", pg.TIMESTAMP(timezone=True)),
        sa.Column("longitude", sa.Double),
        sa.Column("latitude", sa.Double),
        sa.Column("left_out", sa.REAL, nullable=False),
        sa.Column("code", HALFVEC(), nullable=False),
        schema="clipsql_private",
        postgresql_partition_by="LIST (basis_id)",
    )
    for name in FUNCTIONS:
        op.create_function(name, version=1)
    op.execute(TRIGGERS)
    op.create_view("index_stats", version=1)


def downgrade() -> None:
    op.drop_view("index_stats")
    op.execute(NO_TRIGGERS)
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    for table in ("search_row", "code_direction", "code_basis", "search_cost"):
        op.drop_table(table, schema="clipsql_private")
    op.drop_table("search_tuning", schema="clipsql_private")
    for name in reversed(TYPES):
        op.drop_type(name)
