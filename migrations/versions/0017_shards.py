"""Shards: one collection over several servers, asked by a coordinator through dblink."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0017"
down_revision = "0016"

FUNCTIONS = (
    "slot_of",
    "has_shards",
    "refuse_shards",
    "refuse_restricted",
    "ask_shards",
    "shard_answers",
    "distinct_hits",
    "answer_as_shard",
    "answer_of_shards",
    "vector_as_shard",
    "vector_of_shards",
    "content_as_shard",
    "content_of_shards",
    "describe_as_shard",
    "shard_is_locked",
    "refuse_picture",
    "put_as_shard",
    "put_on_shard",
    "remove_as_shard",
    "remove_from_shards",
)


def upgrade() -> None:
    op.create_table(
        "shard",
        sa.Column("shard_id", sa.Integer, sa.Identity(always=True, start=0, minvalue=0), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("server", sa.Text, nullable=False, unique=True),
        sa.Column("added_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("shard_id between 0 and 8191", name="shard_id"),
        sa.CheckConstraint("char_length(name) between 1 and 200", name="name"),
        schema="clipsql_private",
    )
    op.create_table(
        "slot",
        sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("shard_id", sa.Integer, sa.ForeignKey("clipsql_private.shard.shard_id"), nullable=False),
        sa.Column("moved_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("slot between 0 and 1023", name="slot"),
        schema="clipsql_private",
    )
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    op.execute("drop trigger if exists is_coordinator on clipsql.image")
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_table("slot", schema="clipsql_private")
    op.drop_table("shard", schema="clipsql_private")
