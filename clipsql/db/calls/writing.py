"""Calls of the functions that write: pictures put and removed, one at a time or by their ids."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import BigInteger, Double, Text, TypeEngine

from clipsql.db.calls.arguments import BoundVector, Filters, sql_array, sql_call, sql_numbers, sql_value
from clipsql.errors import InvalidArgument

Vector = Sequence[float] | NDArray[np.floating[Any]]


class PictureFacts(TypedDict, total=False):
    """What `put` stores of a picture beside its collection and url; what is not given stays as it is stored.

    `embedding` has the model's dimensions, `caption_embeddings` one vector or None for each of `captions`.
    """

    embedding: Vector | None
    captions: Sequence[str] | None
    caption_embeddings: Sequence[Vector | None] | None
    language: str
    metadata: Mapping[str, Any] | None
    taken_at: dt.datetime | None
    longitude: float | None
    latitude: float | None
    model: str | None


_TYPES: dict[str, TypeEngine[Any]] = {
    "embedding": BoundVector(),
    "captions": ARRAY(Text),
    "caption_embeddings": ARRAY(BoundVector()),
    "language": Text(),
    "metadata": JSONB(none_as_null=True),
    "taken_at": TIMESTAMP(timezone=True),
    "longitude": Double(),
    "latitude": Double(),
    "model": Text(),
}


def put_image(collection: str, url: str, **facts: Unpack[PictureFacts]) -> ColumnElement[int]:
    """clipsql.put_image: inserts or updates a picture when it is executed, and gives its image_id.

    Raises InvalidVector for what is no vector, InvalidArgument for a time without a zone or an unknown fact.
    """
    values = dict(facts)
    for name in values.keys() - _TYPES.keys():
        raise TypeError(f"a picture has no {name}; it may have: {', '.join(_TYPES)}")
    taken_at = facts.get("taken_at")
    if isinstance(taken_at, dt.datetime) and taken_at.tzinfo is None:
        raise InvalidArgument(f"taken_at ({taken_at}) has no time zone; give an aware datetime.")
    embedding, captions = facts.get("embedding"), facts.get("captions")
    caption_embeddings = facts.get("caption_embeddings")
    if embedding is not None:
        values["embedding"] = sql_numbers(embedding, "An embedding")
    if caption_embeddings is not None:
        values["caption_embeddings"] = sql_array(
            [None if one is None else sql_numbers(one, "A caption embedding") for one in caption_embeddings]
        )
    if captions is not None:
        values["captions"] = list(captions)
    arguments = {name: sql_value(value, _TYPES[name]) for name, value in values.items() if value is not None}
    call: ColumnElement[int] = sql_call(
        "put_image", sql_value(collection, Text()), {}, Filters, url=sql_value(url, Text()), **arguments
    )
    return call


def remove_images(images: Sequence[int]) -> ColumnElement[int]:
    """clipsql.remove_images: removes pictures with all that hangs on them, and gives how many there were."""
    call: ColumnElement[int] = sql_call("remove_images", sql_value(list(images), ARRAY(BigInteger)), {})
    return call
