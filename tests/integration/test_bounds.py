"""Every argument of every public function has a bound: beyond it clipsql's own error, within it an answer soon."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from integration import hostile
from integration.filling import embed_captions, embed_regions, fill, picture, write
from sqlalchemy.engine import URL

from clipsql import assets
from clipsql.db.engine import create_engine
from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model

Call = dict[str, tuple[str, Any]]
"""Arguments by name, each with its type."""

PUBLIC = [
    name
    for name, file in assets.newest_sql_files("functions").items()
    if f"create or replace function clipsql.{name}" in file.read_text("utf-8")
]
ATTACHED = """
    create table thing (id bigint primary key, url text);
    insert into thing select i.image_id, i.url from clipsql.image as i where i.collection = 'streets';
    select clipsql.attach('thing', 'url', collection => 'streets');
    select clipsql_private.find_changed_rows(1, false, null, 1000);
    select clipsql_private.apply_changed_rows(1, 1000)
"""
"""A table of which every row has a picture."""
TOGETHER = [{"near_longitude", "near_latitude", "within_m"}, {"longitude", "latitude"}]
"""Arguments of which one alone is refused."""
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 2  # of processor time
PATIENCE = 60
BOUNDLESS = 1000  # what is tried of an argument without a bound of its own


@dataclass(frozen=True, kw_only=True)
class World:
    """A connection to a collection as large as the demo's, under its model, and what is known of the arguments."""

    connection: psycopg.Connection[tuple[Any, ...]]
    dimensions: int
    most: dict[str, int]
    cpu_seconds: list[float]  # of each message of the latest call

    def arguments(self, function: str) -> tuple[dict[str, str], Call]:
        """Types of all arguments by name, and a good call with those that have no default."""
        rows = self.connection.execute(
            """
            select a.name, format_type(a.type, null), a.number <= p.pronargs - p.pronargdefaults
            from pg_proc as p,
                unnest(p.proargnames[: p.pronargs], p.proargtypes::oid[]) with ordinality as a(name, type, number)
            where p.pronamespace = 'clipsql'::regnamespace and p.proname = %s
            order by a.number
            """,
            [function],
        ).fetchall()
        return {name: kind for name, kind, _ in rows}, {
            name: (kind, self.good(kind)) for name, kind, is_needed in rows if is_needed
        }

    def good(self, kind: str) -> Any:
        """A value of that type which is right for most arguments."""
        vector = hostile.vector(self.dimensions)
        return {
            "vector": vector,
            "vector[]": hostile.array([hostile.quoted(vector)] * 2),
            "text": "a red truck",
            "text[]": "{red,blue}",
            "bigint": 1,
            "bigint[]": "{1}",
            "integer": 3,
            "jsonb": '{"image": 1}',
            "double precision": 1.0,
            "regclass": "thing",
            "anyelement": None,
            "boolean": True,
        }[kind]

    def call(self, function: str, arguments: Call) -> str | None:
        """SQLSTATE of the error that the call ends in, or what else is wrong with it; None for an answer in time."""
        given = ", ".join(
            f"{name} => cast(%s as {'thing' if kind == 'anyelement' else kind})"
            for name, (kind, _) in arguments.items()
        )
        try:
            self.rows(f"clipsql.{function}({given})", [value for _, value in arguments.values()])
        except psycopg.Error as error:
            return error.sqlstate
        finally:
            self.connection.rollback()
        took = sum(self.cpu_seconds)
        return None if took < SECONDS else f"{took} s"

    def rows(self, call: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a call gives; `cpu_seconds` then has what it cost."""
        self.cpu_seconds.clear()
        return self.connection.execute(f"select * from {call}".encode(), values or None).fetchall()


@pytest.fixture(scope="module")
def world(new_database: Callable[..., URL], template: str) -> Iterator[World]:
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    model, _ = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
    fill(engine, rows=600, model=model)
    embed_captions(engine, model)
    embed_regions(engine, model)
    write(
        engine,
        model,
        [picture("zero", [1] * model.dimensions, longitude=0, latitude=0, captions=[("a truck", "en")])],
    )
    engine.dispose()
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(ATTACHED)
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        # The server itself tells what a statement cost: processor time, which no other work on the machine adds to.
        for name, value in (
            ("statement_timeout", f"{PATIENCE}s"),
            ("log_statement_stats", "on"),
            ("client_min_messages", "log"),
            ("log_min_messages", "fatal"),
        ):
            connection.execute("select set_config(%s, %s, false)", (name, value))
        connection.commit()
        cpu_seconds: list[float] = []
        connection.add_notice_handler(lambda notice: cpu_seconds.extend(_cpu_seconds(notice.message_detail)))
        yield World(
            connection=connection,
            dimensions=model.dimensions,
            most=bounds(connection),
            cpu_seconds=cpu_seconds,
        )


def _cpu_seconds(detail: str | None) -> list[float]:
    used = re.search(r"([\d.]+) s user, ([\d.]+) s system", detail or "")
    return [float(used[1]) + float(used[2])] if used else []


def bounds(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[str, int]:
    """The stated bounds by what they are called."""
    source = connection.execute("select pg_get_functiondef('clipsql_private.most'::regproc)").fetchone()
    names = [
        row[0]
        for row in connection.execute("select unnest(regexp_matches(%s, 'WHEN ''(\\w+)''', 'gi'))", source)
    ]
    return {
        name: connection.execute("select clipsql_private.most(%s)", [name]).fetchone()[0]  # type: ignore[index]
        for name in names
    }


def is_fair(sqlstate: str | None) -> bool:
    """An answer, or an error of clipsql's own."""
    return sqlstate is None or sqlstate.startswith("CQ")


def test_every_public_function_is_tried(world: World) -> None:
    rows = world.connection.execute(
        "select proname from pg_proc where pronamespace = 'clipsql'::regnamespace"
    )
    assert sorted(PUBLIC) == sorted(name for (name,) in rows)


@pytest.mark.parametrize("function", PUBLIC)
def test_no_value_of_any_argument_breaks_a_function_or_takes_long(world: World, function: str) -> None:
    kinds, call = world.arguments(function)
    failures = []
    for name, kind in kinds.items():
        others = {other: (kinds[other], 0.0) for group in TOGETHER if name in group for other in group}
        for label, value in hostile.values(
            kind, world.most.get(name, BOUNDLESS), dimensions=world.dimensions
        ):
            state = world.call(function, call | others | {name: (kind, value)})
            if not is_fair(state):
                failures.append(f"{name} = {label}: {state}")
    assert failures == []


@pytest.mark.parametrize("function", PUBLIC)
def test_no_combination_of_values_breaks_a_function_or_takes_long(world: World, function: str) -> None:
    kinds, call = world.arguments(function)
    choices = {
        name: list(hostile.values(kind, world.most.get(name, BOUNDLESS), dimensions=world.dimensions))
        for name, kind in kinds.items()
    }
    chance = random.Random(function)
    failures = []
    for _ in range(60):
        chosen = {
            name: chance.choice(choices[name]) for name in kinds if name not in call or chance.random() < 0.3
        }
        state = world.call(
            function, call | {name: (kinds[name], value) for name, (_, value) in chosen.items()}
        )
        if not is_fair(state):
            failures.append(
                f"{', '.join(f'{name} = {label}' for name, (label, _) in chosen.items())}: {state}"
            )
    assert failures == []


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("clipsql.search_query({terms})", id="terms of many tokens"),
        pytest.param("clipsql.compare_models(null, null, {compared}, 100)", id="queries compared"),
        pytest.param("clipsql.classify(1, {short_labels}, '{{}}')", id="short labels"),
        pytest.param(
            "clipsql.classify_images({long_labels}, template => '{{}}')", id="labels of many tokens"
        ),
        pytest.param(
            "clipsql.search_text('a', {most}, caption_query => {words}, distinct_above => 1)", id="words"
        ),
        pytest.param(
            "clipsql.search_hybrid({text}, {most}, caption_query => {words}, distinct_above => 1)",
            id="hybrid",
        ),
        pytest.param("clipsql.suggest_captions(1, {most}, caption_query => {words})", id="captions"),
        pytest.param(
            "clipsql.search_vectors({vectors}, fusion => 'minimum similarity', distinct_above => 1)",
            id="all near",
        ),
        pytest.param(
            "clipsql.search_vectors({vectors}, {weights}, fusion => 'minimum similarity')",
            id="half of them away",
        ),
        pytest.param(
            "clipsql.search_vectors({vectors} || {vectors} || {vectors}, max_results => {most})", id="vectors"
        ),
        pytest.param(
            "clipsql.mix(array_fill('[1,2]'::vector, array[1000]), array_fill(0.5, array[1000]))", id="sum"
        ),
    ],
)
def test_the_largest_calls_are_answered_soon(world: World, call: str) -> None:
    most = world.most
    parts = {
        "most": most["max_results"],
        "terms": "(select string_agg('\"' || chr(64 + n) || repeat(' 9', 45) || '\"', '+')"
        f" from generate_series(1, {most['terms']}) as n)",
        "compared": f"array(select repeat('truck ' || n || ' ', 20) from generate_series(1, {most['queries']}) as n)",
        "short_labels": f"array(select 'l' || n from generate_series(1, {most['labels']}) as n)",
        "long_labels": "array(select lpad(n::text, 40, '9')"
        f" from generate_series(101, {100 + most['prompts'] // 40}) as n)",
        "words": "left(repeat('truck or dog or red or snow or ', 100), 1000)",
        "text": f"left(repeat('truck dog red snow ', 1000), {most['query']})",
        "vectors": f"array(select e.embedding::vector from clipsql.image_embedding as e limit {most['terms']})",
        "weights": "array(select case when n % 2 = 0 then 1 else -0.5 end"
        f" from generate_series(1, {most['terms']}) as n)",
    }
    assert world.rows(call.format(**parts))
    world.connection.rollback()
    assert 0 < sum(world.cpu_seconds) < SECONDS


