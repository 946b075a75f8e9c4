"""Whatever a pool, a BI tool or the database's defaults set for a session: every function gives the same answer."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest
from integration.filling import embed_captions, embed_regions, fill
from psycopg import sql
from sqlalchemy.engine import URL

from clipsql import assets
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.models import add_space
from clipsql.db.schema import migrating
from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model

Answers = list[list[tuple[Any, ...]] | str]
Setting = tuple[str, str]

NIGHT = "having_metadata => '{\"night\": true}'"
CALLS = (
    "clipsql.tokenize('A red truck, déjà vu <|endoftext|>')",
    "clipsql.embed_text('A red truck, déjà vu')",
    "clipsql.explain_text('two red trucks at night')",
    "clipsql.image_vector(7)",
    "clipsql.url_digest('https://example.com/a\\b/déjà vu')",
    "clipsql.thumbnail_uri(7)",
    "clipsql.itm_score(7, 1)",
    "clipsql.picture_url(7)",
    "clipsql.search(clipsql.image_vector(7), 30, metadata_matches => '$.at.lane == 2 && $.camera starts with \"K1\"')",
    "clipsql.mix(array[clipsql.image_vector(7), clipsql.image_vector(8)], '{1, -0.5}')",
    "clipsql.compare_models(null, null, '{red truck,dog at night}')",
    "clipsql.match(7, 'a red truck')",
    "clipsql.classify(7, '{red truck,dog,bridge}')",
    "clipsql.classify_images('{red truck,dog}', having_metadata => '{\"camera\": \"K3\"}', caption_query => 'dog')",
    "clipsql.suggest_captions(7, 12)",
    "clipsql.suggest_captions(7, caption_query => 'dog or \"red truck\"')",
    "clipsql.search_captions(clipsql.image_vector(7))",
    "clipsql.search_captions(clipsql.image_vector(7), 20, in_collection => 'holidays')",
    "clipsql.search_regions(clipsql.image_vector(7))",
    f"clipsql.search_regions(clipsql.region_vector(7), 30, {NIGHT}, having_label => 'truck')",
    "clipsql.region_vector(7)",
    "clipsql.search(clipsql.image_vector(7))",
    "clipsql.search(clipsql.image_vector(7), 30, caption_query => 'truck -snow', distinct_above => 0.3)",
    "clipsql.search(clipsql.image_vector(7), near_longitude => 13.3671, near_latitude => 52.4123, within_m => 9000.7)",
    "clipsql.search(clipsql.image_vector(7), 20, inside => '((170.01,-12.3),(190.7,-11.1),(185.2,18.4))')",
    "clipsql.search(clipsql.image_vector(7), taken_from => '2025-03-01 00:00Z', taken_until => '2025-05-01 00:00Z')",
    "clipsql.search(clipsql.image_vector(7), 50, having_metadata => '{\"night\": true}', min_percentile => 20)",
    "clipsql.search(clipsql.image_vector(7), 3, caption_query => '红色',"
    " only_images => array(select generate_series(1, 3000)::bigint))",
    "clipsql.search_text('a red truck', except_images => '{1,2,3}', min_similarity => -0.5)",
    "clipsql.search_similar(7, 25)",
    'clipsql.search_query(\'"a \\"red\\" truck" + 2*image:7 - night\')',
    "clipsql.search_vectors(array[clipsql.image_vector(7), clipsql.image_vector(9)], fusion => 'minimum similarity')",
    "clipsql.search_hybrid('a red truck in the snow', 15, in_collection => 'streets')",
    "clipsql.search_moments('a red truck', 15, '20 seconds', in_collection => 'streets')",
    "clipsql.search_rows(null::public.thing, 'a red truck', 20, taken_from => '2025-03-01 00:00Z',"
    " metadata_matches => '$.shot starts with \"2025\" && $.size > 0.3')",
    'clipsql.search_request(\'{"image": 7, "search_in": "regions", "having_label": "truck"}\')',
    'clipsql.search_request(\'{"image": 7, "taken_from": "2025-03-01T00:00Z", "inside": [[0,0],[0,90],[90,0]]}\')',
    # So many that the index keeps them in a tree of their own, of which a session may want a part.
    f"clipsql.search(clipsql.image_vector(7), 5000, {NIGHT})",
    f"clipsql.search_vectors(array[clipsql.image_vector(7), clipsql.image_vector(9)], null, 5000, {NIGHT},"
    " fusion => 'minimum similarity')",
    f"clipsql.search_captions(clipsql.image_vector(7), 5000, {NIGHT})",
    f"clipsql.search_hybrid('dog', 5000, {NIGHT})",
    f"clipsql.classify_images('{{red truck,dog}}', {NIGHT})",
    f"(select matching_rows from clipsql.search_plan(clipsql.image_vector(7), 5000, {NIGHT}))",
    "clipsql.count_matches('a red truck', 'all', min_similarity => 0.1234567890123)",
    f"clipsql.count_matches('a red truck', 'all', {NIGHT}, query_vector => clipsql.image_vector(7))",
    "clipsql.next_to_check('a red truck', 30, metadata_matches => '$.at.lane == 2')",
    "clipsql.backtest('w', taken_from => '2025-03-01 00:00Z')",
    # How long it may take follows the session's workers; how it is done does not.
    "(select strategy, matching_rows, is_exact, explanation from clipsql.search_plan(clipsql.image_vector(7)))",
)
THING = """
    create table public.thing (id bigint primary key, url text, shot timestamptz, size double precision);
    insert into public.thing
    select i.image_id, i.url, i.taken_at, i.longitude / 3 from clipsql.image as i where i.collection = 'streets';
    select clipsql.attach('public.thing', 'url', collection => 'streets');
    select clipsql_private.find_changed_rows(1, false, null, 10000);
    select clipsql_private.apply_changed_rows(1, 10000);
    select clipsql.reattach('public.thing', 'url', null, '{shot,size}');
    create table public.other (id uuid primary key, url text, shot timestamptz, size double precision)
