"""Search rows of many millions of pictures, without the pictures: bytes, time to make, time to scan.

    python benchmarks/scale.py --rows 1000000 10000000

A basis is learned from 20,000 pictures; their codes are repeated, each time with other ids and times, into a table that
has the shape and indexes of a partition of search rows. What a scan of codes costs does not depend on what they say.
The vectors that would decide about the best few are not there: some 30 to 400 of them, at 3 us each.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from typing import Any

import numpy as np
import psycopg
from filtered_search_data import DIMENSIONS, FIRST_DAY, load, make_pictures
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from psycopg import sql
from servers import temporary_database

from clipsql.db.models import add_model
from clipsql.db.search_rows import ensure_search_rows

_PICTURES = 20_000
_SHARES = (0.0001, 0.001, 0.003, 0.01, 0.03)
_KEPT = 400
"""Codes that a search for 10 keeps."""


def main() -> None:
    """Print a table of sizes and one of times."""
    arguments = _arguments()
    pictures, queries = make_pictures(_PICTURES, queries=arguments.queries, seed=1)
    with temporary_database() as (engine, _folder):
        model = add_model(
            engine, name="bench", location="bench", revision="1", dimensions=DIMENSIONS, logit_scale=100.0
        )
        url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            register_vector(connection)
            with connection.transaction():
                load(connection, pictures, model_name=model.name)
            ensure_search_rows(engine, model, least_rows=1)
            codes = [_code(connection, query) for query in queries]
            sizes, times = [], []
            for rows in arguments.rows:
                sizes.append(_make(connection, rows, arguments.indexes))
                times.append(_scan(connection, rows, codes))
        _print(arguments.rows, sizes, times)


def _code(connection: psycopg.Connection, query: Any) -> Any:
    row = connection.execute("select clipsql_private.code_of(%s, 1)", (HalfVector(query),)).fetchone()
    assert row is not None
    return row[0]


def _make(connection: psycopg.Connection, rows: int, indexes: list[str]) -> dict[str, float]:
    """The table `many`, and what it and its indexes weigh and took."""
    began = time.perf_counter()
    connection.execute("drop table if exists many")
    connection.execute("create table many (like clipsql_private.search_row_1 including storage)")
    repeats = -(-rows // _PICTURES)
    for first in range(0, repeats, 25):
        # One row a minute, in no order of content.
        connection.execute(
            sql.SQL(
                "insert into many select {columns}"
                " from generate_series(%(first)s::integer, %(last)s::integer) as n(number)"
                " cross join clipsql_private.search_row_1 as s where s.image_id + {pictures} * n.number <= {rows}"
            ).format(columns=_columns(connection), pictures=_PICTURES, rows=rows),
            {"first": first, "last": min(first + 25, repeats) - 1, "start": FIRST_DAY},
        )
    connection.execute("vacuum (analyze, freeze) many")
    sizes = {"rows made, s": time.perf_counter() - began}
    for name, definition in connection.execute(
        "select indexname, indexdef from pg_indexes where schemaname = 'clipsql_private' and tablename = 'search_row_1'"
        " order by 1"
    ).fetchall():
        label = name.removeprefix("search_row_1_")
        if not any(label.startswith(wanted) for wanted in indexes):
            continue
        began = time.perf_counter()
        connection.execute("set maintenance_work_mem = '2GB'")
        connection.execute(
            definition.replace(f"INDEX {name} ON clipsql_private.search_row_1", "INDEX ON many").encode()
        )
        sizes[f"{label}, s"] = time.perf_counter() - began
        print(f"{rows:,} rows: {label} built in {sizes[f'{label}, s']:.0f} s", file=sys.stderr)
    for name, weight in connection.execute(
        "select 'heap', pg_relation_size('many') union all select c.relname, pg_relation_size(c.oid)"
        " from pg_index as x join pg_class as c on c.oid = x.indexrelid where x.indrelid = 'many'::regclass order by 1"
    ).fetchall():
        sizes[f"{name.removeprefix('many_')}, bytes a row"] = weight / rows
    return sizes


def _columns(connection: psycopg.Connection) -> sql.Composed:
    """What search_row has, with an id and a time of its own for each repeat."""
    changed = {
        "image_id": sql.SQL("s.image_id + {} * n.number").format(_PICTURES),
        "taken_at": sql.SQL(
            "%(start)s::timestamptz + (s.image_id + {} * n.number) * interval '1 minute'"
        ).format(_PICTURES),
    }
    names = [
        name
        for (name,) in connection.execute(
            "select attname from pg_attribute where attrelid = 'clipsql_private.search_row_1'::regclass"
            " and attnum > 0 and not attisdropped order by attnum"
        ).fetchall()
    ]
    return sql.SQL(", ").join(
        changed.get(name, sql.SQL("s.{}").format(sql.Identifier(name))) for name in names
    )


def _scan(connection: psycopg.Connection, rows: int, codes: list[Any]) -> dict[float, tuple[float, int]]:
    """Milliseconds (median) and matches of a filter by time, by share; every one was read once before."""
    row = connection.execute(
        "select clipsql_private.scan_statement('i.taken_at >= ($1).taken_from and i.taken_at < ($1).taken_until',"
        " jsonb_populate_record(null::clipsql_private.search_filter, '{}'), 1)"
    ).fetchone()
    assert row is not None
    statement = (
        row[0]
        .replace("clipsql_private.search_row_1", "many")
        .replace("($1).taken_from", "%(first)s")
        .replace("($1).taken_until", "%(last)s")
        .replace("$2", "%(code)s")
        .replace("$3", str(_KEPT))
    )
    random = np.random.default_rng(3)
    times: dict[float, tuple[float, int]] = {}
    for share in _SHARES:
        width = int(share * rows)
        taken = []
        for code in codes:
            first = FIRST_DAY + dt.timedelta(minutes=int(random.integers(0, rows - width)))
            values = {"first": first, "last": first + dt.timedelta(minutes=width), "code": code}
            for _ in range(2):
                began = time.perf_counter()
                connection.execute(statement, values).fetchall()
                seconds = time.perf_counter() - began
            taken.append(1000 * seconds)
        times[share] = float(np.median(taken)), width
    return times


def _print(
    rows: list[int], sizes: list[dict[str, float]], times: list[dict[float, tuple[float, int]]]
) -> None:
    print("| | " + " | ".join(f"{count:,} rows" for count in rows) + " |")
    print("| --- |" + " --- |" * len(rows))
    for name in sizes[0]:
        print(f"| {name} | " + " | ".join(f"{each[name]:.0f}" for each in sizes) + " |")
    for share in _SHARES:
        cells = (f"{each[share][0]:.1f} ms, {each[share][1]:,} codes" for each in times)
        print(f"| scan of {share:.2%} | " + " | ".join(cells) + " |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument(
        "--indexes", nargs="*", default=[""], help="those whose columns begin so: taken_at is what is scanned"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
