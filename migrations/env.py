"""Alembic's entry: run the migrations on the connection that clipsql.db.migrating passes in."""

from alembic import context
from alembic.operations import Operations

import clipsql.db.schema.operations  # noqa: F401  registers op.create_function and the like
from clipsql.db.schema.migrating import ALEMBIC_OPTIONS
from clipsql.db.tables import base

of_extension = context.config.attributes.get("of_extension", False)
context.configure(
    connection=context.config.attributes.get("connection"),
    dialect_name="postgresql",  # for a script, which knows no connection
    dialect_opts={"paramstyle": "named"},
    target_metadata=base.Base.metadata,
    transactional_ddl=not of_extension,  # whose script runs in a transaction already
    **ALEMBIC_OPTIONS,
)
with context.begin_transaction(), Operations.context(context.get_context()) as op:
    if context.is_offline_mode() and not of_extension:
        op.prepare_database()  # type: ignore[attr-defined]
    context.run_migrations()
    # Here and not in the steps: what was lost since is granted again, and a comment that reads better needs no step.
    op.describe_tables()  # type: ignore[attr-defined]
    op.grant_lost_rights()  # type: ignore[attr-defined]
    op.keep_tenants_apart()  # type: ignore[attr-defined]
