"""The queue: pictures that wait for a model are leased, settled or given back, by any number of workers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from psycopg import sql

from clipsql.db.models import ModelRow
from clipsql.db.pictures.leases import Lease, Scope, model_number
from clipsql.db.pictures.lookups import pictures_by_id
from clipsql.db.pictures.records import PictureWrite, StoredPicture
from clipsql.db.pictures.staging import stage, write_content
from clipsql.db.pictures.unembedded import leave_embedded, note_unembedded
from clipsql.db.statements import Driver
from clipsql.errors import ConfigurationError

_IS_FREE = sql.SQL("coalesce(q.leased_until < now(), true)")
_LOST_WORKERS = sql.SQL("(q.lost_workers + (q.leased_until is not null)::integer)")
"""Of a free picture: how many workers died with it in hand."""

_SUSPECTED = 2
_FATAL = 6


def enqueue(
    connection: Driver,
    pictures: Sequence[tuple[int, bool, bytes | None]],
    *,
    collection: str,
    model: ModelRow | None,
) -> None:
    """Let pictures, (image_id, is_checked, file_to_read) each, wait for `model` or for any.

    One not checked is looked at again; a file that was asked for stays so. Raises ConfigurationError where a tenant
    would have workers read files: they are on the machine of the workers, and whose they are nobody knows.
    """
    if any(file is not None for _, _, file in pictures):
        row = connection.execute("select row_security_active('clipsql_private.queue')").fetchone()
        if row == (True,):
            raise ConfigurationError(
                "Where tenants are kept apart, workers read no files for them: ingest these directly, without "
                "--enqueue-only, or give web addresses."
            )
    connection.execute(
        """
        with asked as (
            select a.*, q.queue_id
            from unnest(%(image_ids)s::bigint[], %(are_checked)s::boolean[], %(files)s::bytea[])
                as a(image_id, is_checked, file_to_read)
            left join clipsql_private.queue as q
                on q.image_id = a.image_id and q.model_id is not distinct from %(model_id)s::integer
        ), added as (
            insert into clipsql_private.queue (image_id, collection, model_id, is_checked, file_to_read)
            select a.image_id, %(collection)s, %(model_id)s, a.is_checked, a.file_to_read
            from asked as a
            where a.queue_id is null
            on conflict do nothing
        )
        update clipsql_private.queue as q
        set is_checked = q.is_checked and a.is_checked, file_to_read = coalesce(a.file_to_read, q.file_to_read)
        from asked as a
        where q.queue_id = a.queue_id
            and (q.is_checked and not a.is_checked or a.file_to_read <> coalesce(q.file_to_read, ''))
        """,
        {
            "image_ids": [image_id for image_id, _, _ in pictures],
            "are_checked": [is_checked for _, is_checked, _ in pictures],
            "files": [file for _, _, file in pictures],
            "collection": collection,
            "model_id": model_number(model),
        },
    )


def take_out(connection: Driver, image_ids: Collection[int], *, model: ModelRow | None) -> None:
    """Let these pictures wait no more for `model` or for any, whoever holds them; another model's stay, and embedded
    ones of which regions wait for this one.
    """
    connection.execute(
        """
        delete from clipsql_private.queue as q
        where q.image_id = any (%(image_ids)s) and (q.model_id is null or q.model_id = %(model_id)s)
            and not exists (
                select from clipsql.image_region as r
                join clipsql.image as i on i.image_id = r.image_id
                where r.image_id = q.image_id and q.model_id is not null and r.error is null and i.status = 'embedded'
                    and not exists (
                        select from clipsql.region_embedding as v
                        where v.region_id = r.region_id and v.model_id = q.model_id))
        """,
        {"image_ids": list(image_ids), "model_id": model_number(model)},
    )


def claim(
    connection: Driver, scope: Scope, lease: Lease, *, limit: int, only_fresh: bool = False
) -> list[StoredPicture]:
    """Lease waiting pictures that nobody holds, or whose holder let its lease run out.

    Fresh ones first, then the oldest of a collection, and those that wait for this model before those that wait for
    any. Those that several workers died with are left to `claim_suspects`.
    """
    fitting = sql.SQL("{} < {}").format(_LOST_WORKERS, _SUSPECTED)
    fresh = _claim(connection, scope, lease, _FRESH.format(fitting), limit=limit)
    if only_fresh or len(fresh) == limit:
        return fresh
    return fresh + _claim(connection, scope, lease, _OLDEST.format(fitting), limit=limit - len(fresh))


def claim_suspects(connection: Driver, scope: Scope, lease: Lease) -> tuple[list[StoredPicture], bool]:
    """Lease a few of the pictures that most workers died with, and say whether these are to be given up.

    For a worker that holds nothing else, so that the others do not come under suspicion too. The more workers died,
    the fewer pictures the next one takes, in the end one alone: when that kills it again, it is the one.
    """
    row = connection.execute(
        sql.SQL(
            """
            select max({lost_workers}) from clipsql_private.queue as q
            where (q.model_id = %(model_id)s or q.model_id is null and {takes_any}) and {condition} and {is_free}
            """
        ).format(
            lost_workers=_LOST_WORKERS, condition=scope.condition, is_free=_IS_FREE, takes_any=scope.takes_any
        ),
        scope.parameters,
    ).fetchone()
    lost = (row and row[0]) or 0
    if lost < _SUSPECTED:
        return [], False
    fitting = sql.SQL("{} = {}").format(_LOST_WORKERS, lost)
    limit = {2: 16, 3: 4}.get(lost, 1)
    return _claim(connection, scope, lease, _OLDEST.format(fitting), limit=limit), lost >= _FATAL


_CANDIDATES = """
    select q.queue_id
    from clipsql_private.queue as q
    where {of_model} and {condition} and {is_free} and {which}
    limit {limit}
    for no key update skip locked
