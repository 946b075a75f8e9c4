"""What a model says of one picture: how well it fits a search and its labels, and how a search is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from clipsql.db.calls.judgements import classify
from clipsql.errors import TextEncoderUnavailable
from clipsql.serving.door import Door
from clipsql.serving.finding import ask_for, rows_found
from clipsql.serving.statements import Asked
from clipsql.serving.wanted import Wanted

_PROMPT = "a photo of a {}"
"""That of clipsql.classify."""
_BY_VECTORS = sa.text(
    """
    select p.label_number, p.probability
    from clipsql_private.resolve_model(:model) as m
    cross join clipsql_private.label_probabilities(
        clipsql.image_vector(:image, m.name)::halfvec, cast(:directions as halfvec[]), m.logit_scale) as p
    order by p.probability desc, p.label_number
    """
)


@dataclass(frozen=True)
class Fit:
    """How well a picture fits a search: its similarity and percentile where it is found, its cosine with each term.

    `box` is the region that it is found by, where parts are searched; `asked` are the terms as parse_query has them.
    """

    similarity: float | None
    percentile: float | None
    terms: Sequence[tuple[str, float]]
    box: Sequence[int] | None
    asked: Sequence[Any]


async def fit_of(asking: Door, wanted: Wanted, image: int) -> Fit:
    """How well a stored picture fits what is looked for, whatever the filters but the collection say."""
    looked_for = Wanted(
        query=wanted.query,
        picture=wanted.picture,
        in_collection=wanted.in_collection,
        in_regions=wanted.in_regions,
        having_label=wanted.having_label,
    )

    async def look(connection: AsyncConnection, asked: Asked) -> Fit:
        rows = await rows_found(connection, asked.but(only_images=(image,)))
        row = rows[0] if rows else {}
        statement = asked.fits(image).as_string().replace("%", "%%")
        cosines = (await connection.exec_driver_sql(statement)).scalar_one()
        names = [*(_name(term) for term in asked.terms), ""]
        terms = list(zip(names, cosines, strict=False))
        return Fit(row.get("similarity"), row.get("percentile"), terms, row.get("box"), asked.terms)

    return await ask_for(asking, looked_for, look)


async def plan_of(asking: Door, wanted: Wanted) -> Mapping[str, Any]:
    """The row of clipsql.search_plan for a search that has a question."""

    async def plan(connection: AsyncConnection, asked: Asked) -> Mapping[str, Any]:
        found = await connection.exec_driver_sql(asked.plan().as_string().replace("%", "%%"))
        return dict(found.mappings().one())

    return await ask_for(asking, wanted, plan)


async def labels_of(asking: Door, image: int, labels: Sequence[str]) -> list[tuple[str, float]]:
    """Each label with its probability for a stored picture, likeliest first. Raises InvalidArgument."""
    under = asking.options.model
    try:
        async with asking.open() as connection:
            found = classify(image, labels, model=under)
            rows = await connection.execute(sa.select(found).order_by(found.c.probability.desc()))
            return [(row.label, row.probability) for row in rows]
    except TextEncoderUnavailable:  # whatever else is wrong with them was told before
        texts = {label: _PROMPT.format(label) for label in labels}
    vectors = await asking.embed(list(texts.values()))
    values = {"model": under, "image": image, "directions": [str(vectors[text]) for text in texts.values()]}
    async with asking.open() as connection:
        rows = await connection.execute(_BY_VECTORS, values)
        return [(labels[row.label_number - 1], row.probability) for row in rows]


def _name(term: Any) -> str:
    sign = "- " if term.weight < 0 else ""
    weight = f"{abs(term.weight):g} * " if abs(term.weight) != 1 else ""
    return f"{sign}{weight}{term.body}"
