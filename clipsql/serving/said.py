"""What models said that looked at pictures again: scores of a text, and all that was said of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from clipsql.serving.door import Door

# Of each model the state of its files that was asked about the text, else the one that was asked last.
_MATCHERS = sa.text(
    """
    select distinct on (q.model) q.model, q.revision, case when q.query = :text then q.query_id end as query_id
    from clipsql.model_query as q
    where q.kind = 'match'
    order by q.model, q.query = :text desc, q.query_id desc
    """
)
_IS_SCORED = sa.text(
    "select exists (select from clipsql.model_query as q"
    " where q.query_id = :query_id and q.kind = 'match' and q.query = :text)"
)
_DESCRIPTIONS = """
    select c.body, c.language, c.source
    from clipsql.caption as c
    where c.image_id = :image and c.source is not null
    order by c.caption_id
"""
_ANSWERS = """
    select a.question, a.answer, a.probability, a.model
    from clipsql.picture_answer as a
    where a.image_id = :image
    order by a.query_id
"""
_SCORES = """
    select q.query, a.score, q.model
    from clipsql.model_answer as a
    join clipsql.model_query as q on q.query_id = a.query_id
    where a.image_id = :image and q.kind = 'match' and a.score is not null
    order by a.score desc, q.query_id
    limit 20
"""
# By size: where tenants are kept apart, one who has none would look through those of all.
HAS_REGIONS = sa.text(
    "select exists (select from pg_catalog.pg_inherits as h"
    " where h.inhparent = 'clipsql.region_embedding'::regclass and pg_relation_size(h.inhrelid) > 0)"
)


@dataclass(frozen=True)
class Matcher:
    """A model that says how likely a text is true of a picture; `query_id` where it was asked about this text."""

    model: str
    revision: str
    query_id: int | None


@dataclass(frozen=True)
class Said:
    """What models said of one picture: what it shows, answers to questions, how likely texts are true of it.

    `has_regions` says whether there are parts of pictures to search at all.
    """

    descriptions: Sequence[dict[str, Any]]
    answers: Sequence[dict[str, Any]]
    scores: Sequence[dict[str, Any]]
    has_regions: bool


async def matchers_of(connection: AsyncConnection, text: str) -> list[Matcher]:
    """The models that were asked to match texts with pictures, by name."""
    return [Matcher(*row) for row in await connection.execute(_MATCHERS, {"text": text})]


async def is_scored(connection: AsyncConnection, query_id: int, text: str | None) -> bool:
    """Whether the scores of that query are those of the text."""
    return bool(await connection.scalar(_IS_SCORED, {"query_id": query_id, "text": text}))


async def said_of(asking: Door, image: int) -> Said:
    """What was said of a stored picture."""
    async with asking.open() as connection:

        async def rows(statement: str) -> list[dict[str, Any]]:
            found = await connection.execute(sa.text(statement), {"image": image})
            return [dict(row) for row in found.mappings()]

        return Said(
            await rows(_DESCRIPTIONS),
            await rows(_ANSWERS),
            await rows(_SCORES),
            bool(await connection.scalar(HAS_REGIONS)),
        )
