"""Bring the matches of a search into the order that a model gives which looks at picture and text together."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from clipsql.db.model_questions import originals
from clipsql.db.transactions import Database
from clipsql.encoding.each import encode_each
from clipsql.encoding.matching import CrossEncoder
from clipsql.errors import ImageError
from clipsql.search.results import Match, RerankedMatch
from clipsql.viewing.originals import plain_picture, read_originals
from clipsql.web.downloading import Downloader, DownloadOptions

_log = logging.getLogger(__name__)

_BATCH = 64
"""Pictures in memory at once."""


def rerank(
    database: Database,
    matches: Sequence[Match],
    query: str,
    matcher: CrossEncoder,
    *,
    allow_private_hosts: bool = False,
) -> list[RerankedMatch]:
    """The matches by the probability that the query is true of them, highest first, ties by similarity.

    What cannot be had again, or the model makes nothing of, keeps its place and has no probability; a warning tells.
    """
    asked = originals(database, [match.image_id for match in matches])
    scores: dict[int, float] = {}
    with Downloader(DownloadOptions(allow_private_hosts=allow_private_hosts)) as web:
        for start in range(0, len(asked), _BATCH):
            read = read_originals(asked[start : start + _BATCH], web)
            pixels = {image_id: one for image_id, one in read.items() if not isinstance(one, ImageError)}
            found, failed = encode_each(
                lambda images: matcher.scores(images, [query] * len(images)), pixels, plain=plain_picture()
            )
            scores |= {image_id: float(score) for image_id, score in found.items()}
            problems = {
                image_id: one for image_id, one in read.items() if isinstance(one, ImageError)
            } | failed
            for image_id, problem in problems.items():
                _log.warning("Image %d keeps its place: %s", image_id, problem)
    return in_order(matches, scores)


def in_order(matches: Sequence[Match], scores: dict[int, float]) -> list[RerankedMatch]:
    """Matches with their scores; those without one stay where they are, the others fill the places around them."""
    scored = sorted(
        (match for match in matches if match.image_id in scores),
        key=lambda match: (-scores[match.image_id], match.rank),
    )
    best = iter(scored)
    ordered = [next(best) if match.image_id in scores else match for match in matches]
    return [
        RerankedMatch(**{**vars(match), "rank": rank, "itm_score": scores.get(match.image_id)})
        for rank, match in enumerate(ordered, start=1)
    ]
