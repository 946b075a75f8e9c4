"""A face that clients of Pinecone know: an index is a vector space, a namespace a collection, an id a url.

At the root the server's own model answers, under /spaces/NAME the space of that name, as "describe_index" tells.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.security import APIKeyHeader
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from clipsql.errors import InvalidArgument, UnknownImage
from clipsql.serving.api import REFUSED
from clipsql.serving.door import Asking, ask
from clipsql.serving.metadata_filter import as_json_path
from clipsql.serving.pinecone_requests import (
    Deletion,
    Identity,
    Namespace,
    NewIndex,
    Statistics,
    Update,
    Upsert,
    VectorQuery,
)

DEFAULT_NAMESPACE = "__default__"

data = APIRouter(dependencies=[Depends(APIKeyHeader(name="Api-Key", auto_error=False))], responses=REFUSED)
control = APIRouter(dependencies=[Depends(APIKeyHeader(name="Api-Key", auto_error=False))], responses=REFUSED)


def _space(request: Request, asking: Asking) -> str | None:
    """The space of the address, else the server's own model."""
    name: str | None = request.path_params.get("space", asking.options.model)
    return name


Space = Annotated[str | None, Depends(_space)]

# Pictures of a collection with a vector in a space; an id is looked up by the index of urls.
_CHOSEN = """
    from clipsql.image as i
    join clipsql.image_embedding as e on e.image_id = i.image_id
        and e.model_id = (clipsql_private.resolve_model(cast(:space as text))).model_id
    where i.collection = :collection
        and (cast(:ids as text[]) is null or (
            clipsql.url_digest(i.url) = any (array(select clipsql.url_digest(u) from unnest(cast(:ids as text[])) as u))
            and i.url = any (cast(:ids as text[]))))
        and (cast(:path as text) is null or i.metadata @@ clipsql_private.read_path(:path))
"""


async def _chosen(
    connection: AsyncConnection,
    what: str,
    namespace: str,
    space: str | None,
    *,
    further: str = "",
    **given: Any,
) -> list[dict[str, Any]]:
    values = {"collection": namespace or DEFAULT_NAMESPACE, "space": space, "ids": None, "path": None} | given
    rows = await connection.execute(sa.text(f"select {what} {_CHOSEN} {further}"), values)
    return [dict(row) for row in rows.mappings()]


_VECTOR = "i.image_id, i.url, i.metadata, e.embedding::text as embedding"


def _record(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["url"], "values": json.loads(row["embedding"]), "metadata": row["metadata"]}


@data.post("/vectors/upsert")
async def upsert(body: Upsert, asking: Asking, space: Space) -> dict[str, int]:
    """Put vectors, as clipsql.put_image does."""
    rows = [{"id": one.id, "embedding": one.values, "metadata": one.metadata or {}} for one in body.vectors]
    async with asking.open(writes=True) as connection:
        put = sa.text(
            "select count(clipsql.put_image(collection => :collection, url => v.id, metadata => v.metadata,"
            " embedding => v.embedding::text::vector,"
            " model => (clipsql_private.resolve_model(cast(:space as text))).name))"
            " from jsonb_to_recordset(:rows) as v(id text, embedding jsonb, metadata jsonb)"
        ).bindparams(sa.bindparam("rows", type_=JSONB))
        values = {"collection": body.namespace or DEFAULT_NAMESPACE, "space": space, "rows": rows}
        return {"upsertedCount": int(await connection.scalar(put, values) or 0)}


@data.post("/query")
async def query(body: VectorQuery, asking: Asking, space: Space) -> dict[str, Any]:
    """The nearest vectors of a namespace, by cosine."""
    if (body.vector is None) == (body.id is None):
        raise InvalidArgument("Ask for what is near to a vector or to an id, one of them.")
    asked: dict[str, Any] = {
        "max_results": body.top_k,
        "in_collection": body.namespace or DEFAULT_NAMESPACE,
        "model": space,
    }
    if body.filter is not None:
        asked["metadata_matches"] = as_json_path(body.filter)
    async with asking.open() as connection:
        if body.id is not None:
            found = await _chosen(connection, _VECTOR, body.namespace, space, ids=[body.id])
            if not found:
                raise UnknownImage(f"There is no vector {body.id} in namespace {asked['in_collection']}.")
            asked["vector"] = json.loads(found[0]["embedding"])
        else:
            asked["vector"] = body.vector
        matches = (await ask(connection, asked))["matches"]
        values: dict[str, Any] = {}
        if body.include_values:
            rows = await _chosen(
                connection, _VECTOR, body.namespace, space, ids=[match["url"] for match in matches]
            )
            values = {row["url"]: json.loads(row["embedding"]) for row in rows}
    told = [
        {"id": match["url"], "score": match["score"], "values": values.get(match["url"], [])}
        | ({"metadata": match["metadata"]} if body.include_metadata else {})
        for match in matches
    ]
    return {"matches": told, "namespace": body.namespace, "usage": {"readUnits": 1}}


@data.get("/vectors/fetch")
async def fetch(
    asking: Asking,
    space: Space,
    ids: Annotated[list[Identity], Query(max_length=1000)],
    namespace: Namespace = "",
) -> dict[str, Any]:
    """Vectors by their ids."""
    async with asking.open() as connection:
        rows = await _chosen(connection, _VECTOR, namespace, space, ids=ids)
    vectors = {row["url"]: _record(row) for row in rows}
    return {"vectors": vectors, "namespace": namespace, "usage": {"readUnits": 1}}


