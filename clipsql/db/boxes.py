"""Take in boxes of pictures as regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg import sql
from sqlalchemy.engine import Engine

from clipsql.db.collections import require_collection
from clipsql.db.naming import resolve_names, stage_names
from clipsql.db.statements import Driver, counted, driver_connection
from clipsql.db.transactions import writing
from clipsql.picture import FoundBox, UnusableRow


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of a list of boxes: new regions, removed ones, pictures that have some, and what was left out."""

    added: int
    removed: int
    pictures: int
    problems: list[UnusableRow]


def import_boxes(
    engine: Engine, boxes: Iterable[FoundBox | UnusableRow], *, collection: str, replace: bool = False
) -> Imported:
    """Make regions of boxes in one transaction; with `replace` other boxes of these pictures go, tiles never.

    A picture is named by its image_id, its url, its local file, or the last part of its url when one alone in the
    collection has it. What is there already stays, embeddings included. Raises UnknownCollection, SourceError.
    """
    with writing(engine) as connection:
        require_collection(connection, collection)
        driver = driver_connection(connection)
        problems = list(_stage(driver, boxes))
        problems += _resolve(driver, collection)
        added = _insert(driver)
        removed = _remove_others(driver) if replace else 0
        pictures = counted(driver, "select count(distinct s.image_id) from staged_box as s")
    return Imported(added=added, removed=removed, pictures=pictures, problems=problems)


def _stage(driver: Driver, boxes: Iterable[FoundBox | UnusableRow]) -> Iterator[UnusableRow]:
    """Put boxes into the temporary table staged_box; what is none is given back."""
    driver.execute(
        """
        create temporary table staged_box (
            place bigint generated always as identity, position text, name text, uri text,
            box integer[], label text, score float8, image_id bigint
        ) on commit drop
        """
    )
    with driver.cursor().copy(
        "copy staged_box (position, name, uri, box, label, score) from stdin (format binary)"
    ) as copy:
        copy.set_types(["text", "text", "text", "int4[]", "text", "float8"])
        for each in boxes:
            if isinstance(each, UnusableRow):
                yield each
                continue
            copy.write_row((each.position, each.image, each.uri, list(each.box), each.label, each.score))


def _resolve(driver: Driver, collection: str) -> list[UnusableRow]:
    """Say of each staged box which picture it is of, cut to the picture; those that are of none are taken out."""
    stage_names(driver, sql.SQL("select distinct s.name, s.uri from staged_box as s"))
    resolve_names(driver, collection)
    driver.execute(
        "update staged_box as s set image_id = n.image_id from named_picture as n where n.name = s.name"
    )
    rows = driver.execute(
        """
        with wrong as (
            select s.place, s.position, case
                when s.image_id is null then format(
                    'names %%s, which is the url, file or end of the url of no one picture of collection %%s;'
                    ' ingest it first, or give its url or image_id',
                    '"' || left(s.name, 200) || '"', %(collection)s::text)
                when s.box[1] >= i.width or s.box[2] >= i.height then format(
                    'has a box at %%s,%%s, outside the picture, which is %%s x %%s; give pixels of the upright picture',
                    s.box[1], s.box[2], i.width, i.height) end as problem
            from staged_box as s left join clipsql.image as i on i.image_id = s.image_id
        ), gone as (
            delete from staged_box as s using wrong as w where w.place = s.place and w.problem is not null
        )
        select w.position, w.problem from wrong as w where w.problem is not null order by w.place
        """,
        {"collection": collection},
    ).fetchall()
    # What reaches beyond the picture's edge is cut; of a picture not read yet the size is known later.
    driver.execute(
        """
        update staged_box as s
        set box = array[s.box[1], s.box[2], least(s.box[3], i.width - s.box[1]), least(s.box[4], i.height - s.box[2])]
        from clipsql.image as i where i.image_id = s.image_id
        """
    )
    return [UnusableRow(position, problem) for position, problem in rows]


def _insert(driver: Driver) -> int:
    return counted(
        driver,
        """
        with best as (
            select distinct on (s.image_id, s.box, s.label) s.image_id, s.box, s.label, s.score
            from staged_box as s
            order by s.image_id, s.box, s.label, s.score desc nulls last
        ), changed as (
            update clipsql.image_region as r set score = b.score, is_tile = false
            from best as b
            where r.image_id = b.image_id and r.box = b.box and r.label is not distinct from b.label
                and (r.score is distinct from b.score or r.is_tile)
        ), added as (
            insert into clipsql.image_region (image_id, box, label, score)
            select b.image_id, b.box, b.label, b.score from best as b order by b.image_id
            on conflict (image_id, box, label) do nothing
            returning region_id
        )
        select count(*) from added
        """,
    )


def _remove_others(driver: Driver) -> int:
    return counted(
        driver,
        """
        with gone as (
            delete from clipsql.image_region as r
            where not r.is_tile and r.image_id in (select s.image_id from staged_box as s)
                and not exists (
                    select from staged_box as s
                    where s.image_id = r.image_id and s.box = r.box and s.label is not distinct from r.label)
            returning r.region_id
        )
        select count(*) from gone
        """,
    )
