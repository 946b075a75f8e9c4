"""Changing the model: pictures are embedded under two, which are compared, and one takes the other's place."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"

FUNCTIONS = (
    "kept_models",
    "queue_for_shadows",
    "queue_missing",
    "rank_biased_overlap",
    "found_images",
    "compare_models",
)
VIEWS = ("model_change", "model_failure")

# On each partition, too: a statement that writes to one fires no others. New ones get them from add_partitions.
# A shadow begins as a watch does, between the transactions that write pictures: none is overlooked.
TRIGGERS = """
    do $triggers$
    declare
        of_table regclass;
    begin
        for of_table in
            select t.relid from unnest('{clipsql.image_embedding,clipsql.caption_embedding}'::regclass[]) as e(whole)
            cross join lateral pg_catalog.pg_partition_tree(e.whole) as t
        loop
            execute format(
                'create trigger shadows_of_new after insert on %s referencing new table as written
                 for each statement execute function clipsql_private.queue_for_shadows()', of_table);
        end loop;
    end
    $triggers$;
    create trigger shadow_begins before insert on clipsql_private.shadow
    for each statement when (not clipsql_private.is_restoring())
    execute function clipsql_private.begin_watch();
"""
NO_TRIGGERS = """
    do $triggers$
    declare
        of_table regclass;
    begin
        for of_table in
            select t.relid from unnest('{clipsql.image_embedding,clipsql.caption_embedding}'::regclass[]) as e(whole)
            cross join lateral pg_catalog.pg_partition_tree(e.whole) as t
        loop
            execute format('drop trigger shadows_of_new on %s', of_table);
        end loop;
    end
    $triggers$;
    drop trigger shadow_begins on clipsql_private.shadow;
"""


def _model_id(*, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        "model_id",
        sa.Integer,
        sa.ForeignKey("clipsql.model.model_id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def upgrade() -> None:
    op.create_table(
        "shadow",
        sa.Column("shadow_id", sa.Integer, sa.Identity(always=True), primary_key=True),
        _model_id(),
        sa.Column("collection", sa.Text),
        sa.Column("begun_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("kept_until", pg.TIMESTAMP(timezone=True)),
        sa.Column("noted_at", pg.TIMESTAMP(timezone=True)),
        sa.Column("noted_waiting", sa.BigInteger),
        sa.Column("pace", sa.Double),
        sa.UniqueConstraint("model_id", "collection", postgresql_nulls_not_distinct=True),
        schema="clipsql_private",
    )
    op.create_table(
        "unembedded",
        _model_id(primary_key=True),
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("failure", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("failed_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        schema="clipsql_private",
    )
    op.create_index(None, "unembedded", ["image_id"], schema="clipsql_private")
    op.create_table(
        "encoded_with",
        _model_id(primary_key=True),
        sa.Column("dtype", sa.Text, nullable=False),
        schema="clipsql_private",
    )
    op.create_type("comparison_result", version=1)
    for name in FUNCTIONS:
        op.create_function(name, version=1)
    for name in VIEWS:
        op.create_view(name, version=1)
    op.execute(TRIGGERS)


def downgrade() -> None:
    op.execute(NO_TRIGGERS)
    for name in reversed(VIEWS):
        op.drop_view(name)
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_type("comparison_result")
    for table in ("encoded_with", "unembedded", "shadow"):
        op.drop_table(table, schema="clipsql_private")