"""
"""An attached table, whose rows have the pictures of a collection, and one that is not attached."""
WATCH = (
    "select clipsql.watch('w', image => 7, having_metadata => '{\"night\": true}', min_percentile => 20,"
    " once_per => '1 day')"
)
_SEVENTH = "(select i.{} from clipsql.image as i where i.image_id = 7)"
WRITES = {
    f"clipsql.put_image({_SEVENTH.format('collection')}, {_SEVENTH.format('url')}, clipsql.image_vector(8),"
    " captions => '{one,zwei}', metadata => '{\"a\": 0.1}', longitude => 0.1, latitude => 1e-7)":
    "select i.collection, i.url, i.metadata, i.longitude, i.latitude, i.status, c.body, c.words, e.embedding"
    " from clipsql.image as i join clipsql.caption as c using (image_id)"
    " join clipsql.image_embedding as e using (image_id) where i.image_id = 7 order by c.caption_id",
    "clipsql.enable_tenants()": "select c.relname, p.polname, p.polcmd::text"
    " from pg_policy as p join pg_class as c on c.oid = p.polrelid order by c.relname, p.polname",
    "clipsql.disable_tenants()": "select c.relname from pg_class as c where c.relrowsecurity order by c.relname",
    "clipsql.remove_images('{7,8,7}')": "select min(i.image_id), count(*) from clipsql.image as i",
    "clipsql.attach('public.other', 'url', '{url}', '{shot,size}', 'shot')":
    "select c.role, c.name, c.type from clipsql_private.attached_column as c order by c.attachment_id, 1, c.position",
    "clipsql.reattach('public.thing', 'url', '{url}', collection => 'new')":
    "select a.collection, a.may_read_files from clipsql_private.attachment as a",
    "clipsql.detach('public.thing')": "select count(*), max(i.image_id) from clipsql.image as i",
    "clipsql.watch('v', image => 7, inside => '((0,0),(0,89.3),(90,0))', having_metadata => '{\"night\": true}',"
    " once_per => '1 day', once_per_key => 'camera', min_percentile => 90.7)":
    "select w.name, w.images, w.filters, w.min_similarity, w.once_per, v.embedding from clipsql.watch_list as w"
    " join clipsql_private.watch_vector as v using (watch_id)",
    "clipsql.pause_watch('v')": "select w.name, w.is_paused from clipsql.watch_list as w",
    "clipsql.resume_watch('v')": "select w.name, w.is_paused from clipsql.watch_list as w",
    "clipsql.judge_alert(1, true)": "select a.similarity, a.percentile, a.verdict, a.repeats from clipsql.alert as a",
    "clipsql.judge_match('a red truck', 7, true)":
    "select v.query_digest, v.is_right from clipsql_private.verdict as v",
    "clipsql.move_watches('space')": "select w.name, w.model_id, w.problem from clipsql.watch_list as w order by 1",
    "clipsql.unwatch('v')": "select count(*) from clipsql.watch_list",
    f"clipsql.put_image({_SEVENTH.format('collection').replace('7', '9')}, {_SEVENTH.format('url').replace('7', '9')},"
    " clipsql.image_vector(7), captions => '{a dog}', taken_at => '2020-02-02T22:22Z')":
    "select a.image_id, a.similarity, a.percentile, a.repeats from clipsql.alert as a order by a.alert_id",
    "clipsql.add_model('space', 3)": "select m.name, m.dimensions, m.logit_scale from clipsql.model as m order by 1",
}  # fmt: skip
"""Calls that change rows, each taken back at once, and what then shows the change."""
SAY_OTHERWISE = {
    "statement_timeout": "ends a statement: it must",
    "transaction_timeout": "ends a transaction: it must",
    "idle_in_transaction_session_timeout": "ends a session: it must",
    "idle_session_timeout": "ends a session: it must",
    "lock_timeout": "ends a statement that waits: it must",
    "client_encoding": "is the client's own: it gets a text as it asked, or an error for what that cannot hold",
    "max_stack_depth": "is a superuser's own limit of what may be nested at all",
    "dynamic_library_path": "is where a superuser looks for PL/pgSQL and pgvector themselves",
    "zero_damaged_pages": "destroys what it reads",
    "session_replication_role": "is how a superuser writes without triggers, as a copy of another database",
    "temp_file_limit": "is a superuser's own limit of what a statement may write aside: it must",
    "log_statement_stats": "is refused beside the other three of its kind",
    "jit_debugging_support": "is not for servers in use",
    "geqo_pool_size": "is memory that the planner takes at once",
    "temp_buffers": "is memory that a session takes at once",
}
"""Settings that rightly change what a search does, or that no test can try."""
WORDS = (
    "",
    "all",
    "C",
    "odd",
    "SQL, DMY",
    "Asia/Kathmandu",
    "pg_catalog.turkish",
    "pg_temp, clipsql",
    "view",
)
"""Values of settings that take any text: each takes those that it accepts."""


@pytest.fixture(scope="module")
def url(new_database: Callable[..., URL], template: str) -> Iterator[str]:
    """Pictures enough that the index is walked, under the model in the box."""
    url = new_database(template=template).render_as_string(hide_password=False)
    engine = create_engine(url)
    model, _ = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
    fill(engine, rows=6000, model=model)
    assert ensure_index(engine, model, table="image_embedding")
    embed_captions(engine, model)
    embed_regions(engine, model)
    engine.dispose()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(THING)
        connection.execute(WATCH)
        connection.execute("vacuum analyze")  # new rows wait beside a GIN index, where none is passed over
    return url


def answers(url: str, settings: Sequence[Setting] = ()) -> Answers:
    """What each call gives in a new session with such settings; the SQLSTATE of an error instead of rows."""
    found: Answers = []
    with psycopg.connect(url, autocommit=True) as connection:
        # In binary, numbers arrive as they are, and times without a time zone.
        cursor = connection.cursor(binary=True)
        for name, value in settings:
            cursor.execute("select set_config(%s, %s, false)", (name, value))
        escapes = cursor.execute("show standard_conforming_strings").fetchone() == ("off",)
        for call in CALLS:
            escaped = call.replace("\\", "\\\\") if escapes else call
            try:
                found.append(cursor.execute(f"select * from {escaped} as t".encode()).fetchall())
            except psycopg.Error as error:
                found.append(str(error))
    return found


@pytest.fixture(scope="module")
def expected(url: str) -> Answers:
    found = answers(url)
    assert [
        (call, rows) for call, rows in zip(CALLS, found, strict=True) if isinstance(rows, str) or not rows
    ] == []
    assert "index walk" in str(found[-1])
    return found


HOSTILE_DEFAULTS = {
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "backslash_quote": "off",
    "gin_fuzzy_search_limit": "1",
    "search_path": "",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "bytea_output": "escape",
    "TimeZone": "Asia/Kathmandu",
    "default_text_search_config": "pg_catalog.turkish",
    "array_nulls": "off",
    "enable_seqscan": "off",
    "enable_indexscan": "off",
    "plan_cache_mode": "force_generic_plan",
    "hnsw.ef_search": "1",
    "work_mem": "64kB",
}


def test_a_database_with_odd_defaults_is_set_up_filled_and_searched_alike(
    new_database: Callable[..., URL],
) -> None:
    found = []
    for defaults in ({}, HOSTILE_DEFAULTS):
        url = new_database().render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            for name, value in defaults.items():
                connection.execute(
                    sql.SQL("alter database {} set {} = {}").format(
                        sql.Identifier(connection.info.dbname), sql.Identifier(*name.split(".")), value
                    )
                )
        engine = create_engine(url)
        migrating.upgrade(engine)
        model, _ = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
        fill(engine, rows=300, model=model)  # so few that all are compared: two indexes are never alike
        embed_captions(engine, model)
        embed_regions(engine, model)
        engine.dispose()
        found.append(answers(url))
    for call, usual, odd in zip(CALLS, *found, strict=True):
        assert odd == usual, call


def odd_settings(url: str) -> list[Setting]:
    """Values far from the usual one of every setting that somebody in a session can change."""
    odd: list[Setting] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select '[1]'::vector <=> '[1]'")  # the settings of pgvector come with its library
        rows = connection.execute(
            "select name, vartype, setting, min_val, max_val, enumvals from pg_settings"
            " where context in ('user', 'superuser') order by name"
        ).fetchall()
        for name, kind, usual, least, most, choices in rows:
            values = {
                "bool": ["on", "off"],
                "enum": choices,
                "integer": [least, most, "1"],
                "real": [least, most, "1"],
                "string": WORDS,
            }[kind]
            for value in values:
                try:
                    with connection.transaction(force_rollback=True):
                        connection.execute("select set_config(%s, %s, false)", (name, value))
                except psycopg.Error:
                    continue
                if value != usual and name not in SAY_OTHERWISE:
                    odd.append((name, value))
    return odd


def differences(url: str, expected: Answers, settings: Sequence[Setting]) -> list[str]:
    """Calls whose answer is another under these settings."""
    return [
        f"{call}: {found if isinstance(found, str) else 'other rows'}"
        for call, found, wanted in zip(CALLS, answers(url, settings), expected, strict=True)
        if found != wanted
    ]


def test_every_public_function_is_called() -> None:
    public = {
        name
        for name, file in assets.newest_sql_files("functions").items()
        if f"create or replace function clipsql.{name}" in file.read_text("utf-8")
    }
    assert {name for call in (*CALLS, *WRITES) for name in re.findall(r"clipsql\.(\w+)\(", call)} == public


@pytest.mark.slow
def test_no_setting_of_a_session_changes_an_answer(url: str, expected: Answers) -> None:
    odd = odd_settings(url)
    assert len({name for name, _ in odd}) > 150
    random.Random(1).shuffle(odd)
    failures = {}
    while odd:
        # Several at once, of which each may also be the one that breaks a call alone.
        batch = dict(odd[:16])
        odd = [pair for pair in odd if batch.get(pair[0]) != pair[1]]
        if differences(url, expected, list(batch.items())):
            for pair in batch.items():
                failures[pair] = differences(url, expected, [pair])
            failures = {pair: found for pair, found in failures.items() if found} or {
                str(batch): ["together"]
            }  # type: ignore[dict-item]
    assert not failures, "\n".join(f"{name} = {value}: {found}" for (name, value), found in failures.items())


def written(url: str, settings: Sequence[Setting]) -> Answers:
    """What each call that writes gives, and what then is stored; each is taken back."""
    found: Answers = []
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.cursor(binary=True)
        for name, value in settings:
            cursor.execute("select set_config(%s, %s, false)", (name, value))
        for call, look in WRITES.items():
            with connection.transaction(force_rollback=True):
                cursor.execute("set transaction read write")
                if "watch" in call:  # which says so under another level
                    cursor.execute("set transaction isolation level read committed")
                done = cursor.execute(f"select * from {call} as t".encode()).fetchall()
                found.append(done + cursor.execute(look.encode()).fetchall())
    return found


def test_no_setting_of_a_session_changes_what_is_written(
    new_database: Callable[..., URL], template: str
) -> None:
    url = new_database(template=template).render_as_string(hide_password=False)
    engine = create_engine(url)
    fill(engine, rows=30)
    add_space(engine, "space", dimensions=3)
    with engine.begin() as connection:  # which has an alarm
        connection.exec_driver_sql(
            "select clipsql.watch('v', image => 7, min_similarity => 0.1, once_per => '1 day', caption_query => 'dog')"
        )
        connection.exec_driver_sql("update clipsql.image_embedding set embedding = embedding")
        connection.exec_driver_sql("alter table clipsql.image enable row level security")
    engine.dispose()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(THING)
    expected = written(url, ())
    assert [len(rows) > 1 for rows in expected] == [True] * len(WRITES)
    odd = odd_settings(url)
    random.Random(1).shuffle(odd)
    odd += list(HOSTILE_DEFAULTS.items())
    while odd:
        batch = dict(odd[:16])
        odd = [pair for pair in odd if batch.get(pair[0]) != pair[1]]
        assert written(url, list(batch.items())) == expected, batch


def test_a_policy_over_metadata_keeps_its_rows_and_their_percentiles(url: str) -> None:
    role = f"clipsql_test_tenant_{os.getpid()}"
    with psycopg.connect(url) as connection:
        for statement in (
            f"create role {role}",
            f"grant clipsql_reader to {role}",
            "alter table clipsql.image enable row level security",
            "create policy night on clipsql.image using (metadata @> '{\"night\": true}')",
            f"set local role {role}",
        ):
            connection.execute(statement.encode())
        found = []
        for most in (0, 1):
            connection.execute("select set_config('gin_fuzzy_search_limit', %s, true)", [str(most)])
            for scope in (None, "streets"):
                found.append(
                    connection.execute(
                        "select image_id, percentile from clipsql.search(array_fill(1, array[128])::vector, 30, %s)",
                        [scope],
                    ).fetchall()
                )
        connection.rollback()
    assert found[:2] == found[2:]
    assert [len(rows) for rows in found] == [30] * 4
