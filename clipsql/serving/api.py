"""The API under /v1: searches, pictures, watches, alarms, models, statistics, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPBearer

from clipsql.db.calls.searches import image_vector, mix, parse_query
from clipsql.db.collections import require_collection
from clipsql.errors import InvalidArgument, TextEncoderUnavailable, UnknownImage
from clipsql.serving.cursor import read_cursor, write_cursor
from clipsql.serving.door import Asking, Door, ask
from clipsql.serving.requests import (
    MOST_RESULTS,
    Id,
    PictureRequest,
    RemovalRequest,
    SearchRequest,
    Verdict,
    WatchRequest,
)
from clipsql.watching.watches import AlertRow, WatchRow

NDJSON = "application/x-ndjson"
REFUSED: dict[int | str, dict[str, Any]] = {
    code: {"description": told, "content": {"application/problem+json": {}}}
    for code, told in {
        401: "No key, or one that opens nothing.",
        403: "The role may not do that.",
        404: "There is no such thing, or the role may not see it.",
        409: "In conflict with what is stored.",
        422: "Cannot be answered as it is asked.",
        503: "The database is away or busy; try again.",
        504: "It took too long.",
    }.items()
}

api = APIRouter(prefix="/v1", dependencies=[Depends(HTTPBearer(auto_error=False))], responses=REFUSED)


@api.post("/search", responses={200: {"content": {"application/json": {}, NDJSON: {}}}})
async def search(body: SearchRequest, asking: Asking, request: Request) -> Response:
    """Pictures that a request describes, best first; with `Accept: application/x-ndjson` a match a line.

    `after` of an answer, in the same request, gives those behind; it is null when there are no more.
    """
    asked = {"model": asking.options.model} | body.model_dump(mode="json", exclude_none=True)
    seen: list[int] = []
    if (after := asked.pop("after", None)) is not None:
        seen = read_cursor(asked, after)
    sent, wanted = asked, body.max_results or 10
    if seen and body.distinct_above is None:
        sent = asked | {"except_images": [*(body.except_images or ()), *seen]}
    elif seen:  # what was shown goes on to stand for what is nearly the same, so it is found once more
        if wanted + len(seen) > MOST_RESULTS:
            raise InvalidArgument(
                f"Pages with distinct_above end at {MOST_RESULTS:,} pictures; narrow the search."
            )
        sent = asked | {"max_results": wanted + len(seen)}
    answer = await _answer(asking, sent)
    known = set(seen)
    matches = [match for match in answer["matches"] if match["id"] not in known][:wanted]
    for place, match in enumerate(matches, len(seen) + 1):
        match["rank"] = place
    has_more = len(matches) == wanted
    further = write_cursor(asked, [*seen, *(match["id"] for match in matches)]) if has_more else None
    if NDJSON not in request.headers.get("accept", ""):
        return JSONResponse(answer | {"matches": matches, "after": further})
    headers = {"Clipsql-Model": answer["model"].encode().decode("latin-1")} | (
        {"Clipsql-After": further} if further else {}
    )
    lines = (json.dumps(match, ensure_ascii=False) + "\n" for match in matches)
    return StreamingResponse(lines, media_type=NDJSON, headers=headers)


async def _answer(asking: Door, request: dict[str, Any]) -> dict[str, Any]:
    """The answer of search_request; where SQL cannot embed a text, to the same with the vector that the model gives."""

    async def put(request: dict[str, Any]) -> dict[str, Any]:
        async with asking.open() as connection:
            answer = await ask(connection, request)
            if not answer["matches"] and request.get("in_collection"):
                await connection.run_sync(require_collection, request["in_collection"])
            return answer

    try:
        return await put(request)
    except TextEncoderUnavailable:
        if request.get("fusion", "weighted sum") != "weighted sum":  # which is no search by one vector
            raise
    return await put(await _by_vector(asking, request))


async def _by_vector(asking: Door, request: dict[str, Any]) -> dict[str, Any]:
    model = request.get("model")
    others = {name: value for name, value in request.items() if name not in ("text", "query", "fusion")}
    if "text" in request:
        (vector,) = (await asking.embed([request["text"]], model=model)).values()
        return others | {"vector": vector}
    async with asking.open() as connection:
        terms = (await connection.execute(sa.select(parse_query(request["query"])))).all()
    texts = await asking.embed([term.body for term in terms if term.kind == "text"], model=model)
    vectors = [
        texts[term.body] if term.kind == "text" else image_vector(term.image_id, model=model)
        for term in terms
    ]
    pictures = [term.image_id for term in terms if term.image_id is not None]
    async with asking.open() as connection:
        joined = sa.select(mix(vectors, weights=[term.weight for term in terms]))
        joint: Sequence[float] = (await connection.execute(joined)).scalar_one()
    excepted = [*request.get("except_images", ()), *pictures]
    return others | {"vector": [float(number) for number in joint], "except_images": excepted}


PICTURE = """
    select p.image_id, p.collection, p.url, p.file, p.captions, p.taken_at, i.longitude, i.latitude, p.metadata,
           p.width, p.height, p.format, p.status, p.error, p.added_at, p.has_thumbnail, p.picture_url
    from clipsql.picture as p join clipsql.image as i on i.image_id = p.image_id
    where p.image_id = :image
