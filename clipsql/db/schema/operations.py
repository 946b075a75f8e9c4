"""Alembic operations for objects that live in files of `sql/`: `op.create_function("search", version=1)`.

Each step has its reverse: what `op.create_function` made `op.drop_function` takes away, and of
`op.replace_function("search", version=2)` it is `op.replace_function("search", version=1)`.
"""

from __future__ import annotations

from typing import Any

from alembic.operations import MigrateOperation, Operations

from clipsql import assets
from clipsql.db.schema.describing import describe_tables
from clipsql.db.schema.preparing import PREPARATION
from clipsql.db.schema.rights import GRANT_LOST_RIGHTS, KEEP_TENANTS_APART


class RunSql(MigrateOperation):
    """One statement text, sent as it is."""

    def __init__(self, statement: str) -> None:
        self.statement = statement


@Operations.register_operation("create_function", "create_function")
@Operations.register_operation("replace_function", "replace_function")
@Operations.register_operation("drop_function", "drop_function")
@Operations.register_operation("create_view", "create_view")
@Operations.register_operation("replace_view", "replace_view")
@Operations.register_operation("drop_view", "drop_view")
@Operations.register_operation("create_type", "create_type")
@Operations.register_operation("replace_type", "replace_type")
@Operations.register_operation("drop_type", "drop_type")
class RunFile(RunSql):
    """Make, replace or drop what the file NAME_vNN.sql in sql/functions, sql/views or sql/types makes.

    To replace keeps what depends on it, users' views included, or refuses and names what cannot be kept.
    """

    @classmethod
    def create_function(cls, operations: Operations, name: str, *, version: int) -> Any:
        """Create a function."""
        return operations.invoke(cls(_definition("functions", name, version)))

    @classmethod
    def replace_function(cls, operations: Operations, name: str, *, version: int) -> Any:
        """Replace a function, whatever changes in its arguments and results."""
        return operations.invoke(cls(replacement("functions", name, version)))

    @classmethod
    def drop_function(cls, operations: Operations, name: str) -> Any:
        """Drop a function; names are unique in the schema, so arguments need not be given."""
        return operations.invoke(cls(f"drop function {assets.qualified_name('functions', name)}"))

    @classmethod
    def create_view(cls, operations: Operations, name: str, *, version: int) -> Any:
        """Create a view."""
        return operations.invoke(cls(_definition("views", name, version)))

    @classmethod
    def replace_view(cls, operations: Operations, name: str, *, version: int) -> Any:
        """Replace a view, whatever changes in its columns."""
        return operations.invoke(cls(replacement("views", name, version)))

    @classmethod
    def drop_view(cls, operations: Operations, name: str) -> Any:
        """Drop a view."""
        return operations.invoke(cls(f"drop view {assets.qualified_name('views', name)}"))

    @classmethod
    def create_type(cls, operations: Operations, name: str, *, version: int) -> Any:
        """Create a composite type."""
        return operations.invoke(cls(_definition("types", name, version)))

    @classmethod
    def replace_type(cls, operations: Operations, name: str, *, version: int) -> Any:
        """Replace a composite type, and make the functions that take or give it anew."""
        return operations.invoke(cls(replacement("types", name, version)))

    @classmethod
    def drop_type(cls, operations: Operations, name: str) -> Any:
        """Drop a composite type."""
        return operations.invoke(cls(f"drop type {assets.qualified_name('types', name)}"))


@Operations.register_operation("describe_tables")
class DescribeTables(RunSql):
    """Comment on schemas, tables and columns as their classes say."""

    @classmethod
    def describe_tables(cls, operations: Operations) -> Any:
        """Bring the comments of all tables that are there up to date."""
        return operations.invoke(cls(describe_tables()))


@Operations.register_operation("grant_lost_rights")
class GrantLostRights(RunSql):
    """Give the roles what they should have and lack."""

    @classmethod
    def grant_lost_rights(cls, operations: Operations) -> Any:
        """Grant what `clipsql.db.schema.rights` says, on all that is there."""
        return operations.invoke(cls(GRANT_LOST_RIGHTS))


@Operations.register_operation("keep_tenants_apart")
class KeepTenantsApart(RunSql):
    """Keep tenants apart where they were: functions made anew run as their callers."""

    @classmethod
    def keep_tenants_apart(cls, operations: Operations) -> Any:
        """Run `clipsql.enable_tenants()` again where it was on."""
        return operations.invoke(cls(KEEP_TENANTS_APART))


@Operations.register_operation("prepare_database")
class PrepareDatabase(RunSql):
    """Prepare a database for the first step, in a script."""

    @classmethod
    def prepare_database(cls, operations: Operations) -> Any:
        """Make the extension, the role and the schemas where they are missing."""
        return operations.invoke(cls(PREPARATION))


def replacement(kind: str, name: str, version: int) -> str:
    """Statement that brings a function, view or type to the definition of a file and keeps what depends on it."""
    return (
        f"select clipsql_private.replace_object('{kind.removesuffix('s')}', '{assets.qualified_name(kind, name)}',"
        f" $definition$\n{_definition(kind, name, version)}$definition$)"
    )


def _definition(kind: str, name: str, version: int) -> str:
    return assets.sql_file(kind, name, version).read_text("utf-8")


@Operations.implementation_for(RunSql)
def _run(operations: Operations, operation: RunSql) -> None:
    context = operations.get_context()
    if context.as_sql:
        context.impl.static_output(operation.statement.rstrip().removesuffix(";") + ";\n")
        return
    # Straight to psycopg: SQLAlchemy would double every '%' of format() and read ':name' as a parameter.
    driver_connection = operations.get_bind().connection.driver_connection
    assert driver_connection is not None
    driver_connection.execute(operation.statement)