"""
# Each order is that of an index.
_FRESH = sql.SQL("{} and q.is_fresh order by q.model_id, q.queue_id")
_OLDEST = sql.SQL("{} order by q.model_id, q.collection, q.queue_id")


def _claim(
    connection: Driver, scope: Scope, lease: Lease, which: sql.Composable, *, limit: int
) -> list[StoredPicture]:
    names = {"condition": scope.condition, "is_free": _IS_FREE, "which": which}
    rows = connection.execute(
        # In two parts: no index gives the oldest of "this model or any" in order.
        sql.SQL(
            """
            with own as materialized ({own}), anyones as materialized ({anyones})
            update clipsql_private.queue as q
            set leased_by = %(worker)s, leased_until = now() + make_interval(secs => %(seconds)s),
                lost_workers = {lost_workers}
            from (table own union all table anyones) as free
            where q.queue_id = free.queue_id
            returning q.image_id
            """
        ).format(
            own=sql.SQL(_CANDIDATES).format(
                of_model=sql.SQL("q.model_id = %(model_id)s"), limit=sql.SQL("%(limit)s"), **names
            ),
            anyones=sql.SQL(_CANDIDATES).format(
                of_model=sql.SQL("q.model_id is null and {}").format(scope.takes_any),
                limit=sql.SQL("%(limit)s - (select count(*) from own)"),
                **names,
            ),
            lost_workers=_LOST_WORKERS,
        ),
        {"limit": limit, **scope.parameters, **lease.parameters},
    ).fetchall()
    return pictures_by_id(connection, [image_id for (image_id,) in rows], model=scope.model) if rows else []


def renew(connection: Driver, image_ids: Collection[int], lease: Lease) -> None:
    """Hold these pictures longer, as far as they are still this worker's."""
    connection.execute(
        """
        update clipsql_private.queue as q set leased_until = now() + make_interval(secs => %(seconds)s)
        where q.image_id = any (%(image_ids)s) and q.leased_by = %(worker)s
        """,
        {"image_ids": list(image_ids), **lease.parameters},
    )


def give_back(connection: Driver, image_ids: Collection[int], lease: Lease) -> None:
    """Let others have these pictures, as far as they are still this worker's."""
    connection.execute(
        """
        update clipsql_private.queue as q set leased_by = null, leased_until = null
        where q.image_id = any (%(image_ids)s) and q.leased_by = %(worker)s
        """,
        {"image_ids": list(image_ids), **lease.parameters},
    )