"""


@api.get("/images/{image}")
async def picture(image: Id, asking: Asking) -> dict[str, Any]:
    """All that is known of a picture."""
    for row in await asking.rows(PICTURE, image=image):
        return row
    raise UnknownImage(f"There is no image {image}.")


@api.put("/images")
async def put(body: PictureRequest, asking: Asking) -> dict[str, int]:
    """Insert a picture, or update it where the collection has the url."""
    facts = body.given()
    async with asking.searcher(writes=True, model=facts.pop("model", None)) as searcher:
        return {"image_id": await searcher.put(facts.pop("collection"), facts.pop("url"), **facts)}


@api.delete("/images/{image}", status_code=204)
async def remove(image: Id, asking: Asking) -> None:
    """Remove a picture with its captions and vectors; files stay where they are."""
    async with asking.searcher(writes=True) as searcher:
        if not await searcher.remove([image]):
            raise UnknownImage(f"There is no image {image}.")


@api.post("/images/remove")
async def remove_many(body: RemovalRequest, asking: Asking) -> dict[str, int]:
    """Remove pictures; tells how many of them there were."""
    async with asking.searcher(writes=True) as searcher:
        return {"removed": await searcher.remove(body.images)}


@api.get("/watches")
async def watches(asking: Asking) -> list[WatchRow]:
    """All watches that are seen, by name, with what became of them."""
    async with asking.searcher() as searcher:
        found: list[WatchRow] = await searcher.watches()
        return found


@api.put("/watches/{name:path}")
async def watch(name: str, body: WatchRequest, asking: Asking) -> dict[str, int]:
    """Watch for pictures to come under that name, or change the watch of that name."""
    options = body.given()
    async with asking.searcher(writes=True, model=options.pop("model", None)) as searcher:
        return {"watch_id": await searcher.watch(name, options.pop("query", None), **options)}


@api.delete("/watches/{name:path}", status_code=204)
async def unwatch(name: str, asking: Asking) -> None:
    """Remove a watch with its alarms."""
    async with asking.searcher(writes=True) as searcher:
        await searcher.unwatch(name)


@api.post("/watches/{name:path}/pause", status_code=204)
async def pause(name: str, asking: Asking) -> None:
    """Have a watch raise nothing until it goes on."""
    async with asking.searcher(writes=True) as searcher:
        await searcher.pause_watch(name)


@api.post("/watches/{name:path}/resume", status_code=204)
async def resume(name: str, asking: Asking) -> None:
    """Let a paused watch go on with the pictures that come from now on."""
    async with asking.searcher(writes=True) as searcher:
        await searcher.resume_watch(name)


@api.get("/alerts")
async def alerts(
    asking: Asking,
    watch: Annotated[str | None, Query(description="Of this watch alone.")] = None,
    max_results: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> list[AlertRow]:
    """The newest alarms, latest first."""
    async with asking.searcher() as searcher:
        found: list[AlertRow] = await searcher.alerts(watch, max_results=max_results)
        return found


@api.post("/alerts/{alert}/verdict", status_code=204)
async def judge(alert: Id, body: Verdict, asking: Asking) -> None:
    """Say whether an alarm was right."""
    async with asking.searcher(writes=True) as searcher:
        await searcher.judge_alert(alert, body.is_right)


@api.get("/models")
async def models(asking: Asking) -> list[dict[str, Any]]:
    """The models and vector spaces, by name."""
    return await asking.rows(
        "select name, dimensions, logit_scale, is_default from clipsql.model order by name"
    )


@api.get("/stats")
async def stats(asking: Asking) -> dict[str, list[dict[str, Any]]]:
    """Collections and indexes under each model, as the views collection_stats and index_stats have them."""
    async with asking.open() as connection:
        views = {}
        for name in ("collection_stats", "index_stats"):
            rows = await connection.execute(sa.text(f"select * from clipsql.{name} order by 1, 2"))  # noqa: S608
            views[name] = [dict(row) for row in rows.mappings()]
    return {"collections": views["collection_stats"], "indexes": views["index_stats"]}
