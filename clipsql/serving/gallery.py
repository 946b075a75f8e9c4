"""The gallery: pages of pictures that the URL says, one picture with its facts, the door."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import QueryParams, UploadFile

from clipsql.errors import ClipsqlError, InvalidArgument, UnknownImage
from clipsql.serving.api import PICTURE
from clipsql.serving.callers import KEY_COOKIE, NotAdmitted, Shown
from clipsql.serving.clicks import note_click
from clipsql.serving.door import Asking, Door
from clipsql.serving.finding import Found, ask_for, find, rows_found
from clipsql.serving.judging import fit_of, labels_of, plan_of
from clipsql.serving.pages import pages, require_token
from clipsql.serving.picture_vector import write_vector
from clipsql.serving.places import HEIGHT, WIDTH, Tile, tiles_on
from clipsql.serving.problems import Problem
from clipsql.serving.requests import Id
from clipsql.serving.said import said_of
from clipsql.serving.videos import MOMENT
from clipsql.serving.wanted import Wanted

gallery = APIRouter(include_in_schema=False)

_EXPORTED = (
    *("rank", "image_id", "similarity", "percentile", "collection", "url", "caption", "taken_at"),
    *("longitude", "latitude", "metadata"),
)
_EXPORTED_OF_SOME = ("region_id", "box", "label", "itm_score")
USUAL_LABELS = "person, animal, car, truck, building, tree, food, text"
_COLUMN = re.compile(r"Column (\d+) of the query: (.*)", re.DOTALL)


@gallery.get("/")
async def search(request: Request, asking: Asking) -> Response:
    """The pictures that the URL says."""
    wanted, found, problem, column = Wanted(), Found((), (), ""), None, None
    try:
        wanted = Wanted.read(request.query_params)
        found = await ask_for(asking, wanted, find)
    except NotAdmitted:
        raise
    except ClipsqlError as error:
        problem = Problem.of(error)
        if wanted == Wanted():  # what cannot be read is shown as it was written
            wanted = Wanted(query=request.query_params.get("query", ""))
        if told := _COLUMN.match(problem.detail):
            column = min(int(told[1]), len(wanted.query) + 1)
            problem = replace(problem, detail=told[2])
    return pages.show(
        request, "search.html", status=problem.status if problem else 200, wanted=wanted, found=found,
        problem=problem, column=column, may_write=wanted.can_be_watched and await asking.may_write(),
        map_size=(WIDTH, HEIGHT), tiles=_tiles(found, asking), tiles_credit=asking.options.tiles_credit,
    )  # fmt: skip


def _tiles(found: Found, asking: Door) -> Sequence[Tile]:
    template = asking.options.tiles
    return tiles_on(found.places, template) if found.places and template else ()


@gallery.get("/export.{form}")
async def export(form: str, request: Request, asking: Asking) -> Response:
    """The pictures of a search as a file: CSV, or a JSON object a line."""
    if form not in ("csv", "jsonl"):
        raise InvalidArgument(f"There is no export as {form[:20]}; there is csv and jsonl.")
    wanted = Wanted.read(request.query_params)
    rows = await ask_for(asking, wanted, partial(rows_found, most=wanted.shown))
    columns = [*_EXPORTED, *(name for name in _EXPORTED_OF_SOME if rows and name in rows[0])]
    held = io.StringIO(newline="")
    if form == "csv":
        table = csv.writer(held)
        table.writerow(columns)
        for row in rows:
            table.writerow(
                [
                    json.dumps(row[name], ensure_ascii=False)
                    if name in ("metadata", "box")
                    else _cell(row[name])
                    for name in columns
                ]
            )
    else:
        for row in rows:
            held.write(
                json.dumps({name: row[name] for name in columns}, ensure_ascii=False, default=_cell) + "\n"
            )
    return Response(
        held.getvalue(),
        media_type="text/csv" if form == "csv" else "application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="pictures.{form}"'},
    )


def _cell(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    # A spreadsheet would take such a text for a formula.
    return "'" + value if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


@gallery.get("/pictures/{image}")
async def picture(image: Id, request: Request, asking: Asking) -> Response:
    """One picture with its facts, and where to go from it."""
    rows = await asking.rows(PICTURE, image=image)
    if not rows:
        raise UnknownImage(f"There is no image {image}.")
    wanted = Wanted.read(request.query_params)
    # Only a file that is here can be looked at, and only with torch.
    can_look = (
        rows[0]["file"] is not None
        and find_spec("torch") is not None
        and find_spec("transformers") is not None
    )
    where, labels = (request.query_params.get(name, "") for name in ("where", "labels"))
    film = next(iter(await asking.rows(MOMENT, image=image)), None)
    fit, found, problem = None, None, None
    if rows[0]["status"] == "embedded":
        try:
            fit = await fit_of(asking, wanted, image) if wanted.has_question else None
            found = await labels_of(asking, image, _split(labels)) if labels.strip() else None
        except ClipsqlError as error:  # the picture is there all the same
            problem = Problem.of(error)
    if fit and asking.options.clicks and not wanted.picture:
        await note_click(asking.options.clicks, fit.asked, image)
    return pages.show(
        request, "picture.html", row=rows[0], wanted=wanted, can_look=can_look, where=where, film=film,
        fit=fit, labels=labels, found=found, usual_labels=USUAL_LABELS, problem=problem,
        said=await said_of(asking, image),
    )  # fmt: skip


def _split(labels: str) -> list[str]:
    return [label.strip() for label in re.split("[,，、;；]", labels) if label.strip()]


@gallery.get("/plan")
async def plan(request: Request, asking: Asking) -> Response:
    """How a search is answered, and why so."""
    wanted = Wanted.read(request.query_params)
    if not wanted.has_question:
        raise InvalidArgument(
            "Nothing is looked for, so there is no plan; write a query or choose a picture."
        )
    if wanted.in_regions:
        raise InvalidArgument(
            "A plan is of a search for whole pictures; parts of them are searched as docs say."
        )
    return pages.show(request, "plan.html", wanted=wanted, plan=await plan_of(asking, wanted))


@gallery.post("/picture")
async def drop(request: Request, asking: Asking) -> Response:
    """Search with a picture that is sent, or with one at an address: its vector becomes part of the URL."""
    async with request.form(max_files=1, max_fields=50) as form:
        require_token(request, form.get("token"))
        upload = form.get("picture")
        data = await upload.read() if isinstance(upload, UploadFile) else b""
        texts = QueryParams([(name, value) for name, value in form.multi_items() if isinstance(value, str)])
    wanted, address = Wanted.read(texts), texts.get("address", "").strip()
    model = await asking.model()
    if not data and not address:
        raise InvalidArgument("No picture came; choose one.")
    data = data or await request.app.state.fetches.fetch(address)
    _, vector = await request.app.state.encoders.look(model, data)
    return RedirectResponse(replace(wanted, picture=write_vector(vector)).url(), 303)


@gallery.get("/login")
async def door(request: Request) -> Response:
    """Where a person shows a key."""
    return pages.show(
        request, "login.html", problem=None, then=_own_path(request.query_params.get("then", "/"))
    )


@gallery.post("/login")
async def enter(request: Request) -> Response:
    """Keep the key in a cookie that no script reads and no other site sends."""
    form = await request.form(max_files=0, max_fields=10)
    require_token(request, form.get("token"))
    key, then = str(form.get("key", "")).strip(), _own_path(str(form.get("then", "/")))
    try:
        await request.app.state.callers.admit(Shown(key=key))
    except NotAdmitted as error:
        return pages.show(request, "login.html", status=401, problem=Problem.of(error), then=then)
    answer = RedirectResponse(then, 303)
    is_https = request.url.scheme == "https"
    answer.set_cookie(KEY_COOKIE, key, max_age=30 * 86400, httponly=True, samesite="strict", secure=is_https)
    return answer


@gallery.post("/logout")
async def leave(request: Request) -> Response:
    """Forget the key."""
    require_token(request, (await request.form()).get("token"))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(KEY_COOKIE)
    return answer


def _own_path(path: str) -> str:
    """The path when it is one of ours: never another site's."""
    return path if re.fullmatch(r"/(?![/\\])[^\s\\]*", path) else "/"
