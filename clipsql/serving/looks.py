"""What has pictures looked at: a search with a part of one, and models that shall match those that were found."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import FormData, QueryParams

from clipsql.db.model_questions import ask_model
from clipsql.db.model_tasks import queue_pictures
from clipsql.db.text_towers import require_texts
from clipsql.errors import InvalidArgument
from clipsql.picture import Box
from clipsql.serving.door import Asking
from clipsql.serving.finding import ask_for, rows_found
from clipsql.serving.pages import require_token
from clipsql.serving.picture_vector import write_vector
from clipsql.serving.pictures import original_of
from clipsql.serving.requests import Id
from clipsql.serving.said import matchers_of
from clipsql.serving.statements import Asked
from clipsql.serving.wanted import Wanted

looks = APIRouter(include_in_schema=False)

_SIDES = ("x", "y", "width", "height")


@looks.post("/pictures/{image}/part")
async def search_with_part(image: Id, request: Request, asking: Asking) -> Response:
    """Search with a part of a stored picture: a box, or where a text is most; its vector becomes part of the URL."""
    form = await request.form(max_files=0, max_fields=50)
    require_token(request, form.get("token"))
    wanted = Wanted.read(_texts(form))
    part: Box | str = str(form.get("where", "")).strip() or _box(form)
    if isinstance(part, str):
        async with asking.open() as connection:
            await connection.run_sync(require_texts, [part])
    data = await original_of(asking, image)
    vector = await request.app.state.encoders.part(await asking.model(), data, part)
    in_regions = form.get("among") == "regions"
    return RedirectResponse(wanted.like(write_vector(vector), in_regions=in_regions).url(), 303)


@looks.post("/matching")
async def have_matched(request: Request, asking: Asking) -> Response:
    """Let the pictures that are shown wait for a model that says how likely the text is true of them."""
    form = await request.form(max_files=0, max_fields=50)
    require_token(request, form.get("token"))
    wanted, model = Wanted.read(_texts(form)), str(form.get("matcher", ""))

    async def shown(connection: AsyncConnection, asked: Asked) -> tuple[str, list[dict[str, Any]]]:
        if asked.text is None:
            raise InvalidArgument("A model matches pictures with a text; look for a text alone.")
        return asked.text, await rows_found(connection, asked, most=wanted.shown)

    text, rows = await ask_for(asking, wanted, shown)
    async with asking.open(writes=True) as connection:
        matcher = next((one for one in await matchers_of(connection, text) if one.model == model), None)
        if matcher is None:
            raise InvalidArgument(
                f'No model {model[:100]} has matched a text yet; run "clipsql score TEXT --model {model[:100]}" once.'
            )
        query = await connection.run_sync(
            partial(ask_model, kind="match", body=text, model=matcher.model, revision=matcher.revision)
        )
        await connection.run_sync(queue_pictures, query, [row["image_id"] for row in rows])
    return RedirectResponse(wanted.url(scored_by=query.query_id, by_date=False), 303)


def _texts(form: FormData) -> QueryParams:
    return QueryParams([(name, value) for name, value in form.multi_items() if isinstance(value, str)])


def _box(form: FormData) -> Box:
    given = [str(form.get(name, "")).strip() for name in _SIDES]
    if not all(side.isascii() and side.isdigit() and len(side) < 8 for side in given):
        raise InvalidArgument(
            "x, y, width and height of the part are whole numbers of pixels; draw it again."
        )
    x, y, width, height = map(int, given)
    return x, y, width, height
