"""Attaching: tables that are there already get picture search, kept up to date."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0009"
down_revision = "0008"

FUNCTIONS = (
    "key_list",
    "same_key",
    "base_type",
    "json_of_column",
    "picture_address",
    "file_of_address",
    "attached_table",
    "url_column_of",
    "note_problem",
    "note_statement",
    "check_whole_table",
    "queue_attached_picture",
    "apply_changed_rows",
    "find_changed_rows",
    "retry_failed_rows",
    "check_rights_to_attach",
    "key_of_table",
    "choose_columns",
    "choose_target",
    "make_triggers",
    "hand_over",
    "attach",
    "attachments_of",
    "reattach",
    "detach",
    "attached_rows",
    "given_keys",
    "search_rows",
    "count_attached_rows",
)
TABLES = ("attachment", "attached_column", "attachment_problem", "link", "changed_row")


def _timestamp(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, pg.TIMESTAMP(timezone=True), **options)


def _now(name: str) -> sa.Column[object]:
    return _timestamp(name, server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("attachment_id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("source", pg.REGCLASS, nullable=False),
        sa.Column("source_oid", pg.OID, nullable=False),
        sa.Column("source_name", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("collection", sa.Text, nullable=False),
        sa.Column("url_prefix", sa.Text),
        sa.Column("may_read_files", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("model_id", sa.Integer, sa.ForeignKey("clipsql.model.model_id", ondelete="SET NULL")),
        _now("added_at"),
        _timestamp("reconciled_at"),
        schema="clipsql_private",
    )
    op.create_table(
        "attached_column",
        sa.Column(
            "attachment_id",
            sa.Integer,
            sa.ForeignKey("clipsql_private.attachment.attachment_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("number", sa.SmallInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("key_name", sa.Text),
        schema="clipsql_private",
    )
    op.create_table(
        "attachment_problem",
        sa.Column("problem_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("attachment_id", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        _now("noted_at"),
        schema="clipsql_private",
    )
    op.create_index(None, "attachment_problem", ["attachment_id"], schema="clipsql_private")
    # Empty themselves: each attachment has two that inherit from them, with the key of its source.
    op.create_table(
        "link",
        sa.Column("image_id", sa.BigInteger),
        sa.Column("is_ours", sa.Boolean, nullable=False),
        sa.Column("facts", pg.UUID, nullable=False),
        _now("changed_at"),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        _timestamp("retry_at"),
        sa.Column("problem", sa.Text),
        schema="clipsql_private",
    )
    op.create_table(
        "changed_row",
        _now("changed_at"),
        sa.Column("is_fresh", sa.Boolean, server_default=sa.text("false"), nullable=False),
        schema="clipsql_private",
    )
    op.create_type("attached_table", version=1)
    for name in FUNCTIONS:
        op.create_function(name, version=1)
    op.create_view("attachment_status", version=1)


def downgrade() -> None:
    op.execute(
        """
        select clipsql.detach(a.source, keep_pictures => true)
        from (select distinct source from clipsql_private.attachment) as a
        """
    )
    op.drop_view("attachment_status")
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_type("attached_table")
    for name in reversed(TABLES):
        op.drop_table(name, schema="clipsql_private")
