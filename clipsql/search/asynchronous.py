"""Search, judge and put from programs that await: every method of `Searcher`, on an asynchronous engine."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from clipsql.config import Settings
from clipsql.db.engine import CONNECT_TIMEOUT_S, create_engine, database_errors, json_text
from clipsql.db.models import ModelRow
from clipsql.db.opening import database_url, open_database
from clipsql.errors import ConfigurationError
from clipsql.search.searcher import Searcher

_P = ParamSpec("_P")
_R = TypeVar("_R")

_IN_A_THREAD = frozenset(
    {
        "put_many",
        "ingest",
        "search_image",
        "search_regions_like",
        "search_reranked",
        "embed_image",
        "explain_image",
    }
)
"""Methods that compute, or that send rows by COPY: on an engine they run beside the event loop, on one of psycopg."""

_BRING_MODELS = frozenset({"add_model", "ingest", "attach", "reattach", "detach", "attachments"})
"""Methods that may be called before the database knows the model."""


class AsyncSearcher:
    """What a `Searcher` does, awaited: the same methods with the same arguments, results and errors.

    There is one implementation. SQLAlchemy runs it in a greenlet, in which every wait for the server is the event
    loop's. On an engine every call has a transaction of its own; on a connection all run in its transaction, which is
    for its owner to commit, and what computes then holds up the loop.
    """

    def __init__(self, database: AsyncEngine | AsyncConnection, **options: Any) -> None:
        self._database = database
        self._options = options
        self._model: ModelRow | None = None

    if TYPE_CHECKING:  # the methods are those of Searcher, made below

        def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]: ...

    async def model(self) -> ModelRow:
        """The model that is asked, and whose vectors are put. Raises UnknownModel."""
        if self._model is None:
            self._model = await self._ask(lambda searcher: searcher.model)
        return self._model

    async def _call(self, name: str, *args: Any, **options: Any) -> Any:
        if name not in _BRING_MODELS:
            await self.model()
        if name in _IN_A_THREAD and isinstance(self._database, AsyncEngine):
            return await asyncio.to_thread(self._call_beside, name, *args, **options)
        return await self._ask(lambda searcher: getattr(searcher, name)(*args, **options))

    async def _ask(self, question: Callable[[Searcher], _R]) -> _R:
        if isinstance(self._database, AsyncConnection):
            return await self._database.run_sync(lambda connection: question(self._on(connection)))

        def run(connection: Connection) -> _R:
            answer = question(self._on(connection))
            connection.commit()
            return answer

        with database_errors(self._database.sync_engine):
            async with self._database.connect() as own:
                return await own.run_sync(run)

    def _call_beside(self, name: str, *args: Any, **options: Any) -> Any:
        engine = create_engine(self._database.engine.url.render_as_string(hide_password=False))
        try:
            return getattr(self._on(engine), name)(*args, **options)
        finally:
            engine.dispose()

    def _on(self, database: Any) -> Searcher:
        searcher = Searcher(database, **self._options)
        if self._model is not None:
            searcher.__dict__["model"] = self._model
        return searcher


def _awaited(name: str, method: Callable[_P, _R]) -> Callable[_P, Coroutine[Any, Any, _R]]:
    @functools.wraps(method)
    async def call(*args: _P.args, **options: _P.kwargs) -> _R:
        searcher, *others = args
        result: _R = await searcher._call(name, *others, **options)  # type: ignore[attr-defined]
        return result

    return call


for _name, _method in inspect.getmembers(Searcher, inspect.isfunction):
    if not _name.startswith("_"):
        setattr(AsyncSearcher, _name, _awaited(_name, _method))


@asynccontextmanager
async def connect_async(
    database: str | None = None,
    *,
    model: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    timezone: str | None = None,
) -> AsyncIterator[AsyncSearcher]:
    """An `AsyncSearcher` on a database: the URL given, else CLIPSQL_DATABASE_URL, else the embedded server.

    The driver is the URL's, postgresql+asyncpg:// or postgresql+psycopg://, by default psycopg; the rest is told in
    `connect`.

        async with clipsql.connect_async() as pictures:
            for match in await pictures.search_text("red truck at night", max_results=5):
                print(match.similarity, match.url)
    """
    settings = Settings.from_environment(database_url=database)
    url = await asyncio.to_thread(_opened, settings)
    engine = create_async_engine(
        url, pool_pre_ping=True, json_serializer=json_text, connect_args=_ARGUMENTS[url.drivername]
    )
    try:
        yield AsyncSearcher(engine, model=model, device=device, dtype=dtype, timezone=timezone)
    finally:
        await engine.dispose()


_ARGUMENTS: dict[str, dict[str, Any]] = {
    "postgresql+psycopg": {"connect_timeout": CONNECT_TIMEOUT_S, "prepare_threshold": None},
    # Behind a pooler the next statement may find another session, which knows of none prepared.
    "postgresql+asyncpg": {
        "timeout": CONNECT_TIMEOUT_S,
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
    },
}
"""By driver: nothing is prepared on the server, as in `clipsql.db.engine.create_engine`."""


def _opened(settings: Settings) -> URL:
    """The URL of the database, which is there and at the newest revision."""
    with open_database(settings):
        url = make_url(database_url(settings)).difference_update_query(["prepare_threshold"])
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in _ARGUMENTS:
        raise ConfigurationError(
            f"There is no asynchronous driver {url.drivername}; write the database URL as postgresql+asyncpg://... or "
            "postgresql+psycopg://..."
        )
    return url