@data.get("/vectors/list")
async def list_vectors(
    asking: Asking,
    space: Space,
    namespace: Namespace = "",
    prefix: Annotated[str, Query(max_length=1000)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    pagination_token: Annotated[str, Query(alias="paginationToken", pattern=r"^[0-9]{1,18}$")] = "0",
) -> dict[str, Any]:
    """Ids of a namespace, page by page."""
    further = "and i.image_id > :after and starts_with(i.url, :prefix) order by i.image_id limit :limit"
    given = {"after": int(pagination_token), "prefix": prefix, "limit": limit}
    async with asking.open() as connection:
        rows = await _chosen(connection, "i.image_id, i.url", namespace, space, further=further, **given)
    more = {"pagination": {"next": str(rows[-1]["image_id"])}} if len(rows) == limit else {}
    return {
        "vectors": [{"id": row["url"]} for row in rows],
        "namespace": namespace,
        "usage": {"readUnits": 1},
    } | more


@data.post("/vectors/update")
async def update(body: Update, asking: Asking, space: Space) -> dict[str, Any]:
    """Change the values of a vector, or some of its metadata."""
    async with asking.open(writes=True) as connection:
        rows = await _chosen(connection, _VECTOR, body.namespace, space, ids=[body.id])
        if not rows:
            raise UnknownImage(
                f"There is no vector {body.id} in namespace {body.namespace or DEFAULT_NAMESPACE}."
            )
        values = body.values if body.values is not None else json.loads(rows[0]["embedding"])
        put = sa.text(
            "select clipsql.put_image(collection => :collection, url => :id, metadata => :metadata,"
            " embedding => cast(:embedding as text)::vector,"
            " model => (clipsql_private.resolve_model(cast(:space as text))).name)"
        ).bindparams(sa.bindparam("metadata", type_=JSONB))
        given = {"collection": body.namespace or DEFAULT_NAMESPACE, "id": body.id, "space": space}
        given |= {
            "embedding": json.dumps(values),
            "metadata": rows[0]["metadata"] | (body.set_metadata or {}),
        }
        await connection.execute(put, given)
    return {"matchedRecords": 1}


@data.post("/vectors/delete")
async def delete(body: Deletion, asking: Asking, space: Space) -> dict[str, Any]:
    """Remove pictures by their ids, by a filter, or all of a namespace that have a vector in the space."""
    if [body.ids is not None, body.delete_all, body.filter is not None].count(True) != 1:
        raise InvalidArgument("Say what to delete by one of ids, filter and deleteAll.")
    path = None if body.filter is None else as_json_path(body.filter)
    async with asking.searcher(writes=True, model=space) as searcher:
        async with asking.open() as connection:
            rows = await _chosen(connection, "i.image_id", body.namespace, space, ids=body.ids, path=path)
        for start in range(0, len(rows), 10_000):
            await searcher.remove([row["image_id"] for row in rows[start : start + 10_000]])
    return {}


@data.post("/describe_index_stats")
async def describe_index_stats(body: Statistics, asking: Asking, space: Space) -> dict[str, Any]:
    """How many vectors each namespace has."""
    if body.filter:
        raise InvalidArgument("Statistics by a filter are not kept; leave the filter out.")
    async with asking.searcher(model=space) as searcher:
        model = await searcher.model()
    rows = await asking.rows(
        "select collection, embedded from clipsql.collection_stats where model = :model order by 1",
        model=model.name,
    )
    return {
        "dimension": model.dimensions,
        "metric": "cosine",
        "vectorType": "dense",
        "indexFullness": 0,
        "totalVectorCount": sum(row["embedded"] for row in rows),
        "namespaces": {row["collection"]: {"vectorCount": row["embedded"]} for row in rows},
    }


def _described(request: Request, name: str, dimensions: int) -> dict[str, Any]:
    base = str(request.base_url).rstrip("/")
    return {
        "name": name,
        "host": f"{base}/spaces/{name}",
        "status": {"ready": True, "state": "Ready"},
        "schema": {
            "fields": {"_values": {"type": "dense_vector", "dimension": dimensions, "metric": "cosine"}}
        },
        "deployment": {"deployment_type": "managed", "cloud": "aws", "region": "own-server"},
        "deletion_protection": "enabled",
    }


@control.get("/indexes")
async def list_indexes(request: Request, asking: Asking) -> dict[str, list[dict[str, Any]]]:
    """The models and vector spaces as indexes."""
    rows = await asking.rows("select name, dimensions from clipsql.model order by name")
    return {"indexes": [_described(request, row["name"], row["dimensions"]) for row in rows]}


@control.get("/indexes/{name}")
async def describe_index(name: str, request: Request, asking: Asking) -> dict[str, Any]:
    """One model or vector space as an index."""
    async with asking.searcher(model=name) as searcher:
        model = await searcher.model()
    return _described(request, model.name, model.dimensions)


@control.post("/indexes", status_code=201)
async def create_index(body: NewIndex, request: Request, asking: Asking) -> dict[str, Any]:
    """Add a vector space; one that is there already, with the same dimensions, is left as it is."""
    fields = body.fields.get("fields")
    dense = [one for one in fields.values() if isinstance(one, dict)] if isinstance(fields, dict) else []
    if (
        len(dense) != 1
        or dense[0].get("type") != "dense_vector"
        or not isinstance(dense[0].get("dimension"), int)
    ):
        raise InvalidArgument("An index has one field, a dense_vector with its dimension.")
    if dense[0].get("metric", "cosine") != "cosine":
        raise InvalidArgument("Vectors are compared by cosine here; ask for the metric cosine.")
    async with asking.searcher(writes=True) as searcher:
        model = await searcher.add_model(body.name, dimensions=dense[0]["dimension"])
    return _described(request, model.name, model.dimensions)
