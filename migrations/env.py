"""Alembic's entry: run the migrations on the connection that clipsql.db.migrating passes in."""

from alembic import context

import clipsql.db.schema.operations  # noqa: F401  registers op.create_function and the like
from clipsql.db.schema.migrating import ALEMBIC_OPTIONS
from clipsql.db.tables import base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=base.Base.metadata, **ALEMBIC_OPTIONS
)
with context.begin_transaction():
    context.run_migrations()
