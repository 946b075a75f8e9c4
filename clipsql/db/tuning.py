"""Measure how often index walks miss what an exact search finds, and set how wide they go."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.statements import Driver, driver_connection
from clipsql.db.tables.pictures import Image
from clipsql.db.tables.search_tuning import SearchTuning

_log = logging.getLogger(__name__)


_WIDTHS = (40, 60, 80, 100, 150, 250, 400, 600, 800, 1000)
_NEIGHBOURS = 10


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What was found for one collection (None: for searches over all of them).

    `ef_search` None means that such a search compares all pictures, by their codes where there are search rows, and
    walks no index.
    """

    collection: str | None
    ef_search: int | None
    recall: float
    queries: int
    measured_at: dt.datetime | None = None


def tune(
    engine: Engine,
    model: ModelRow,
    *,
    target: float = 0.95,
    queries: int = 50,
) -> list[Tuning]:
    """Find and keep, for every collection and for all together, the least ef_search that reaches `target`.

    Recall is that of the 10 nearest against exact answers. The queries are stored vectors: captions and pictures
    half and half. Texts lie farther from pictures than pictures do and are harder to answer, so without
    embedded captions the width only ever grows. It also measures what a row of an index walk, a code and a whole
    vector cost on this server, by which searches choose among ways to answer.
    """
    with database_errors(engine), engine.connect() as connection:
        collections = connection.scalars(
            sa.select(Image.collection).distinct().order_by(Image.collection)
        ).all()
    found = []
    for collection in (None, *collections):
        where = "all collections" if collection is None else f"collection {collection}"
        _log.info("Measuring the recall of searches in %s.", where, extra={"model": model.name})
        with database_errors(engine), engine.begin() as connection:
            connection.execute(
                sa.delete(SearchTuning).where(
                    SearchTuning.model_id == model.model_id,
                    SearchTuning.collection.is_not_distinct_from(collection),
                )
            )
            tuning = _measure(
                driver_connection(connection), model, collection, target=target, queries=queries
            )
            if tuning.ef_search is not None:
                connection.execute(
                    insert(SearchTuning).values(
                        model_id=model.model_id,
                        collection=collection,
                        ef_search=tuning.ef_search,
                        target_recall=target,
                        measured_recall=tuning.recall,
                        queries=tuning.queries,
                    )
                )
        found.append(tuning)
    with database_errors(engine), engine.begin() as connection:
        _keep_costs(driver_connection(connection), model)
    return found


def _keep_costs(driver: Driver, model: ModelRow) -> None:
    """Measure what the ways to answer a search cost on this server, where there is a choice among them."""
    driver.execute(
        """
        insert into clipsql_private.search_cost (model_id, walk_us, code_us, lookup_us)
        select %(model)s, c.walk_us, c.code_us, c.lookup_us
        from clipsql_private.measure_costs(%(model)s) as c
        where c.walk_us is not null
        on conflict (model_id) do update set walk_us = excluded.walk_us, code_us = excluded.code_us,
            lookup_us = excluded.lookup_us, measured_at = now()
        """,
        {"model": model.model_id},
    )


