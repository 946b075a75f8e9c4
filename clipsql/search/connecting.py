"""Connect to a database of pictures from Python: `connect()`, then search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.search.searcher import Searcher


@contextmanager
def connect(
    database_url: str | None = None,
    *,
    model: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    timezone: str | None = None,
) -> Iterator[Searcher]:
    """A `Searcher` on a database: the URL given, else CLIPSQL_DATABASE_URL, else the embedded server.

    `model` is a name from `clipsql model list`, by default the default model; the rest is told in `Searcher`.

        with clipsql.connect() as pictures:
            for match in pictures.search_text("red truck at night", max_results=5):
                print(match.similarity, match.url)
    """
    with open_database(Settings.from_environment(database_url=database_url)) as engine:
        yield Searcher(engine, model=model, device=device, dtype=dtype, timezone=timezone)
