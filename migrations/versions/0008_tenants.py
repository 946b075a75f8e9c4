"""Tenants kept apart: row-level security on all that hangs on a picture, and searches that go by it."""

from alembic import op

revision = "0008"
down_revision = "0007"

FUNCTIONS = (
    "own_tables",
    "drop_tenant_policies",
    "keep_apart",
    "tenant_doors",
    "switch_doors",
    "enable_tenants",
    "disable_tenants",
)


def upgrade() -> None:
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    op.execute("select clipsql.disable_tenants()")
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