def tunings(engine: Engine, model: ModelRow) -> list[Tuning]:
    """What the last `tune` kept, searches over all collections first."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(
            sa.select(
                SearchTuning.collection,
                SearchTuning.ef_search,
                SearchTuning.measured_recall.label("recall"),
                SearchTuning.queries,
                SearchTuning.measured_at,
            )
            .where(SearchTuning.model_id == model.model_id)
            .order_by(SearchTuning.collection.nulls_first())
        )
        return [Tuning(**row._mapping) for row in rows]


def _measure(
    driver: Driver, model: ModelRow, collection: str | None, *, target: float, queries: int
) -> Tuning:
    usual = _usual_width(driver, model, collection)
    captions = _sample(driver, _CAPTIONS, model, collection, queries // 2)
    pictures = _sample(driver, _PICTURES, model, collection, queries - len(captions))
    asked = pictures + captions
    exact = [_nearest(driver, _EXACT, model, collection, query) or [] for query in asked]
    if usual is None:
        found_ids = [_nearest(driver, _SEARCH, model, collection, query) or [] for query in asked]
        hits = sum(len(set(found) & set(expected)) for found, expected in zip(found_ids, exact, strict=True))
        wanted = sum(map(len, exact))
        recall = hits / wanted if wanted else 1.0
        return Tuning(collection=collection, ef_search=None, recall=recall, queries=len(asked))
    recall = 0.0
    width = usual
    for width in _WIDTHS:
        if width < usual and not captions:
            continue
        hits = 0
        for query, expected in zip(asked, exact, strict=True):
            found = _nearest(driver, _WALK, model, collection, query, width=width)
            # A walk that gives up is finished exactly.
            hits += len(expected) if found is None else len(set(found) & set(expected))
        recall = hits / sum(map(len, exact))
        if recall >= target:
            break
    return Tuning(collection=collection, ef_search=width, recall=recall, queries=len(asked))


_SCOPE = sql.SQL(
    """
    with scope as (
        select f as filter, m as chosen, clipsql_private.effective_conditions(f) as conditions
        from clipsql.model as m,
            jsonb_populate_record(
                null::clipsql_private.search_filter, jsonb_build_object('in_collection', %(collection)s::text)) as f
        where m.model_id = %(model_id)s
    ), planned as (
        select s.*, clipsql_private.choose_strategy(
            null, %(wanted)s, s.conditions, s.filter, s.chosen,
            share => case when s.conditions <> '' then
                clipsql_private.sample_share(s.conditions, s.filter, null) end) as strategy
        from scope as s
    )
    """
)

_USUAL = _SCOPE + sql.SQL(
    "select case when (p.strategy).walks then (p.strategy).ef_search end from planned as p"
)

_EXACT = _SCOPE + sql.SQL(
    """
    select a.ids
    from planned as p,
        clipsql_private.compare_all(%(query)s::vector, %(wanted)s, p.conditions, p.filter, p.chosen) as a
    """
)

_SEARCH = _SCOPE + sql.SQL(
    """
    select a.ids
    from planned as p,
        clipsql_private.find_matches(%(query)s::vector, %(wanted)s, p.conditions, p.filter, p.chosen) as a
    """
)

_WALK = _SCOPE + sql.SQL(
    """
    select (select array_agg(n.id)
            from (select * from unnest(w.ids, w.distances) as u(id, distance)
                  order by u.distance, u.id limit %(wanted)s) as n)
    from planned as p,
        jsonb_populate_record(
            p.strategy, jsonb_build_object('ef_search', %(width)s::integer, 'width', %(width)s::integer)) as s,
        clipsql_private.walk_index(%(query)s::vector, %(wanted)s, p.conditions, p.filter, p.chosen, s) as w
    """
)

# By a hash of the id: spread over the whole collection, and the same pictures at the next tuning.
_PICTURES = sql.SQL(
    """
    select e.embedding::text
    from clipsql.image_embedding as e
    join clipsql.image as i on i.image_id = e.image_id
    where e.model_id = %(model_id)s and (%(collection)s::text is null or i.collection = %(collection)s)
    order by hashint8(e.image_id), e.image_id
    limit %(count)s
    """
)

_CAPTIONS = sql.SQL(
    """
    select e.embedding::text
    from clipsql.caption_embedding as e
    join clipsql.caption as c on c.caption_id = e.caption_id
    join clipsql.image as i on i.image_id = c.image_id
    where e.model_id = %(model_id)s and (%(collection)s::text is null or i.collection = %(collection)s)
    order by hashint8(e.caption_id), e.caption_id
    limit %(count)s
    """
)


def _usual_width(driver: Driver, model: ModelRow, collection: str | None) -> int | None:
    """The ef_search of untuned walks; None when such a search does not walk."""
    row = driver.execute(
        _USUAL, {"model_id": model.model_id, "collection": collection, "wanted": _NEIGHBOURS}
    ).fetchone()
    assert row is not None
    width: int | None = row[0]
    return width


def _sample(
    driver: Driver, statement: sql.SQL | sql.Composed, model: ModelRow, collection: str | None, count: int
) -> list[str]:
    rows = driver.execute(
        statement, {"model_id": model.model_id, "collection": collection, "count": count}
    ).fetchall()
    return [text for (text,) in rows]


def _nearest(
    driver: Driver,
    statement: sql.SQL | sql.Composed,
    model: ModelRow,
    collection: str | None,
    query: str,
    *,
    width: int | None = None,
) -> list[int] | None:
    row = driver.execute(
        statement,
        {
            "model_id": model.model_id,
            "collection": collection,
            "wanted": _NEIGHBOURS,
            "query": query,
            "width": width,
        },
    ).fetchone()
    return None if row is None else row[0]
