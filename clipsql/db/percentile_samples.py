"""Keep a sample of every large collection, by which searches tell how their hits compare with the rest of it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Connection, Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.statements import driver_connection
from clipsql.db.tables.pictures import Image

_MOST_CHANGE = 0.1
"""Share by which a collection may grow, shrink or change before its sample is taken anew."""


def refresh(engine: Engine, model: ModelRow, *, collections: Sequence[str] | None = None) -> int:
    """Sample the collections (default: each there is) and all pictures together where that is due; how many were.

    A collection that is small enough to be compared as a whole has no sample. Which pictures are taken follows
    from their ids, so the same pictures always give the same sample. Who sees only some pictures takes no sample: it
    would stand for all.
    """
    with database_errors(engine), engine.connect() as connection:
        if connection.exec_driver_sql(
            "select row_security_active('clipsql_private.percentile_sample')"
        ).scalar_one():
            return 0
        if collections is None:
            collections = connection.scalars(
                sa.select(Image.collection).distinct().order_by(Image.collection)
            ).all()
    sampled = 0
    for collection in (*collections, None):
        with database_errors(engine), engine.begin() as connection:
            sampled += _refresh(connection, model, collection)
    return sampled


def _refresh(connection: Connection, model: ModelRow, collection: str | None) -> bool:
    """Bring one sample up to date; True when it was taken anew."""
    names = {
        "model_id": sql.Literal(model.model_id),
        "of_collection": sql.SQL("" if collection is None else _OF_COLLECTION),
    }
    given = {"model_id": model.model_id, "collection": collection}
    driver = driver_connection(connection)
    # One at a time; searches go on with the old sample.
    driver.execute("lock table clipsql_private.percentile_sample in share row exclusive mode")
    state = driver.execute(_STATE.format(**names), given).fetchone()
    assert state is not None
    full_size, pictures, sampled_from, intact, is_coded = state
    is_large: bool = pictures > full_size
    if (
        is_large
        and sampled_from is not None
        and abs(pictures - sampled_from) <= _MOST_CHANGE * sampled_from
        and intact >= (1 - _MOST_CHANGE) * full_size
        and is_coded
    ):
        return False
    driver.execute(_REMOVE, given)
    if is_large:
        driver.execute(_SAMPLE.format(**names), given | {"pictures": pictures})
    return is_large


_OF_COLLECTION = "join clipsql.image as i on i.image_id = e.image_id and i.collection = %(collection)s"

_STATE = sql.SQL(
    """
    select
        clipsql_private.percentile_sample_size(),
        (select count(*) from clipsql.image_embedding as e {of_collection} where e.model_id = {model_id}),
        b.pictures,
        (select count(*)
         from clipsql_private.percentile_sample_embedding as s
         join clipsql.image_embedding as e
             on e.model_id = {model_id} and e.image_id = s.image_id and e.embedding = s.embedding
         where s.percentile_sample_id = b.percentile_sample_id),
        b.basis_id is not distinct from (
            select k.basis_id from clipsql_private.code_basis as k where k.model_id = {model_id} and k.state = 'ready')
    from (values (%(model_id)s, %(collection)s::text)) as wanted(model_id, collection)
    left join clipsql_private.percentile_sample as b
        on b.model_id = wanted.model_id and b.collection is not distinct from wanted.collection
    """
)

_REMOVE = """
    delete from clipsql_private.percentile_sample as b
    where b.model_id = %(model_id)s and b.collection is not distinct from %(collection)s::text
"""

# By a hash of the id: spread over the whole collection, and the same pictures the next time.
_SAMPLE = sql.SQL(
    """
    with background as (
        insert into clipsql_private.percentile_sample (model_id, collection, pictures, basis_id)
        values (%(model_id)s, %(collection)s, %(pictures)s, (
            select k.basis_id from clipsql_private.code_basis as k where k.model_id = {model_id} and k.state = 'ready'))
        returning percentile_sample_id, basis_id
    ), drawn as (
        select e.image_id
        from clipsql.image_embedding as e {of_collection}
        where e.model_id = {model_id}
        order by hashint8(e.image_id), e.image_id
        limit clipsql_private.percentile_sample_size()
    ), sample as materialized (
        select b.percentile_sample_id, b.basis_id, e.image_id, e.embedding
        from background as b
        cross join clipsql.image as i
        join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = {model_id}
        where i.image_id in (select d.image_id from drawn as d)
        order by e.image_id
        for key share of i  -- a picture that someone else deletes meanwhile is left out
    ), coded as (
        insert into clipsql_private.percentile_sample_code (percentile_sample_id, image_id, code)
        select s.percentile_sample_id, s.image_id, clipsql_private.code_of(s.embedding, s.basis_id)
        from sample as s
        where s.basis_id is not null
    )
    insert into clipsql_private.percentile_sample_embedding (percentile_sample_id, image_id, embedding)
    select s.percentile_sample_id, s.image_id, s.embedding from sample as s
    """
)
