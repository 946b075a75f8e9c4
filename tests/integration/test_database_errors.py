"""What PostgreSQL says reaches the user whole, in one line."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import create_async_engine

from clipsql import errors
from clipsql.db.engine import database_errors

SAID = pytest.mark.parametrize(
    ("statement", "kind", "said"),
    [
        pytest.param(
            "insert into clipsql.caption (image_id, body) values (42, 'x')",
            errors.DatabaseError,
            r'violates foreign key .*; detail: Key \(image_id\)=\(42\) is not present in table "image" \(postgres',
            id="detail of a foreign key",
        ),
        pytest.param(
            "insert into clipsql.model (name, location, revision, dimensions, logit_scale)"
            " select 'twice', 'x', 'x', 3, 1 from generate_series(1, 2)",
            errors.DatabaseError,
            r"duplicate key value .*; detail: Key \(name\)=\(twice\) already exists \(postgres",
            id="detail of a unique violation",
        ),
        pytest.param(
            "select clipsql.search(1, 2, 3)",
            errors.DatabaseNotReady,
            r'does not exist; .*hint: No function matches .*type casts; run "clipsql db upgrade" first',
            id="hint of an undefined function",
        ),
        pytest.param(
            "do $$ begin raise 'No such thing.' using errcode = 'CQ004',"
            " detail = E'two\nlines', hint = 'Ask for another.'; end $$",
            errors.InvalidArgument,
            r"^No such thing; detail: two lines; hint: Ask for another\.$",
            id="an error of clipsql's own",
        ),
        pytest.param(
            "do $$ begin raise 'No such thing.' using errcode = 'CQ004'; end $$",
            errors.InvalidArgument,
            r"^No such thing\.$",
            id="nothing but a message",
        ),
    ],
)


@SAID
def test_detail_and_hint_reach_the_user(
    engine: Engine, statement: str, kind: type[errors.ClipsqlError], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught, database_errors(engine), engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert ".." not in str(caught.value)


@SAID
def test_they_reach_those_who_await_on_asyncpg_too(
    engine: Engine, statement: str, kind: type[errors.ClipsqlError], said: str
) -> None:
    pytest.importorskip("asyncpg", reason="needs pip install clipsql[async]")

    async def ask() -> None:
        awaited = create_async_engine(engine.url.set(drivername="postgresql+asyncpg"))
        try:
            with database_errors(awaited.sync_engine):
                async with awaited.begin() as connection:
                    await connection.exec_driver_sql(statement)
        finally:
            await awaited.dispose()

    with pytest.raises(kind, match=said) as caught:
        asyncio.run(ask())
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert ".." not in str(caught.value)
