"""Connect to a database of pictures from Python: `upgrade()` where it is new, `connect()`, then search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL, Engine

from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.db.schema import migrating
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


def upgrade(database: str | URL | Engine | None = None) -> list[str]:
    """Bring a database to the newest schema, as `clipsql db upgrade` does; returns warnings, one line each.

    `database` is a URL or an engine on psycopg, by default what `connect` takes. An upgrade that is not needed changes
    nothing, but for lost or changed functions and views, which come back. Raises DatabaseNotReady, DatabaseUnreachable.

        clipsql.upgrade("postgresql://me@db.example/pictures")
    """
    if isinstance(database, Engine):
        return migrating.upgrade(database)
    url = database.render_as_string(hide_password=False) if isinstance(database, URL) else database
    settings = Settings.from_environment(database_url=url)
    with open_database(settings, check_revision=False) as engine:
        return migrating.upgrade(engine)