@pytest.mark.parametrize(
    ("bound", "call"),
    [
        ("max_results", "clipsql.search(clipsql.image_vector(1), {more})"),
        ("model", "clipsql.embed_text('a', repeat('a', {more}))"),
        ("in_collection", "clipsql.search_similar(1, in_collection => repeat('a', {more}))"),
        ("query", "clipsql.search_text(repeat('a', {more}))"),
        ("query", "clipsql.tokenize(repeat('a', {more}))"),
        ("query", "clipsql.explain_text(repeat('a', {more}))"),
        ("query", "clipsql.search_query(repeat('a', {more}))"),
        ("terms", "clipsql.search_query(repeat('a + ', {most}) || 'a')"),
        (
            "terms",
            "clipsql.search_vectors(array_fill(clipsql.image_vector(1), array[{more}]),"
            " fusion => 'minimum similarity')",
        ),
        ("vectors", "clipsql.search_vectors(array_fill(clipsql.image_vector(1), array[{more}]))"),
        ("vectors", "clipsql.mix(array_fill('[1]'::vector, array[{more}]))"),
        ("caption_query", "clipsql.search_similar(1, caption_query => repeat('a', {more}))"),
        (
            "having_label",
            "clipsql.search_regions(clipsql.image_vector(1), having_label => repeat('a', {more}))",
        ),
        ("fusion", "clipsql.search_vectors(array[clipsql.image_vector(1)], fusion => repeat('a', {more}))"),
        ("inside", "clipsql.search_similar(1, inside => polygon({more}, circle '<(0,0),9>'))"),
        (
            "having_metadata",
            "clipsql.search_similar(1, having_metadata => jsonb_build_object('a', repeat('a', {more})))",
        ),
        (
            "metadata_matches",
            "clipsql.search_similar(1, metadata_matches => format('$.a == \"%s\"', repeat('a', {more}))::jsonpath)",
        ),
        ("only_images", "clipsql.search_similar(1, only_images => array_fill(1::bigint, array[{more}]))"),
        ("except_images", "clipsql.search_similar(1, except_images => array_fill(1::bigint, array[{more}]))"),
        ("images", "clipsql.remove_images(array_fill(0::bigint, array[{more}]))"),
        (
            "only_rows",
            "clipsql.search_rows(null::thing, 'a', only_rows => array_fill('1'::text, array[{more}]))",
        ),
        ("caption_columns", "clipsql.reattach('thing', 'url', array_fill('url'::text, array[{more}]))"),
        (
            "metadata_columns",
            "clipsql.reattach('thing', 'url', null, array_fill('url'::text, array[{more}]))",
        ),
        ("url_prefix", "clipsql.reattach('thing', 'url', url_prefix => repeat('a', {more}))"),
        ("captions", "clipsql.put_image('c', 'u', captions => array_fill('a'::text, array[{more}]))"),
        ("watch", "clipsql.watch(repeat('a', {more}), image => 1, min_similarity => 0)"),
        ("watch", "clipsql.backtest(repeat('a', {more}))"),
        ("terms", "clipsql.watch('w', images => array_fill(1::bigint, array[{more}]), min_similarity => 0)"),
        ("request", "clipsql.search_request(jsonb_build_object('text', repeat('a', {more})))"),
        ("labels", "clipsql.classify(1, array(select 'l' || n from generate_series(1, {more}) as n))"),
        (
            "labels",
            "clipsql.classify(1, '{{a,b}}', templates => array_fill('{{}}'::text, array[{most} / 2 + 1]))",
        ),
        ("queries", "clipsql.compare_models(null, null, array_fill('a'::text, array[{more}]))"),
        ("prompts", "clipsql.classify(1, array['a', repeat('b', {more})])"),
        ("prompts", "clipsql.classify(1, array['a', 'bbb'], repeat('{{}}', {most} / 4 + 1))"),
    ],
)
def test_an_argument_that_holds_too_much_is_refused_with_its_bound(
    world: World, bound: str, call: str
) -> None:
    most = world.most[bound]
    with pytest.raises(psycopg.Error, match=f"{bound} takes at most {most} .*, not ") as caught:
        world.connection.execute(f"select {call.format(most=most, more=most + 1)}".encode())
    world.connection.rollback()
    assert caught.value.sqlstate == ("CQ006" if bound == "query" and "search_query" not in call else "CQ004")


