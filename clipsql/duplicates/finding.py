"""Group pictures with their copies: the same bytes, or the same photograph in another size, format or quality."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy.engine import Engine

from clipsql.db import duplicates
from clipsql.db.duplicates import FoundPicture, NearPair
from clipsql.db.models import ModelRow
from clipsql.images.likeness import differences

MIN_SIMILARITY = 0.5
MAX_DIFFERENCE = 2.0
"""As `benchmarks/duplicates.py` measures them. A model sees frames of a fixed camera, and shirts on the same ground, as
alike as copies: its similarity only says which pictures are looked at, their pixels decide."""

LARGE_SHARE = 0.1
LARGE_COUNT = 20
"""From this share of a collection and this many pictures on a group is large: look at it before it is believed."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy beside the picture that is kept.

    `similarity` is the cosine of their embeddings, `difference` how much they differ where they differ most, in levels
    of 255. Of the same bytes they are 1 and 0.
    """

    picture: FoundPicture
    similarity: float
    difference: float
    same_bytes: bool


@dataclass(frozen=True, kw_only=True)
class DuplicateGroup:
    """A picture to keep and its copies: it has the most pixels of them, of equals the lowest image_id."""

    kept: FoundPicture
    copies: tuple[Copy, ...]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A picture to keep and one copy of it."""

    kept: FoundPicture
    copy: Copy


@dataclass(frozen=True, kw_only=True)
class LargeGroup:
    """A group that holds much of a collection: `count` of its `size` pictures."""

    group: DuplicateGroup
    collection: str
    count: int
    size: int


@dataclass(frozen=True)
class _Evidence:
    similarity: float
    difference: float


_Edges = dict[int, dict[int, _Evidence]]
"""What is within the limits of each picture."""


def find_duplicates(
    engine: Engine,
    model: ModelRow,
    *,
    collection: str | None = None,
    min_similarity: float = MIN_SIMILARITY,
    max_difference: float = MAX_DIFFERENCE,
    on_batch: Callable[[], None] = lambda: None,
) -> list[DuplicateGroup]:
    """Groups of pictures in one collection, or across all, with their copies; largest first.

    Every copy is within the limits of the picture that is kept, or has its bytes. A copy of a copy that is beyond them
    is none: it is kept too, in a group of its own or alone. Raises InvalidArgument.
    """
    first_of = duplicates.same_bytes(engine, model, collection=collection)
    edges: _Edges = defaultdict(dict)
    for pairs in duplicates.near_pairs(
        engine, model, collection=collection, min_similarity=min_similarity, passed_over=first_of
    ):
        for (one, other), evidence in _looked_at(engine, _distinct(pairs, first_of)).items():
            if evidence.difference <= max_difference:
                edges[one][other] = edges[other][one] = evidence
        on_batch()
    repeats = defaultdict(list)
    for image_id, first_id in first_of.items():
        repeats[first_id].append(image_id)
    return _groups(edges, repeats, duplicates.found_pictures(engine, {*edges, *first_of, *repeats}))


def pairs_of(groups: Iterable[DuplicateGroup]) -> list[Pair]:
    """Each copy with the picture that is kept, group by group."""
    return [Pair(kept=group.kept, copy=copy) for group in groups for copy in group.copies]


def large_groups(groups: Iterable[DuplicateGroup], sizes: Mapping[str, int]) -> list[LargeGroup]:
    """The groups that take a large share of a collection; `sizes` are those of the collections."""
    return [
        LargeGroup(group=group, collection=collection, count=count, size=sizes[collection])
        for group in groups
        for collection, count in Counter(
            picture.collection for picture in (group.kept, *(copy.picture for copy in group.copies))
        ).items()
        if count >= LARGE_COUNT and count >= LARGE_SHARE * sizes[collection]
    ]


def _distinct(pairs: Iterable[NearPair], first_of: Mapping[int, int]) -> dict[tuple[int, int], float]:
    """Similarities by pair of pictures of different bytes, the lower image_id first."""
    found = {}
    for pair in pairs:
        one, other = sorted((pair.first_id, first_of.get(pair.second_id, pair.second_id)))
        found[one, other] = pair.similarity
    return found


def _looked_at(engine: Engine, near: Mapping[tuple[int, int], float]) -> dict[tuple[int, int], _Evidence]:
    """How much the pixels of near pictures differ, where both have a fingerprint."""
    fingerprints = duplicates.fingerprints(engine, {image_id for pair in near for image_id in pair})
    pairs = [(one, other) for one, other in near if one in fingerprints and other in fingerprints]
    if not pairs:
        return {}
    first, second = (
        np.stack([np.frombuffer(fingerprints[image_id], np.uint8) for image_id in side])
        for side in zip(*pairs, strict=True)
    )
    found = differences(first, second)
    return {
        pair: _Evidence(near[pair], float(difference)) for pair, difference in zip(pairs, found, strict=True)
    }


def _groups(
    edges: _Edges, repeats: Mapping[int, list[int]], found: Mapping[int, FoundPicture]
) -> list[DuplicateGroup]:
    """Stars: the best picture is kept and takes what is within its limits, then the best of what is left."""
    by_worth = sorted(
        (found[image_id] for image_id in {*edges, *repeats} if image_id in found),
        key=lambda picture: (-picture.pixels, picture.image_id),
    )
    taken: set[int] = set()
    groups = []
    for kept in by_worth:
        if kept.image_id in taken:
            continue
        near = {one: evidence for one, evidence in edges.get(kept.image_id, {}).items() if one not in taken}
        taken |= {kept.image_id, *near}
        members = {image_id: _Evidence(1.0, 0.0) for image_id in repeats.get(kept.image_id, ())}
        for image_id, evidence in near.items():
            members |= dict.fromkeys((image_id, *repeats.get(image_id, ())), evidence)
        copies = tuple(
            Copy(
                picture=found[image_id],
                similarity=evidence.similarity,
                difference=evidence.difference,
                same_bytes=image_id in repeats.get(kept.image_id, ()),
            )
            for image_id, evidence in sorted(members.items())
            if image_id in found
        )
        if copies:
            groups.append(DuplicateGroup(kept=kept, copies=copies))
    return sorted(groups, key=lambda group: (-len(group.copies), group.kept.image_id))
