"""What clients of Pinecone send, under the names that they have for it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Body(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False, alias_generator=to_camel)


Identity = Annotated[str, Field(min_length=1, max_length=2000)]
Namespace = Annotated[str, Field(max_length=1000)]
MetadataFilter = Annotated[dict[str, Any], Field(examples=[{"genre": {"$in": ["drama", "comedy"]}}])]


class Vector(_Body):
    """One vector with its id and metadata."""

    id: Identity
    values: list[float]
    metadata: dict[str, Any] | None = None


class Upsert(_Body):
    """Vectors to put into a namespace; one with a known id takes its place, metadata and all."""

    vectors: list[Vector] = Field(max_length=1000)
    namespace: Namespace = ""


class VectorQuery(_Body):
    """What is near to a vector, or to that of an id."""

    top_k: int = Field(ge=1, le=10_000)
    vector: list[float] | None = None
    id: Identity | None = None
    namespace: Namespace = ""
    filter: MetadataFilter | None = None
    include_values: bool = False
    include_metadata: bool = False


class Deletion(_Body):
    """What to delete of a namespace: some ids, what a filter lets through, or all."""

    ids: list[Identity] | None = Field(None, max_length=1000)
    delete_all: bool = False
    namespace: Namespace = ""
    filter: MetadataFilter | None = None


class Update(_Body):
    """What to change of one vector: its values, and names of its metadata."""

    id: Identity
    values: list[float] | None = None
    set_metadata: dict[str, Any] | None = None
    namespace: Namespace = ""


class Statistics(_Body):
    """Nothing: statistics by a filter are not kept."""

    filter: dict[str, Any] | None = None


class NewIndex(_Body):
    """A vector space of so many dimensions, which is compared by cosine."""

    name: Identity
    # Named `schema` on the wire, which is a name of pydantic's own.
    fields: dict[str, Any] = Field(
        alias="schema", examples=[{"fields": {"v": {"type": "dense_vector", "dimension": 3}}}]
    )