def give_back_all(connection: Driver, lease: Lease) -> None:
    """Let others have whatever this worker still holds."""
    connection.execute(
        """
        update clipsql_private.queue as q set leased_by = null, leased_until = null
        where q.leased_by = %(worker)s
        """,
        lease.parameters,
    )


def is_empty(connection: Driver, scope: Scope) -> bool:
    """Whether no picture waits, those that other workers hold included: a worker may die."""
    row = connection.execute(
        sql.SQL(
            """
            select not exists (select from clipsql_private.queue as q where q.model_id = %(model_id)s and {condition})
               and not exists (select from clipsql_private.queue as q
                               where q.model_id is null and {takes_any} and {condition})
            """
        ).format(condition=scope.condition, takes_any=scope.takes_any),
        scope.parameters,
    ).fetchone()
    return row == (True,)


def _beside_others(write: PictureWrite, sha256: bytes | None, *, is_embedded: bool) -> PictureWrite:
    """The write against what is stored by now: a worker under another model may have brought content meanwhile, whose
    vectors stay if it is the same; or one under this model, while the machine of this one slept.
    """
    if write.stored is not None and sha256 is not None and write.picture.sha256 is not None:
        known = replace(write.stored, picture=replace(write.stored.picture, sha256=sha256))
        is_there = is_embedded and sha256 == write.picture.sha256
        write = replace(write, stored=known, embedding=None if is_there else write.embedding)
    return write


def settle(
    connection: Driver, writes: Sequence[PictureWrite], lease: Lease, *, model: ModelRow | None
) -> set[int]:
    """Write what became of leased pictures, in one transaction; returns the image_ids that were still this worker's.

    The others are left alone: their lease ran out and another worker has them, or somebody deleted them. What an
    ingest changed in a row meanwhile (metadata, time, place) stays. A picture that is pending still has been
    checked, and waits on. One that failed for this model alone stays as it is under the others.
    """
    claimed = {write.stored.image_id: write for write in writes if write.stored is not None}
    if not claimed:
        return set()
    with connection.transaction():
        # The rows first: whoever deletes pictures locks them in this order too, and then what hangs on them.
        contents: dict[int, bytes | None] = dict(
            connection.execute(
                "select i.image_id, i.sha256 from clipsql.image as i where i.image_id = any (%s)"
                " order by i.image_id for no key update",
                (list(claimed),),
            )
        )
        rows = connection.execute(
            """
            select q.image_id, exists (
                select from clipsql.image_embedding as e where e.image_id = q.image_id and e.model_id = %s)
            from clipsql_private.queue as q
            where q.image_id = any (%s) and q.leased_by = %s
            """,
            (model_number(model), list(claimed), lease.worker),
        )
        ours = {
            image_id: _beside_others(claimed[image_id], contents[image_id], is_embedded=is_embedded)
            for image_id, is_embedded in rows
        }
        for_others = note_unembedded(connection, ours, model=model)
        written = {image_id: write for image_id, write in ours.items() if image_id not in for_others}
        stage(connection, written.values())
        connection.execute(
            """
            update clipsql.image as i
            set file = s.file,
                sha256 = s.sha256, width = s.width, height = s.height, format = s.format,
                taken_at = coalesce(i.taken_at, s.taken_at),
                longitude = case when i.longitude is null then s.longitude else i.longitude end,
                latitude = case when i.longitude is null then s.latitude else i.latitude end,
                status = s.status, error = s.error, failure = s.failure
            from staged_image as s
            where i.image_id = s.image_id
            """
        )
        waiting = [image_id for image_id, write in ours.items() if write.picture.status == "pending"]
        connection.execute(
            """
            update clipsql_private.queue as q
            set is_checked = true, lost_workers = 0, leased_by = null, leased_until = null
            where q.image_id = any (%s) and q.leased_by = %s
            """,
            (waiting, lease.worker),
        )
        write_content(connection, list(written.items()), model)
        take_out(connection, ours.keys() - set(waiting), model=model)
        leave_embedded(connection, for_others)
    return set(ours)
