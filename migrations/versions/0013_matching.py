"""Matching: what models that look at pictures again were asked, and what they answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0013"
down_revision = "0012"

FUNCTIONS = ("itm_score", "filtered_images")


def _keys() -> list[sa.Column[object]]:
    return [
        sa.Column(
            "query_id",
            sa.Integer,
            sa.ForeignKey("clipsql.model_query.query_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            primary_key=True,
        ),
    ]


def upgrade() -> None:
    op.create_table(
        "model_query",
        sa.Column("query_id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("asked_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("kind in ('match', 'describe', 'answer')", name="kind"),
        sa.CheckConstraint("octet_length(query) <= 2000", name="query"),
        sa.UniqueConstraint("kind", "model", "revision", "query"),
        schema="clipsql",
    )
    op.create_table(
        "model_answer",
        *_keys(),
        sa.Column("answer", sa.Text),
        sa.Column("score", sa.Double),
        sa.Column("answered_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        schema="clipsql",
    )
    op.create_table(
        "model_task",
        *_keys(),
        sa.Column("leased_by", sa.Text),
        sa.Column("leased_until", pg.TIMESTAMP(timezone=True)),
        sa.Column("error", sa.Text),
        schema="clipsql_private",
    )
    for table, schema in (("model_answer", "clipsql"), ("model_task", "clipsql_private")):
        op.create_index(None, table, ["image_id"], schema=schema)
    op.create_view("picture_answer", version=1)
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_view("picture_answer")
    op.drop_table("model_task", schema="clipsql_private")
    op.drop_table("model_answer", schema="clipsql")
    op.drop_table("model_query", schema="clipsql")
