"""Querysets of models whose tables are attached: searched by what their pictures show."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self, Unpack, cast

from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.db.models import FloatField, Manager, QuerySet
from django.db.models.expressions import Col
from django.db.models.sql import Query
from django.db.models.sql.constants import INNER
from sqlalchemy.dialects.postgresql import psycopg, psycopg2
from sqlalchemy.sql.expression import ColumnElement

from clipsql.db.calls.arguments import SearchOptions
from clipsql.db.calls.rows import row_arguments

Sql = tuple[str, list[Any]]
"""Text with %s for its parameters, and these."""


class PictureQuerySet(QuerySet):
    """Any queryset of a model with an attached table, which can be searched."""

    def search_pictures(
        self,
        query: str | None,
        *,
        url_column: str | None = None,
        query_vector: Sequence[float] | None = None,
        **options: Unpack[SearchOptions],
    ) -> Self:
        """Rows whose pictures a text describes, each with its `similarity`, nearest first: clipsql.search_rows.

        They are the max_results nearest (10) of those that all filters of the queryset leave, before this call or
        after it. What is said of `similarity`, of aggregates or of window functions cuts them off afterwards.
        `query_vector` stands for a query that the database cannot embed. Raises TypeError for an option that there
        is not; what the database refuses is a DatabaseError with its words.
        """
        self._not_support_combined_queries("search_pictures")
        if self.query.is_sliced:
            raise TypeError("Cannot search a queryset once a slice has been taken.")
        if any(isinstance(join, _Matches) for join in self.query.alias_map.values()):
            raise TypeError("A queryset is searched once; add the texts as vectors to search by several.")
        arguments = row_arguments(query, options, url_column=url_column, query_vector=query_vector)
        found = self._chain()
        found.query.get_initial_alias()
        alias = found.query.join(_Matches(found.query, [_compiled(argument) for argument in arguments]))
        similarity = FloatField()
        similarity.column = "similarity"
        found = found.annotate(similarity=Col(alias, similarity))
        return cast(Self, found.order_by("-similarity", "pk"))


PictureManager = Manager.from_queryset(PictureQuerySet, class_name="PictureManager")
"""A manager whose querysets can be searched."""


class _Matches:
    """What clipsql.search_rows finds, joined with the table of a query: an entry of its alias_map, as Django has them.

    Only when SQL is made of it are all filters known that narrow the search.
    """

    table_name = "matches"
    table_alias = table_name
    join_type = INNER
    nullable = False
    filtered_relation = None

    def __init__(self, query: Query, arguments: list[Sql]) -> None:
        self.parent_alias = query.base_table
        self._arguments = arguments

    def relabeled_clone(self, change_map: Mapping[str, str]) -> _Matches:
        other = copy.copy(self)
        other.parent_alias = change_map.get(self.parent_alias, self.parent_alias)
        other.table_alias = change_map.get(self.table_alias, self.table_alias)
        return other

    def as_sql(self, compiler: Any, connection: Any) -> Sql:
        if connection.vendor != "postgresql":
            raise NotSupportedError("clipsql searches PostgreSQL alone.")
        meta = compiler.query.get_meta()
        quote = connection.ops.quote_name
        alias, parent = map(compiler.quote_name_unless_alias, (self.table_alias, self.parent_alias))
        keys = [quote(field.column) for field in meta.pk_fields]
        arguments = self._arguments + self._only_rows(compiler.query, connection)
        given = ", ".join(text for text, _ in arguments)
        fields = ", ".join(f"(s.item).{key} as key_{number}" for number, key in enumerate(keys))
        on = " and ".join(f"{alias}.key_{number} = {parent}.{key}" for number, key in enumerate(keys))
        call = f"clipsql.search_rows(null::{quote(meta.db_table)}, {given})"
        text = f"{self.join_type} (select {fields}, s.similarity from {call} as s) {alias} on ({on})"  # noqa: S608
        return text, [parameter for _, parameters in arguments for parameter in parameters]

    def _only_rows(self, query: Query, connection: Any) -> list[Sql]:
        """The argument that narrows the search to the rows that the query's own conditions leave, if it has some."""
        where = query.where
        kept = [
            condition
            for condition in ([where] if where.negated or where.connector != "AND" else where.children)
            if self._is_of_rows(condition, query)
        ]
        if not kept:
            return []
        rows = query.clone()
        rows.alias_refcount[self.table_alias] = 0
        rows.where = where.__class__(kept)
        rows.clear_select_clause()
        rows.clear_ordering(force=True)
        rows.clear_limits()
        rows.group_by = None
        rows.distinct = True
        rows.distinct_fields = ()
        rows.select_for_update = False
        rows.select = tuple(Col(self.parent_alias, field) for field in query.get_meta().pk_fields)
        try:
            text, parameters = rows.get_compiler(connection=connection).as_sql()
        except EmptyResultSet:
            return [("only_rows => '{}'", [])]
        names = [f"key_{number}" for number, _ in enumerate(rows.select)]
        key = ", ".join(f"k.{name}::text" for name in names)
        key = key if len(names) == 1 else f"array[{key}]"
        text = f"only_rows => array(select {key} from ({text}) as k({', '.join(names)}))"  # noqa: S608
        return [(text, list(parameters))]

    def _is_of_rows(self, condition: Any, query: Query) -> bool:
        """Whether a condition can be decided for a row without its matches and without the other rows."""
        return not (
            condition.contains_aggregate
            or condition.contains_over_clause
            or any(
                column.alias == self.table_alias
                for column in query._gen_cols([condition], include_external=True)
            )
        )


def _compiled(argument: ColumnElement[Any]) -> Sql:
    """An argument as text for the driver that Django has."""
    dialect = (psycopg if is_psycopg3 else psycopg2).dialect(paramstyle="format")
    compiled = argument.compile(dialect=dialect)
    values = compiled.construct_params()
    parameters = []
    for name in compiled.positiontup or ():
        process = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        parameters.append(process(values[name]) if process else values[name])
    return str(compiled), parameters
