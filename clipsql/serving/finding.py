"""What a search of the gallery finds: its rows, the facets of the best thousand, and what is folded away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from clipsql.db.calls.searches import parse_query
from clipsql.db.collections import require_collection
from clipsql.errors import TextEncoderUnavailable
from clipsql.serving.door import Door
from clipsql.serving.facets import (
    Bar,
    Facet,
    collections_of,
    hours_of,
    labels_of,
    names_of,
    times_of,
    values_of,
)
from clipsql.serving.places import PlaceMap, map_of
from clipsql.serving.said import HAS_REGIONS, Matcher, is_scored, matchers_of
from clipsql.serving.statements import Asked, Texts
from clipsql.serving.wanted import MOST_FOUND, Wanted

T = TypeVar("T")

# The part of a vector from its first number on is the vector itself, once and for all out of the table's storage: it is
# compared with each of those that stay.
_FOLDED = sa.text(
    """
    with vector as materialized (
        select g.image_id, g.place, subvector(e.embedding, 1, m.dimensions) as one
        from clipsql_private.resolve_model(:model) as m
        cross join unnest(cast(:images as bigint[])) with ordinality as g(image_id, place)
        join clipsql.image_embedding as e on e.model_id = m.model_id and e.image_id = g.image_id
    )
    select distinct on (f.image_id) f.image_id, k.image_id as under
    from vector as f
    join vector as k on k.image_id = any (:kept) and 1 - (k.one <=> f.one) > :distinct_above
    where f.image_id <> all (:kept)
    order by f.image_id, k.place
    """
)


_UTC = sa.text("select set_config('timezone', 'UTC', true)")  # of the hours of a day
# Where nothing is looked for no search says what is wrong with it.
_CHECKED = sa.text(
    "select clipsql_private.conditions(jsonb_populate_record("
    "null::clipsql_private.search_filter, jsonb_build_object('caption_query', cast(:words as text))))"
)


@dataclass(frozen=True)
class Found:
    """What a search found: the rows, best first, and the facets of the best thousand.

    `folded` are, by a shown picture, those that it stands for, best first. `labels` are those of the regions that were
    found, `matchers` the models that said how likely the text is true of pictures.
    """

    rows: Sequence[dict[str, Any]]
    shown: Sequence[dict[str, Any]]
    sql: str
    collections: Facet = Facet("", (), True)  # noqa: RUF009  it is frozen
    times: Sequence[Bar] = ()
    hours: Sequence[Bar] = ()
    facets: Sequence[Facet] = ()
    labels: Facet = Facet("", (), True)  # noqa: RUF009  it is frozen
    has_regions: bool = False
    matchers: Sequence[Matcher] = ()
    places: PlaceMap | None = None
    folded: Mapping[int, Sequence[int]] = field(default_factory=dict)

    @property
    def has_more(self) -> bool:
        """Whether there may be more than were counted."""
        return not _is_whole(self.rows)

    @property
    def scored(self) -> int:
        """How many of those that are shown have a stored score."""
        return sum(row.get("itm_score") is not None for row in self.shown)


async def ask_for(
    asking: Door, wanted: Wanted, question: Callable[[AsyncConnection, Asked], Awaitable[T]]
) -> T:
    """What a question about a search gives, in a transaction of its own. Raises ClipsqlError.

    Where SQL cannot embed the texts of the query, the model itself does, and the question is put again.
    """

    terms: Sequence[Any] = ()

    async def put(texts: Texts) -> T:
        nonlocal terms
        async with asking.open() as connection:
            await connection.execute(_UTC)
            if wanted.query:
                terms = (await connection.execute(sa.select(parse_query(wanted.query)))).all()
            asked = Asked(wanted=wanted, model=asking.options.model, terms=terms, texts=texts)
            if wanted.scored_by is not None and not await is_scored(connection, wanted.scored_by, asked.text):
                asked = asked.but(scored_by=None)  # of a text that was looked for before
            return await question(connection, asked)

    try:
        return await put({})
    except TextEncoderUnavailable:
        return await put(await asking.embed([term.body for term in terms if term.kind == "text"]))


async def find(connection: AsyncConnection, asked: Asked) -> Found:
    """The pictures of a search."""
    wanted = asked.wanted
    if wanted.caption_query and not wanted.has_question:
        await connection.execute(_CHECKED, {"words": wanted.caption_query})
    rows = await rows_found(connection, asked)
    if not rows and wanted.in_collection:
        await connection.run_sync(require_collection, wanted.in_collection)
    # A choice of several is counted without itself: otherwise what is not chosen would be gone.
    facets = []
    for name, chosen in wanted.metadata.items():
        others = {other: values for other, values in wanted.metadata.items() if other != name}
        without = await rows_found(connection, asked.but(metadata=others))
        facets.append(Facet(name, values_of(without, name, chosen), _is_whole(without)))
    for name in names_of(rows):
        if name not in wanted.metadata:
            facets.append(Facet(name, values_of(rows, name, ()), _is_whole(rows)))
    in_all = rows if not wanted.in_collection else await rows_found(connection, asked.but(in_collection=""))
    labels = Facet("", (), True)
    if wanted.in_regions and wanted.has_question:
        of_all = await rows_found(connection, asked.but(having_label="")) if wanted.having_label else rows
        labels = Facet("", labels_of(of_all, wanted.having_label), _is_whole(of_all))
    shown = rows[: wanted.shown]
    folded: Mapping[int, Sequence[int]] = {}
    if wanted.distinct_above is not None and wanted.has_question:
        unfolded = await rows_found(connection, asked.but(distinct_above=None))
        folded = await _folded(connection, wanted.distinct_above, shown, unfolded, asked.model)
    return Found(
        rows,
        _in_order(wanted, shown),
        asked.shown(),
        collections=Facet("", collections_of(in_all), _is_whole(in_all)),
        times=times_of(rows),
        hours=hours_of(rows),
        facets=facets,
        labels=labels,
        has_regions=bool(await connection.scalar(HAS_REGIONS)),
        matchers=await matchers_of(connection, asked.text) if asked.text else (),
        places=map_of(rows),
        folded=folded,
    )


async def rows_found(
    connection: AsyncConnection, asked: Asked, *, most: int = MOST_FOUND
) -> list[dict[str, Any]]:
    """The rows of the search's SQL by rank, with collection, url, place and size."""
    # Text of the statement's own: neither a colon nor a percent sign in it is a parameter.
    found = await connection.exec_driver_sql(
        "select f.*, i.collection, i.longitude, i.latitude, i.url, i.width, i.height from ("  # noqa: S608  every value is a literal
        + asked.search(most).as_string().replace("%", "%%")
        + ") as f join clipsql.image as i on i.image_id = f.image_id order by f.rank"
    )
    return [dict(row) for row in found.mappings()]


