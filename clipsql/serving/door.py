"""How a route reaches the database: in a transaction with the rights of who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Request
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from clipsql.db.models import ModelRow
from clipsql.db.text_towers import require_texts
from clipsql.search.asynchronous import AsyncSearcher
from clipsql.serving.callers import Callers, Shown
from clipsql.serving.encoders import Encoders
from clipsql.serving.options import ServeOptions


class Door:
    """The database, for one request. A transaction ends before its answer is sent, however slow a client reads."""

    def __init__(self, request: Request) -> None:
        self.options: ServeOptions = request.app.state.options
        self._callers: Callers = request.app.state.callers
        self._encoders: Encoders = request.app.state.encoders
        self.shown = Shown.by(request.headers, request.cookies, self.options)

    @asynccontextmanager
    async def open(self, *, writes: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection as the role that asks. Raises ClipsqlError."""
        async with self._callers.asking(self.shown, writes=writes) as connection:
            yield connection

    @asynccontextmanager
    async def searcher(
        self, *, writes: bool = False, model: str | None = None, timezone: str | None = None
    ) -> AsyncIterator[AsyncSearcher]:
        """A searcher as the role that asks, under a model or the server's own, in a time zone or the role's own."""
        async with self.open(writes=writes) as connection:
            yield self.on(connection, model, timezone=timezone)

    def on(
        self, connection: AsyncConnection, model: str | None = None, *, timezone: str | None = None
    ) -> AsyncSearcher:
        """A searcher on a connection of `open`."""
        return AsyncSearcher(connection, model=model or self.options.model, timezone=timezone)

    async def model(self, name: str | None = None) -> ModelRow:
        """A model, or the server's own, with its files, which not every role may see, for a role that may search."""
        async with self.searcher(model=name) as searcher:
            found: str = (await searcher.model()).name
        async with self._callers.engine.connect() as connection:
            return await AsyncSearcher(connection, model=found).model()

    async def embed(self, texts: Sequence[str], *, model: str | None = None) -> dict[str, list[float]]:
        """The vectors of texts by the model itself, for SQL that cannot. Raises InvalidText, ConfigurationError."""
        async with self.open() as connection:
            await connection.run_sync(require_texts, texts)
        return await self._encoders.embed(await self.model(model), texts)

    async def may_write(self) -> bool:
        """Whether who asks may make watches and judge alarms, so that a page shows how."""
        (row,) = await self.rows("select has_table_privilege('clipsql.watch_list', 'insert') as may")
        return bool(row["may"]) and not self.options.read_only

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Rows of one statement that reads."""
        async with self.open() as connection:
            return [dict(row) for row in (await connection.execute(sa.text(statement), values)).mappings()]


async def ask(connection: AsyncConnection, request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of clipsql.search_request: the model, and the matches, best first."""
    sent = sa.cast(dict(request), JSONB(none_as_null=True))
    answer: dict[str, Any] | None = await connection.scalar(
        sa.select(sa.func.clipsql.search_request(sent, type_=JSONB()))
    )
    assert answer is not None
    return answer


async def _door(request: Request) -> Door:
    return Door(request)  # Depends(Door) itself would be called in a thread


Asking = Annotated[Door, Depends(_door)]
"""The door, as an argument of a route."""
