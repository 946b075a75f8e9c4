"""A reader sees and searches what the policies let through, and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from integration.filling import new_model, picture, write
from psycopg import sql
from sqlalchemy.engine import URL, Engine

from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index

Reader = psycopg.Connection[tuple[object, ...]]
ROLE = f"clipsql_test_reader_{os.getpid()}"


@pytest.fixture(scope="module")
def reader(new_database: Callable[..., URL], template: str) -> Iterator[Reader]:
    """A connection of a login role that has nothing but clipsql_reader; secret pictures are hidden from it."""
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    model = new_model(engine, dimensions=3)
    for collection in ("open", "secret"):
        writes = [
            picture(f"{collection} {n}", [1, n / 10, 0], captions=[("A red truck.", "en")]) for n in range(3)
        ]
        write(engine, model, writes, collection=collection)
    ensure_index(engine, model, table="image_embedding")
    with engine.begin() as connection:
        for statement in (
            f"create role {ROLE} login password 'reads'",
            f"grant clipsql_reader to {ROLE}",
            "alter table clipsql.image enable row level security",
            "create policy open_only on clipsql.image for select to clipsql_reader using (collection = 'open')",
        ):
            connection.exec_driver_sql(statement)
    user = url.set(username=ROLE, password="reads").render_as_string(hide_password=False)
    with psycopg.connect(user, autocommit=True) as connection:
        yield connection
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop role {ROLE}")
    engine.dispose()


@pytest.mark.parametrize(
    "search",
    [
        "clipsql.search('[1,0,0]', 100)",
        "clipsql.search(clipsql.image_vector(1), caption_query => 'truck')",
        "clipsql.search('[1,0,0]', only_images => array(select generate_series(1, 100)::bigint))",
        "clipsql.search_similar(1, 100)",
    ],
)
def test_a_reader_finds_what_the_policy_lets_through(reader: Reader, search: str) -> None:
    rows = reader.execute(f"select url, caption from {search}".encode()).fetchall()
    assert len(rows) == (2 if "similar" in search else 3)
    assert all(str(url).startswith("open") and caption == "A red truck." for url, caption in rows)


def test_a_hidden_picture_gives_no_vector_away(reader: Reader) -> None:
    for call in ("image_vector(4)", "search_similar(4)"):
        with pytest.raises(psycopg.Error, match="There is no image 4") as caught:
            reader.execute(f"select clipsql.{call}".encode())
        assert caught.value.sqlstate == "CQ002"


def test_a_reader_sees_the_statistics_of_what_it_may_see(reader: Reader) -> None:
    rows = reader.execute(
        "select collection, images, embedded, captions from clipsql.collection_stats"
    ).fetchall()
    assert rows == [("open", 3, 3, 3)]


def test_a_reader_mixes_and_reads_every_table(reader: Reader) -> None:
    assert reader.execute("select clipsql.mix(array[clipsql.image_vector(1)])::text").fetchone() == (
        "[1,0,0]",
    )
    tables = reader.execute(
        "select relname from pg_class where relnamespace = 'clipsql'::regnamespace and relkind in ('r', 'p', 'v')"
    ).fetchall()
    assert len(tables) >= 6
    for (name,) in tables:
        reader.execute(sql.SQL("select from {} limit 1").format(sql.Identifier("clipsql", str(name))))


def test_a_reader_reads_of_what_is_private_only_what_functions_need(reader: Reader) -> None:
    tables = reader.execute(
        "select c.relname, has_table_privilege(c.oid, 'select') from pg_class as c"
        " where c.relnamespace = 'clipsql_private'::regnamespace and c.relkind in ('r', 'p')"
    ).fetchall()
    readable = {str(name) for name, is_readable in tables if is_readable}
    assert readable == {
        "attached_column", "attachment", "attachment_problem", "changed_row", "link",
        "code_basis", "code_direction", "fusion_row",
        "percentile_sample", "percentile_sample_code", "percentile_sample_embedding",
        "remembered_text", "revision", "search_cost", "search_row", "search_tuning", "shadow", "shard", "slot",
        "text_added_token", "text_matrix", "text_merge", "text_neuron", "text_position", "text_token", "text_tower",
        "text_word", "thumbnail", "unembedded", "verdict", "watch_vector",
    }  # fmt: skip
    assert {"queue", "image_embedding_1", "caption_embedding_1"} <= {
        str(name) for name, _ in tables
    } - readable


@pytest.mark.parametrize(
    "statement",
    [
        "insert into clipsql.image (collection, url) values ('c', 'u')",
        "update clipsql.image set url = 'x'",
        "delete from clipsql.image",
        "delete from clipsql.image_embedding",
        "truncate clipsql.caption",
        "update clipsql.model set is_default = false",
        "create table clipsql.mine (a integer)",
        "create function clipsql.mine() returns integer language sql return 1",
        "drop view clipsql.collection_stats",
        "alter table clipsql.image disable row level security",
    ],
)
def test_a_reader_changes_nothing(reader: Reader, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement.encode())


def test_only_writers_may_call_what_writes(engine: Engine) -> None:
    with engine.connect() as connection:
        may = connection.exec_driver_sql(
            "select r.role, has_function_privilege(r.role, f.name::regproc, 'execute')"
            " from (values ('clipsql_reader'), ('clipsql_writer')) as r(role)"
            " cross join (values ('clipsql.add_model'), ('clipsql.put_image'), ('clipsql.remove_images')) as f(name)"
        ).all()
    assert set(may) == {("clipsql_reader", False), ("clipsql_writer", True)}
    assert len(may) == 6
