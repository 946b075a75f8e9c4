"""Find the pictures of a collection that a list names: by image_id, url, local file, or the end of the url."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from clipsql.db.statements import Driver


def stage_names(driver: Driver, names: Iterable[tuple[str, str | None]] | sql.SQL) -> None:
    """Fill the temporary table named_picture, of this transaction, with names and addresses of files, or a select."""
    driver.execute(
        "create temporary table named_picture (name text primary key, uri text, image_id bigint) on commit drop"
    )
    if isinstance(names, sql.SQL):
        driver.execute(sql.SQL("insert into named_picture (name, uri) {}").format(names))
        return
    with driver.cursor().copy("copy named_picture (name, uri) from stdin") as copy:
        for row in names:
            copy.write_row(row)


def resolve_names(driver: Driver, collection: str) -> None:
    """Say of each name in named_picture which picture of the collection it is; null for none, and for one of several.

    Digits are an image_id where no url is just these. The end of a url counts where one picture alone has it.
    """
    for key in ("name", "uri"):
        driver.execute(
            sql.SQL(
                """
                update named_picture as n set image_id = i.image_id from clipsql.image as i
                where n.image_id is null and i.collection = %s
                    and clipsql.url_digest(i.url) = clipsql.url_digest({key}) and i.url = {key}
                """
            ).format(key=sql.Identifier("n", key)),
            (collection,),
        )
    driver.execute(
        """
        update named_picture as n set image_id = i.image_id from clipsql.image as i
        where n.image_id is null and n.name ~ '^[0-9]{1,18}$' and i.collection = %s
            and i.image_id = case when n.name ~ '^[0-9]{1,18}$' then n.name::bigint end
        """,
        (collection,),
    )
    driver.execute(
        """
        with ends as (
            select regexp_replace(i.url, '^.*/', '') as name, min(i.image_id) as image_id
            from clipsql.image as i
            where i.collection = %s and exists (select from named_picture as n where n.image_id is null)
            group by 1
            having count(*) = 1
        )
        update named_picture as n set image_id = e.image_id from ends as e
        where n.image_id is null
            and e.name in (regexp_replace(n.name, '^.*/', ''), regexp_replace(n.uri, '^.*/', ''))
        """,
        (collection,),
    )
