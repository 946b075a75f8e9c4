"""Alembic operations for objects that live in files of `sql/`: `op.create_function("search", version=1)`."""

from __future__ import annotations

from typing import Any

from alembic.operations import MigrateOperation, Operations

from clipsql import assets


class RunSql(MigrateOperation):
    """One statement text, sent as it is."""

    def __init__(self, statement: str) -> None:
        self.statement = statement


@Operations.register_operation("create_function")
class CreateFunction(RunSql):
    """Create a function from its versioned file."""

    @classmethod
    def create_function(cls, operations: Operations, name: str, *, version: int) -> Any:
        """Run the file NAME_vNN.sql in sql/functions."""
        return operations.invoke(cls(assets.sql_file("functions", name, version).read_text("utf-8")))


@Operations.register_operation("drop_function")
class DropFunction(RunSql):
    """Drop a function; names are unique in the schema, so arguments need not be given."""

    @classmethod
    def drop_function(cls, operations: Operations, name: str) -> Any:
        """Drop the function that the file NAME_vNN.sql made."""
        return operations.invoke(cls(f"drop function {assets.qualified_name('functions', name)}"))


@Operations.register_operation("create_view")
class CreateView(RunSql):
    """Create a view from its versioned file."""

    @classmethod
    def create_view(cls, operations: Operations, name: str, *, version: int) -> Any:
        """Run the file NAME_vNN.sql in sql/views."""
        return operations.invoke(cls(assets.sql_file("views", name, version).read_text("utf-8")))


@Operations.register_operation("drop_view")
class DropView(RunSql):
    """Drop a view."""

    @classmethod
    def drop_view(cls, operations: Operations, name: str) -> Any:
        """Drop the view that the file NAME_vNN.sql made."""
        return operations.invoke(cls(f"drop view {assets.qualified_name('views', name)}"))


@Operations.implementation_for(CreateFunction)
@Operations.implementation_for(DropFunction)
@Operations.implementation_for(CreateView)
@Operations.implementation_for(DropView)
def _run(operations: Operations, operation: RunSql) -> None:
    # Straight to psycopg: SQLAlchemy would double every '%' of format() and read ':name' as a parameter.
    driver_connection = operations.get_bind().connection.driver_connection
    assert driver_connection is not None
    driver_connection.execute(operation.statement)