def _in_order(wanted: Wanted, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    if not wanted.by_date:
        if wanted.scored_by is not None and wanted.has_question:
            return sorted(rows, key=lambda row: (row["itm_score"] is None, -(row["itm_score"] or 0)))
        return list(rows)
    return sorted(
        rows,
        key=lambda row: (row["taken_at"] is None, -row["taken_at"].timestamp() if row["taken_at"] else 0),
    )


async def _folded(
    connection: AsyncConnection,
    distinct_above: float,
    kept: Sequence[Mapping[str, Any]],
    unfolded: Sequence[Mapping[str, Any]],
    model: str | None,
) -> dict[int, list[int]]:
    """Of the best pictures those that are nearly the same as one that stays, under the first of these."""
    stay = [row["image_id"] for row in kept]
    images = [*stay, *(row["image_id"] for row in unfolded if row["image_id"] not in set(stay))]
    values = {"model": model, "images": images, "kept": stay, "distinct_above": distinct_above}
    under = {row.image_id: row.under for row in await connection.execute(_FOLDED, values)}
    folded: dict[int, list[int]] = {}
    for image in images:
        if image in under:
            folded.setdefault(under[image], []).append(image)
    return folded


def _is_whole(rows: Sequence[Any]) -> bool:
    return len(rows) < MOST_FOUND
