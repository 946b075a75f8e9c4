"""Regions of pictures: lay tiles, count and remove them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from clipsql.db.collections import require_collection
from clipsql.db.engine import database_errors
from clipsql.db.statements import counted, driver_connection
from clipsql.db.transactions import writing


@dataclass(frozen=True, kw_only=True)
class RegionCount:
    """Regions of one label in a collection: how many, how many are embedded under any model, how many cannot be."""

    collection: str
    label: str | None
    is_tile: bool
    regions: int
    embedded: int
    failed: int


def tile(engine: Engine, collection: str, *, columns: int, rows: int) -> tuple[int, int]:
    """Lay a grid over the pictures of a collection whose size is known, in the place of other tiles.

    Returns how many tiles were added and removed. Raises UnknownCollection.
    """
    with writing(engine) as connection:
        require_collection(connection, collection)
        driver = driver_connection(connection)
        driver.execute(
            """
            create temporary table staged_tile on commit drop as
            select i.image_id, array[t.x, t.y, t.right_end - t.x, t.bottom - t.y] as box
            from clipsql.image as i
            cross join generate_series(0, %(columns)s - 1) as c
            cross join generate_series(0, %(rows)s - 1) as r
            cross join lateral (select
                i.width * c / %(columns)s as x, i.height * r / %(rows)s as y,
                i.width * (c + 1) / %(columns)s as right_end, i.height * (r + 1) / %(rows)s as bottom) as t
            where i.collection = %(collection)s and i.status = 'embedded'
                and i.width >= %(columns)s and i.height >= %(rows)s
            """,
            {"collection": collection, "columns": columns, "rows": rows},
        )
        removed = counted(
            driver,
            """
            with gone as (
                delete from clipsql.image_region as r using clipsql.image as i
                where i.image_id = r.image_id and i.collection = %s and r.is_tile and not exists (
                    select from staged_tile as t where t.image_id = r.image_id and t.box = r.box)
                returning r.region_id
            )
            select count(*) from gone
            """,
            collection,
        )
        added = counted(
            driver,
            """
            with added as (
                insert into clipsql.image_region (image_id, box, is_tile)
                select t.image_id, t.box, true from staged_tile as t order by t.image_id
                on conflict (image_id, box, label) do nothing
                returning region_id
            )
            select count(*) from added
            """,
        )
    return added, removed


def count_regions(engine: Engine, collection: str | None = None) -> list[RegionCount]:
    """Regions by collection and label, tiles first. Raises UnknownCollection."""
    with database_errors(engine), engine.connect() as connection:
        if collection is not None:
            require_collection(connection, collection)
        rows = connection.execute(
            sa.text(
                """
                select i.collection, r.label, r.is_tile, count(*) as regions,
                    count(*) filter (where exists (
                        select from clipsql.region_embedding as e where e.region_id = r.region_id)) as embedded,
                    count(r.error) as failed
                from clipsql.image_region as r
                join clipsql.image as i on i.image_id = r.image_id
                where cast(:collection as text) is null or i.collection = :collection
                group by i.collection, r.label, r.is_tile
                order by i.collection, r.is_tile desc, r.label
                """
            ),
            {"collection": collection},
        )
        return [RegionCount(**row._mapping) for row in rows]


def remove_regions(
    engine: Engine, collection: str, *, label: str | None = None, only_tiles: bool = False
) -> int:
    """Remove the regions of a collection, those of one label or its tiles; how many. Raises UnknownCollection."""
    with writing(engine) as connection:
        require_collection(connection, collection)
        return counted(
            driver_connection(connection),
            """
            with gone as (
                delete from clipsql.image_region as r using clipsql.image as i
                where i.image_id = r.image_id and i.collection = %s
                    and (%s::text is null or r.label = %s) and (r.is_tile or not %s)
                returning r.region_id
            )
            select count(*) from gone
            """,
            collection,
            label,
            label,
            only_tiles,
        )
