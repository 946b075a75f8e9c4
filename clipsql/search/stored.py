"""Look up what is stored of pictures beside what a search returns: files, thumbnails, contents, names of metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from clipsql.db.tables.pictures import Caption, Image, Thumbnail
from clipsql.db.transactions import Database, reading
from clipsql.errors import InvalidArgument
from clipsql.search.results import Match, MomentMatch

_MOST_NAMES = 50


def files_of(database: Database, image_ids: Sequence[int]) -> dict[int, Path]:
    """Local files that pictures were read from, by image_id; they may be gone."""
    with reading(database) as connection:
        rows = connection.execute(
            sa.select(Image.image_id, Image.file).where(
                Image.image_id.in_(image_ids), Image.file.is_not(None)
            )
        )
        return {image_id: Path(file) for image_id, file in rows if file is not None}


def thumbnails_of(database: Database, image_ids: Sequence[int]) -> dict[int, bytes]:
    """Small JPEGs of pictures, by image_id, as far as they were kept."""
    with reading(database) as connection:
        rows = connection.execute(
            sa.select(Thumbnail.image_id, Thumbnail.jpeg).where(Thumbnail.image_id.in_(image_ids))
        )
        return {row.image_id: row.jpeg for row in rows}


def matches_of(database: Database, standings: Mapping[int, tuple[float, float | None]]) -> list[Match]:
    """Stored pictures as matches, in the given order: similarity and percentile by image_id."""
    caption = (
        sa.select(Caption.body)
        .where(Caption.image_id == Image.image_id, Caption.source.is_(None))
        .order_by(Caption.caption_id)
        .limit(1)
        .scalar_subquery()
    )
    statement = sa.select(
        Image.image_id,
        Image.url,
        Image.file,
        caption.label("caption"),
        Image.taken_at,
        Image.longitude,
        Image.latitude,
        Image.metadata_.label("metadata"),
    ).where(Image.image_id.in_(list(standings)))
    with reading(database) as connection:
        found = {row["image_id"]: dict(row) for row in connection.execute(statement).mappings()}
    return [
        Match.of_row({**found[image_id], "rank": rank, "similarity": similarity, "percentile": percentile})
        for rank, (image_id, (similarity, percentile)) in enumerate(standings.items(), start=1)
        if image_id in found
    ]


def matches_at(database: Database, moments: Sequence[MomentMatch]) -> list[Match]:
    """The best frames of moments as matches, whose url is that of the moment."""
    standings: dict[int, tuple[float, float | None]] = {
        one.best_image_id: (one.similarity, None) for one in moments
    }
    urls = {one.best_image_id: one.url for one in moments}
    return [replace(match, url=urls[match.image_id]) for match in matches_of(database, standings)]


def images_with_content(database: Database, sha256: bytes) -> list[int]:
    """Ids of the pictures whose files hold just these bytes, wherever they lie."""
    on_shards = sa.select(sa.func.clipsql_private.content_of_shards(sha256))
    with reading(database) as connection:
        here = list(connection.scalars(sa.select(Image.image_id).where(Image.sha256 == sha256)))
        return here or list(connection.scalars(on_shards))


def require_metadata(database: Database, names: Sequence[str], matches: Sequence[Match]) -> None:
    """Raise InvalidArgument, which lists those that exist, unless some picture has metadata of each name."""
    missing = set(names).difference(*(match.metadata for match in matches))
    if not missing:
        return
    known = sa.func.jsonb_object_keys(Image.metadata_).label("name")
    with reading(database) as connection:
        existing = set(connection.scalars(sa.select(known).distinct()))
    unknown = [name for name in names if name not in existing]
    if unknown:
        listed = ", ".join(sorted(existing)[:_MOST_NAMES]) or "none"
        raise InvalidArgument(
            f"No picture has metadata of the name {', '.join(unknown)}; there is: {listed}"
            + (f" and {len(existing) - _MOST_NAMES} more." if len(existing) > _MOST_NAMES else ".")
        )
