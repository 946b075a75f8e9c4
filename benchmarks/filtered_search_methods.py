"""The ways to answer a filtered search in PostgreSQL that benchmarks/filtered_search.py compares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from filtered_search_data import FIRST_DAY, Filter, place

_EXACT = """
    with e as materialized (
        select e.image_id, e.embedding::halfvec(512) <=> %(query)s::halfvec(512) as distance
        from clipsql_private.image_embedding_1 as e join clipsql.image as i on i.image_id = e.image_id where {filter}
    ), n as (select * from e order by distance, image_id limit %(k)s)
    select i.image_id, n.distance, i.url, i.taken_at, i.longitude, i.latitude, i.metadata
    from n join clipsql.image as i on i.image_id = n.image_id order by n.distance
"""
WALK = """
    select i.image_id, n.distance, i.url, i.taken_at, i.longitude, i.latitude, i.metadata
    from (select e.image_id, e.embedding::halfvec(512) <=> %(query)s::halfvec(512) as distance
          from clipsql_private.image_embedding_1 as e join clipsql.image as i on i.image_id = e.image_id
          where {filter} order by e.embedding::halfvec(512) <=> %(query)s::halfvec(512) limit %(k)s) as n
    join clipsql.image as i on i.image_id = n.image_id order by n.distance
"""
SEARCH = "select * from clipsql.search(%(query)s::vector, %(k)s{filter})"


@dataclass(frozen=True)
class Method:
    """One way to answer, with the settings that it needs."""

    name: str
    statement: str
    settings: Sequence[str] = ()


_FORCED = ("enable_seqscan = off", "enable_sort = off")
METHODS = (
    Method("clipsql.search", SEARCH),
    Method("exact SQL", _EXACT),
    *(Method(f"plain HNSW ef {width}", WALK, (*_FORCED, f"hnsw.ef_search = {width}")) for width in (40, 400)),
    *(
        Method(
            f"iterative HNSW ef {width}",
            WALK,
            (*_FORCED, "hnsw.iterative_scan = relaxed_order", f"hnsw.ef_search = {width}"),
        )
        for width in (40, 200, 800)
    ),
)


def condition(chosen: Filter, rows: int, share: float, *, is_search: bool) -> tuple[str, dict[str, Any]]:
    """The filter as SQL: times for rows at random, a strip of the Earth for rows that are alike."""
    if share == 1:
        return ("" if is_search else "true"), {}
    if chosen.by_moment:
        values: dict[str, Any] = {
            "from": FIRST_DAY + dt.timedelta(minutes=chosen.first),
            "until": FIRST_DAY + dt.timedelta(minutes=chosen.last),
        }
        if is_search:
            return ", taken_from => %(from)s, taken_until => %(until)s", values
        return "i.taken_at >= %(from)s and i.taken_at < %(until)s", values
    half_step = 179 / rows
    west, east = (place(position, rows)[0] - half_step for position in (chosen.first, chosen.last))
    values = {"strip": f"(({west},-60),({east},-60),({east},60),({west},60))"}
    if is_search:
        return ", inside => %(strip)s::polygon", values
    return "point(i.longitude, i.latitude) <@ %(strip)s::polygon", values
