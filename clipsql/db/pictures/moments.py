"""Which frames of a video are stored, and the rows that say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clipsql.db.models import ModelRow
from clipsql.db.statements import Driver
from clipsql.picture import Moment


@dataclass(frozen=True, slots=True)
class StoredMoment:
    """A stored frame of a video; a settled one is embedded under the model that is asked about, or has failed."""

    moment: Moment
    sha256: bytes | None
    is_settled: bool


def stored_moments(
    connection: Driver,
    *,
    collection: str,
    video: str,
    video_sha256: bytes,
    sampling: str,
    model: ModelRow | None,
) -> list[StoredMoment]:
    """The frames that were taken so of a video of just these bytes, in the order of the video."""
    rows = connection.execute(
        """
        select f.video, f.video_sha256, f.sampling, f.from_s, f.until_s, f.is_last, i.sha256,
               i.status = 'failed' or exists (
                   select from clipsql.image_embedding as e
                   where e.image_id = f.image_id and e.model_id = coalesce(%(model_id)s, e.model_id))
        from clipsql.video_frame as f
        join clipsql.image as i on i.image_id = f.image_id
        where clipsql.url_digest(f.video) = clipsql.url_digest(%(video)s)
            and i.collection = %(collection)s and f.video_sha256 = %(video_sha256)s and f.sampling = %(sampling)s
        order by f.from_s
        """,
        {
            "collection": collection,
            "video": video,
            "video_sha256": video_sha256,
            "sampling": sampling,
            "model_id": None if model is None else model.model_id,
        },
    )
    return [StoredMoment(Moment(*columns), sha256, settled) for *columns, sha256, settled in rows]


def frames_of(connection: Driver, *, collection: str, video: str) -> Iterator[str]:
    """The urls of all stored frames of a video, whatever it was then and however they were taken."""
    rows = connection.execute(
        """
        select i.url
        from clipsql.video_frame as f
        join clipsql.image as i on i.image_id = f.image_id
        where clipsql.url_digest(f.video) = clipsql.url_digest(%s) and i.collection = %s
        """,
        (video, collection),
    )
    return (url for (url,) in rows)


def write_moments(connection: Driver, placed: Sequence[tuple[int, Moment]]) -> None:
    """Say of pictures which moments they are, within a transaction.

    With the last one of a video its other frames go, which a later version of it, or another sampling, has no more.
    """
    if not placed:
        return
    connection.cursor().executemany(
        """
        insert into clipsql.video_frame (image_id, video, video_sha256, sampling, from_s, until_s, is_last)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (image_id) do update
            set (video, video_sha256, sampling, from_s, until_s, is_last)
                = (excluded.video, excluded.video_sha256, excluded.sampling, excluded.from_s, excluded.until_s,
                   excluded.is_last)
        """,
        [
            (image_id, one.video, one.video_sha256, one.sampling, one.from_s, one.until_s, one.is_last)
            for image_id, one in placed
        ],
    )
    for image_id, one in placed:
        if one.is_last:
            connection.execute(
                """
                delete from clipsql.image as i
                using clipsql.image as l, clipsql.video_frame as f
                where l.image_id = %s and i.collection = l.collection and i.image_id = f.image_id
                    and clipsql.url_digest(f.video) = clipsql.url_digest(%s)
                    and (f.video_sha256, f.sampling) is distinct from (%s, %s)
                """,
                (image_id, one.video, one.video_sha256, one.sampling),
            )
