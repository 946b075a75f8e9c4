"""Choose stored pictures by what is known of them, and remove them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Engine

from clipsql.db.calls.arguments import Filters, sql_filter
from clipsql.db.collections import require_collection
from clipsql.db.engine import database_errors
from clipsql.db.statements import driver_connection
from clipsql.errors import InvalidArgument, UnknownImage

_BATCH = 1_000
"""Pictures that one transaction removes: so few that nobody waits long for their rows."""

_CHOSEN = sql.SQL(
    """
    select i.image_id, i.url
    from clipsql.image as i
    where {conditions}
        and (cardinality(%(urls)s::text[]) = 0
             or clipsql.url_digest(i.url) = any (array(
                 select clipsql.url_digest(u) from unnest(%(urls)s::text[]) as u)))
    order by i.image_id
    """
)


def chosen_pictures(
    engine: Engine, filters: Filters, *, urls: Sequence[str] = (), timezone: str | None = None
) -> list[int]:
    """The image_ids that pass every filter but `model`, embedded or not, in order; of `urls` only if there are any.

    `timezone` is that of `daily_from` and `daily_until`. Raises UnknownCollection, UnknownImage for one that is
    named, by its URL or in `only_images`, and is not among them, and InvalidArgument, for a filter that is given and
    empty too: what a search may pass over would choose all pictures here.
    """
    for name, value in filters.items():
        if value == {} or (isinstance(value, str) and not value.strip()):
            raise InvalidArgument(f"{name} is empty, so it would leave no picture out; give it a value.")
    if not urls and all(value is None for value in filters.values()):
        raise InvalidArgument("Nothing says which pictures; give a filter or urls.")
    with database_errors(engine), engine.connect() as connection:
        if timezone is not None:
            connection.execute(sa.select(sa.func.set_config("timezone", timezone, True)))
        collection = filters.get("in_collection")
        if collection is not None:
            require_collection(connection, collection)
        asked = sa.select(sql_filter(filters).label("filter")).subquery()
        conditions = sa.func.clipsql_private.effective_conditions(asked.c.filter)
        bound, text = connection.execute(sa.select(sa.cast(asked.c.filter, sa.Text), conditions)).one()
        # The text has the filter as $1.
        text = (text or "true").replace("%", "%%").replace("$1", "%(filter)s::clipsql_private.search_filter")
        found = (
            driver_connection(connection)
            .execute(_CHOSEN.format(conditions=sql.SQL(text)), {"filter": bound, "urls": list(urls)})
            .fetchall()
        )
    _require({image_id for image_id, _ in found}, filters.get("only_images"), "image")
    _require({url for _, url in found}, urls, "picture with the url")
    return [image_id for image_id, _ in found]


def remove_pictures(
    engine: Engine, image_ids: Sequence[int], *, on_removed: Callable[[int], None] = lambda _removed: None
) -> int:
    """Delete pictures with their captions and embeddings, a batch in one transaction; returns how many were there.

    `on_removed` is told after each batch how many are gone by now. Files stay where they are.
    """
    removed = 0
    with database_errors(engine):
        for start in range(0, len(image_ids), _BATCH):
            with engine.begin() as connection:
                removed += (
                    driver_connection(connection)
                    .execute(
                        # In the order in which all others lock them, too.
                        """
                        with locked as materialized (
                            select i.image_id from clipsql.image as i
                            where i.image_id = any (%s) order by i.image_id for update
                        )
                        delete from clipsql.image as i using locked as l where i.image_id = l.image_id
                        """,
                        (list(image_ids[start : start + _BATCH]),),
                    )
                    .rowcount
                )
            on_removed(removed)
    return removed


def _require(found: set[int] | set[str], named: object, what: str) -> None:
    missing = [one for one in named if one not in found] if isinstance(named, list | tuple) else []
    if missing:
        raise UnknownImage(
            f"There is no {what} {', '.join(map(str, missing[:3]))}"
            + (f" and {len(missing) - 3:,} more" if len(missing) > 3 else "")
            + ' that passes the filters; "clipsql search" shows what there is.'
        )
