"""Tell how a database differs from what this clipsql makes, as lines for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from clipsql import assets
from clipsql.db.schema.facts import Facts, Thing, catalog_facts, run_as_owner
from clipsql.db.schema.rights import right_differences
from clipsql.db.statements import driver_connection
from clipsql.db.tables.base import PRIVATE_SCHEMA, SCHEMA, Base

_UPGRADE = 'run "clipsql db upgrade"'
_RESTORE = "restore it from a dump, or ingest again into a fresh database"
_FOLDERS = ("types", "views", "functions")
_LONGEST_VALUE = 60
"""Longer values, such as bodies, are not told."""


@dataclass(frozen=True)
class Difference:
    """A thing that is missing, not expected, or not as expected in one fact: `says` what and the remedy, in one line.

    `file` is the folder and name of the file in sql/ that mends it, if one does.
    """

    thing: Thing
    says: str
    fact: str | None = None
    file: tuple[str, str] | None = None


def schema_differences(connection: Connection) -> list[str]:
    """One line for each difference, with the remedy. The search path must be that of an upgrade."""
    found = object_differences(connection)
    return [
        *(difference.says for difference in found),
        *right_differences(connection),
        *([] if found else _unusable_hnsw_indexes(connection)),  # they read the tables
        *([] if found else _unwatched_tables(connection)),
    ]


def object_differences(connection: Connection) -> list[Difference]:
    """How functions, views, types, tables, columns, constraints and indexes differ from what files and models make."""
    found = catalog_facts(connection, SCHEMA) | catalog_facts(connection, PRIVATE_SCHEMA)
    expected = _expected_facts(connection)
    return [
        *(
            difference
            for thing in sorted(expected, key=str)
            for difference in _compared(thing, expected, found)
        ),
        *(
            Difference(thing, f"{thing} is not expected; {_removal(thing)}")
            for thing in sorted(found.keys() - expected.keys(), key=str)
            # An index more is the owner's own affair; parts go with their whole.
            if thing.kind != "index" and (thing.owner is None or _whole(thing) in _wholes(expected))
        ),
    ]


def _expected_facts(connection: Connection) -> Facts:
    """What the files and models make, made aside in the session's temporary schema: nobody sees it or waits for it.

    Where a file needs what the database lacks, which is a difference of its own, nothing is expected of it.
    """
    driver = driver_connection(connection)
    with connection.begin_nested() as aside:
        connection.execution_options(schema_translate_map={SCHEMA: "pg_temp", PRIVATE_SCHEMA: "pg_temp"})
        Base.metadata.create_all(connection, checkfirst=False)
        connection.execution_options(schema_translate_map={})
        for folder, name in _files():
            kind = folder.removesuffix("s")
            head = rf"^((?:create (?:or replace )?{kind}|comment on (?:{kind}|column)) )clipsql\w*\.{name}\b"
            text = assets.newest_sql_files(folder)[name].read_text("utf-8")
            try:
                with driver.transaction():
                    driver.execute(re.sub(head, rf"\1pg_temp.{name}", text, flags=re.MULTILINE).encode())
            except psycopg.Error:
                continue
        temporary = connection.exec_driver_sql("select pg_my_temp_schema()::regnamespace::text").scalar_one()
        facts = catalog_facts(connection, temporary)
        aside.rollback()
    schemas = _schemas()
    found = {
        thing._replace(schema=schemas[thing.owner or thing.name]): value for thing, value in facts.items()
    }
    for thing in run_as_owner(connection) & found.keys():
        found[thing]["security"] = "definer"
    return found


def _schemas() -> dict[str, str]:
    """Schema of every table, type, view and function, by name: names are unique over both."""
    made = {name: assets.qualified_name(folder, name).split(".")[0] for folder, name in _files()}
    return made | {table.name: str(table.schema) for table in Base.metadata.sorted_tables}


def _files() -> list[tuple[str, str]]:
    """Folder and name of what the files in sql/ make."""
    return [(folder, name) for folder in _FOLDERS for name in assets.newest_sql_files(folder)]


def _file(thing: Thing) -> tuple[str, str] | None:
    """Folder and name of the file that makes a thing, or the view or type that a column belongs to."""
    return next((key for key in _files() if key[1] == (thing.owner or thing.name)), None)


def _whole(thing: Thing) -> tuple[str, str]:
    return thing.schema, thing.owner or thing.name


def _wholes(facts: Facts) -> set[tuple[str, str]]:
    return {_whole(thing) for thing in facts if thing.owner is None}


def _compared(thing: Thing, expected: Facts, found: Facts) -> Iterator[Difference]:
    if thing not in found:
        if thing.owner is None or _whole(thing) in _wholes(found):
            yield Difference(thing, f"{thing} is missing; {_making(thing, expected)}", file=_file(thing))
        return
    for fact, wanted in expected[thing].items():
        if found[thing][fact] != wanted:
            values = (_told(found[thing][fact]), _told(wanted))
            told = f" is {values[0]}, expected {values[1]}" if None not in values else " is not as expected"
            says = f"{thing}: {fact}{told}; {_change(thing, fact, expected)}"
            yield Difference(thing, says, fact=fact, file=_file(thing))


def _told(value: str | None) -> str | None:
    """A value in a line for people; None when it is too long for one."""
    if value is None:
        return "none"
    return value if len(value) <= _LONGEST_VALUE and "\n" not in value else None


def _making(thing: Thing, expected: Facts) -> str:
    """The remedy for a thing that is missing."""
    if _file(thing):
        return _UPGRADE
    definition = _qualified(expected[thing].get("definition") or "")
    if thing.kind == "index":
        return f"run: {definition}"
    if thing.kind == "constraint":
        return f"run: alter table {thing.schema}.{thing.owner} add constraint {thing.name} {definition}"
    return _RESTORE


def _change(thing: Thing, fact: str, expected: Facts) -> str:
    """The remedy for a thing that is not as expected."""
    if _file(thing) or fact == "comment":
        return _UPGRADE
    wanted = expected[thing][fact]
    column = f"run: alter table {thing.schema}.{thing.owner} alter {thing.name}"
    match thing.kind, fact:
        case "index", _:
            return f"run: drop index {thing.schema}.{thing.name}; {_qualified(wanted or '')}"
        case "constraint", _:
            return f"{_removal(thing)}, add constraint {thing.name} {_qualified(wanted or '')}"
        case "column", "type":
            return f"{column} type {wanted}"
        case "column", "nullability":
            return f"{column} {'set' if wanted == 'not null' else 'drop'} not null"
        case "column", "default" if expected[thing]["kind"] == "plain":
            return f"{column} {'drop default' if wanted is None else f'set default {_qualified(wanted)}'}"
    return _RESTORE


def _removal(thing: Thing) -> str:
    """The remedy for a thing that is not expected."""
    if thing.owner is not None:
        return f"run: alter table {thing.schema}.{thing.owner} drop {thing.kind} {thing.name}"
    return "drop it, or move it to a schema of your own"


def _qualified(definition: str) -> str:
    """A definition of an index or constraint with the schemas of the table and the functions that it names."""
    schemas = _schemas()
    return re.sub(
        r"\b(?<!\.)((?:ON|REFERENCES) (?=\w)|(?=\w+\())(\w+)",
        lambda found: f"{found[1]}{schemas[found[2]]}.{found[2]}" if found[2] in schemas else found[0],
        definition,
    )


def _unusable_hnsw_indexes(connection: Connection) -> list[str]:
    """Partitions with rows, whose HNSW index is missing or invalid: searches are right, but slow."""
    return list(
        connection.execute(
            sa.text(
                """
                select format('index %s is %s', clipsql_private.hnsw_index_name(t.name, m.model_id),
                              case when x.indexrelid is null then 'missing; the next ingest builds it'
                                   else 'invalid; drop it and the next ingest builds it' end)
                from clipsql.model as m
                cross join lateral (values
                    ('image_embedding',
                     exists (select from clipsql.image_embedding as e where e.model_id = m.model_id)),
                    ('caption_embedding',
                     exists (select from clipsql.caption_embedding as e where e.model_id = m.model_id)),
                    ('region_embedding',
                     exists (select from clipsql.region_embedding as e where e.model_id = m.model_id)))
                    as t(name, has_rows)
                left join pg_catalog.pg_index as x
                    on x.indexrelid = to_regclass(clipsql_private.hnsw_index_name(t.name, m.model_id))
                where t.has_rows and x.indisvalid is not true
                order by 1
                """
            )
        ).scalars()
    )


def _unwatched_tables(connection: Connection) -> list[str]:
    """Tables of embeddings whose new rows would be stored without their alarms."""
    return list(
        connection.execute(
            sa.text(
                """
                select format('trigger %s on %s is %s, so that no alarm is raised; run: %s', w.name, p.relid,
                    case when t.oid is null then 'missing' else 'off' end,
                    case when t.oid is null then format(
                        'create trigger %s after %s on %s referencing new table as written for each statement'
                        ' execute function clipsql_private.raise_alerts()', w.name, w.event, p.relid)
                    else format('alter table %s enable trigger %s', p.relid, w.name) end)
                from pg_catalog.pg_partition_tree('clipsql.image_embedding') as p
                cross join (values ('alerts_of_new', 'insert'), ('alerts_of_changed', 'update')) as w(name, event)
                left join pg_catalog.pg_trigger as t on t.tgrelid = p.relid and t.tgname = w.name
                where coalesce(t.tgenabled, 'D') not in ('O', 'A')
                order by 1
                """
            )
        ).scalars()
    )
