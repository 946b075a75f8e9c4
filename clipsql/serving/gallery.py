"""The gallery: pages of pictures that the URL says, one picture with its facts, the door."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import QueryParams, UploadFile

from clipsql.db.calls.searches import parse_query
from clipsql.db.collections import require_collection
from clipsql.errors import ClipsqlError, InvalidArgument, UnknownImage
from clipsql.serving.api import PICTURE
from clipsql.serving.callers import KEY_COOKIE, NotAdmitted, Shown
from clipsql.serving.door import Asking, Door
from clipsql.serving.facets import Bar, Facet, collections_of, names_of, times_of, values_of
from clipsql.serving.pages import pages, require_token
from clipsql.serving.picture_vector import write_vector
from clipsql.serving.places import HEIGHT, WIDTH, PlaceMap, map_of
from clipsql.serving.problems import Problem
from clipsql.serving.requests import Id
from clipsql.serving.videos import MOMENT
from clipsql.serving.wanted import MOST_FOUND, Wanted

gallery = APIRouter(include_in_schema=False)

_EXPORTED = (
    *("rank", "image_id", "similarity", "percentile", "collection", "url", "caption", "taken_at"),
    *("longitude", "latitude", "metadata"),
)
_COLUMN = re.compile(r"Column (\d+) of the query: (.*)", re.DOTALL)


@dataclass(frozen=True)
class Found:
    """What a search found: the rows, best first, and the facets of the best thousand."""

    rows: Sequence[dict[str, Any]]
    sql: str
    collections: Facet = Facet("", (), True)  # noqa: RUF009  it is frozen
    times: Sequence[Bar] = ()
    facets: Sequence[Facet] = ()
    places: PlaceMap | None = None

    @property
    def has_more(self) -> bool:
        """Whether there may be more than were counted."""
        return not _is_whole(self.rows)


@gallery.get("/")
async def search(request: Request, asking: Asking) -> Response:
    """The pictures that the URL says."""
    wanted, found, problem, column = Wanted(), Found((), ""), None, None
    try:
        wanted = Wanted.read(request.query_params)
        found = await _find(wanted, asking)
    except NotAdmitted:
        raise
    except ClipsqlError as error:
        problem = Problem.of(error)
        if wanted == Wanted():  # what cannot be read is shown as it was written
            wanted = Wanted(query=request.query_params.get("query", ""))
        if told := _COLUMN.match(problem.detail):
            column = min(int(told[1]), len(wanted.query) + 1)
            problem = replace(problem, detail=told[2])
    shown = sorted(found.rows, key=lambda row: row["rank"])[: wanted.shown]
    if wanted.by_date:
        shown.sort(
            key=lambda row: (row["taken_at"] is None, -row["taken_at"].timestamp() if row["taken_at"] else 0)
        )
    return pages.show(
        request, "search.html", status=problem.status if problem else 200, wanted=wanted, found=found, shown=shown,
        problem=problem, column=column, may_write=wanted.can_be_watched and await asking.may_write(),
        map_size=(WIDTH, HEIGHT),
    )  # fmt: skip


async def _find(wanted: Wanted, asking: Door) -> Found:
    model = asking.options.model
    async with asking.open() as connection:
        terms: Sequence[Any] = ()
        if wanted.picture and wanted.query:
            terms = (await connection.execute(sa.select(parse_query(wanted.query)))).all()

        async def rows_of(wanted: Wanted) -> list[dict[str, Any]]:
            return await _rows(connection, wanted, model, terms)

        rows = await rows_of(wanted)
        if not rows and wanted.in_collection:
            await connection.run_sync(require_collection, wanted.in_collection)
        # A choice of several is counted without itself: otherwise what is not chosen would be gone.
        facets = []
        for name, chosen in wanted.metadata.items():
            others = {other: values for other, values in wanted.metadata.items() if other != name}
            without = await rows_of(replace(wanted, metadata=others))
            facets.append(Facet(name, values_of(without, name, chosen), _is_whole(without)))
        for name in names_of(rows):
            if name not in wanted.metadata:
                facets.append(Facet(name, values_of(rows, name, ()), _is_whole(rows)))
        in_all = rows if not wanted.in_collection else await rows_of(replace(wanted, in_collection=""))
    text = wanted.statement(max_results=wanted.shown, model=model, terms=terms).as_string()
    collections = Facet("", collections_of(in_all), _is_whole(in_all))
    return Found(rows, text + ";", collections, times_of(rows), facets, map_of(rows))


def _is_whole(rows: Sequence[Any]) -> bool:
    return len(rows) < MOST_FOUND


async def _rows(
    connection: AsyncConnection,
    wanted: Wanted,
    model: str | None,
    terms: Sequence[Any],
    *,
    most: int = MOST_FOUND,
) -> list[dict[str, Any]]:
    statement = wanted.statement(max_results=most, model=model, terms=terms).as_string()
    # Text of the statement's own: neither a colon nor a percent sign in it is a parameter.
    found = await connection.exec_driver_sql(
        "select f.*, i.collection, i.longitude, i.latitude, i.url from ("  # noqa: S608  every value is a literal
        + statement.replace("%", "%%")
        + ") as f join clipsql.image as i on i.image_id = f.image_id order by f.rank"
    )
    return [dict(row) for row in found.mappings()]


@gallery.get("/export.{form}")
async def export(form: str, request: Request, asking: Asking) -> Response:
    """The pictures of a search as a file: CSV, or a JSON object a line."""
    if form not in ("csv", "jsonl"):
        raise InvalidArgument(f"There is no export as {form[:20]}; there is csv and jsonl.")
    wanted = Wanted.read(request.query_params)
    async with asking.open() as connection:
        terms = (
            (await connection.execute(sa.select(parse_query(wanted.query)))).all()
            if wanted.picture and wanted.query
            else ()
        )
        rows = await _rows(connection, wanted, asking.options.model, terms, most=wanted.shown)
    held = io.StringIO(newline="")
    if form == "csv":
        table = csv.writer(held)
        table.writerow(_EXPORTED)
        for row in rows:
            table.writerow(
                [
                    json.dumps(row[name], ensure_ascii=False) if name == "metadata" else _cell(row[name])
                    for name in _EXPORTED
                ]
            )
    else:
        for row in rows:
            held.write(
                json.dumps({name: row[name] for name in _EXPORTED}, ensure_ascii=False, default=_cell) + "\n"
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
    where = request.query_params.get("where", "")
    film = next(iter(await asking.rows(MOMENT, image=image)), None)
    return pages.show(
        request, "picture.html", row=rows[0], wanted=wanted, can_look=can_look, where=where, film=film
    )


@gallery.post("/picture")
async def drop(request: Request, asking: Asking) -> Response:
    """Search with a picture that is sent: its vector becomes part of the URL."""
    async with request.form(max_files=1, max_fields=50) as form:
        require_token(request, form.get("token"))
        upload = form.get("picture")
        data = await upload.read() if isinstance(upload, UploadFile) else b""
        wanted = Wanted.read(
            QueryParams([(name, value) for name, value in form.multi_items() if isinstance(value, str)])
        )
    if not data:
        raise InvalidArgument("No picture came; choose one.")
    _, vector = await request.app.state.encoders.look(await asking.model(), data)
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
