"""Serving: keys that stand for roles, for those who ask over HTTP."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("created_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        schema="clipsql_private",
    )


def downgrade() -> None:
    op.drop_table("api_key", schema="clipsql_private")
