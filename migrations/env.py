"""Alembic's entry: run the migrations on the connection that clipsql.db.migrating passes in."""

from alembic import context

import clipsql.db.migration_operations  # noqa: F401  registers op.create_function and the like
from clipsql.db.migrating import ALEMBIC_OPTIONS
from clipsql.db.orm import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, **ALEMBIC_OPTIONS
)
with context.begin_transaction():
    context.run_migrations()
