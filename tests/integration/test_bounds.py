"""Every argument of every public function has a bound: beyond it an error of clipsql's own, within it an answer soon."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from integration import hostile
from integration.filling import embed_captions, fill, picture, write
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
TOGETHER = [{"near_longitude", "near_latitude", "within_m"}]
"""Arguments of which one alone is refused."""
SECONDS = 2
BOUNDLESS = 1000  # what is tried of an argument without a bound of its own


@dataclass(frozen=True, kw_only=True)
class World:
    """A connection to a collection as large as the demo's, under its model, and what is known of the arguments."""

    connection: psycopg.Connection[tuple[Any, ...]]
    dimensions: int
    most: dict[str, int]

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
            "double precision": 1.0,
        }[kind]

    def call(self, function: str, arguments: Call) -> str | None:
        """SQLSTATE of the error that the call ends in; None for an answer."""
        given = ", ".join(f"{name} => cast(%s as {kind})" for name, (kind, _) in arguments.items())
        try:
            self.connection.execute(
                f"select * from clipsql.{function}({given})".encode(), [value for _, value in arguments.values()]
            ).fetchall()
        except psycopg.Error as error:
            return error.sqlstate
        finally:
            self.connection.rollback()
        return None


@pytest.fixture(scope="module")
def world(new_database: Callable[..., URL], template: str) -> Iterator[World]:
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    model, _ = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
    fill(engine, rows=600, model=model)
    embed_captions(engine, model)
    write(engine, model, [picture("zero", [1] * model.dimensions, longitude=0, latitude=0, captions=[("a truck", "en")])])
    engine.dispose()
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("select set_config('statement_timeout', %s, false)", (f"{SECONDS}s",))
        connection.commit()
        yield World(connection=connection, dimensions=model.dimensions, most=bounds(connection))


def bounds(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[str, int]:
    """The stated bounds by what they are called."""
    source = connection.execute("select pg_get_functiondef('clipsql_private.most'::regproc)").fetchone()
    names = [row[0] for row in connection.execute("select unnest(regexp_matches(%s, 'WHEN ''(\\w+)''', 'gi'))", source)]
    return {
        name: connection.execute("select clipsql_private.most(%s)", [name]).fetchone()[0]  # type: ignore[index]
        for name in names
    }


def is_fair(sqlstate: str | None) -> bool:
    """An answer, or an error of clipsql's own."""
    return sqlstate is None or sqlstate.startswith("CQ")


def test_every_public_function_is_tried(world: World) -> None:
    rows = world.connection.execute("select proname from pg_proc where pronamespace = 'clipsql'::regnamespace")
    assert sorted(PUBLIC) == sorted(name for (name,) in rows)


@pytest.mark.parametrize("function", PUBLIC)
def test_no_value_of_any_argument_breaks_a_function_or_takes_long(world: World, function: str) -> None:
    kinds, call = world.arguments(function)
    failures = []
    for name, kind in kinds.items():
        others = {
            other: (kinds[other], 0.0) for group in TOGETHER if name in group for other in group
        }
        for label, value in hostile.values(kind, world.most.get(name, BOUNDLESS), dimensions=world.dimensions):
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
        chosen = {name: chance.choice(choices[name]) for name in kinds if name not in call or chance.random() < 0.3}
        state = world.call(function, call | {name: (kinds[name], value) for name, (_, value) in chosen.items()})
        if not is_fair(state):
            failures.append(f"{', '.join(f'{name} = {label}' for name, (label, _) in chosen.items())}: {state}")
    assert failures == []