def test_each_bound_is_tried_and_stated(world: World) -> None:
    (marks,) = [
        mark
        for mark in test_an_argument_that_holds_too_much_is_refused_with_its_bound.pytestmark  # type: ignore[attr-defined]
        if mark.name == "parametrize"
    ]
    assert {bound for bound, _ in marks.args[1]} == set(world.most)
    told = (ROOT / "docs" / "queries.md").read_text("utf-8")
    for bound, most in world.most.items():
        assert re.search(rf"\| `{bound}`[^|]*\| {most:,}\b", told), bound


@pytest.mark.parametrize("function", PUBLIC)
def test_the_comment_of_a_function_states_its_bounds(world: World, function: str) -> None:
    kinds, _ = world.arguments(function)
    filters, _ = world.arguments("search")
    own = {
        name
        for name, kind in kinds.items()
        if kind != "vector" and (function == "search" or name not in filters)
    }
    own |= {"terms"} if function in ("search_query", "search_vectors") else set()
    own |= {"prompts"} if "labels" in own else set()
    if function in ("watch", "unwatch", "pause_watch", "resume_watch", "backtest"):
        own = own - {"images"} | {
            "watch"
        }  # of one object there are as many images as an expression has terms
    comment = world.connection.execute(
        "select obj_description(p.oid, 'pg_proc') from pg_proc as p"
        " where p.pronamespace = 'clipsql'::regnamespace and p.proname = %s",
        [function],
    ).fetchone()
    assert comment is not None
    for name in own & set(world.most):
        assert re.search(rf"\b{world.most[name]}\b", comment[0]), name


def test_words_and_signs_in_any_order_are_a_caption_query_or_refused(world: World) -> None:
    chance = random.Random(3)
    for _ in range(500):
        query = "".join(chance.choices("-!&|():*'\"\\ .,a\u3000红", k=chance.choice([3, 40, 1000])))
        state = world.call(
            "search_similar", {"caption_query": ("text", query)} | world.arguments("search_similar")[1]
        )
        assert is_fair(state), (query, state)
