"""The application that `clipsql serve` runs."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import resources

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.engine import URL
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from clipsql import __version__
from clipsql.errors import ClipsqlError, DatabaseError
from clipsql.serving import pinecone
from clipsql.serving.api import api
from clipsql.serving.callers import Callers, NotAdmitted
from clipsql.serving.count_pages import count_pages
from clipsql.serving.door import Asking
from clipsql.serving.encoders import Encoders
from clipsql.serving.fetches import Fetches
from clipsql.serving.gallery import gallery
from clipsql.serving.looks import looks
from clipsql.serving.metrics import CONTENT_TYPE, Metrics
from clipsql.serving.options import ServeOptions
from clipsql.serving.pages import pages
from clipsql.serving.pictures import Shrunk, pictures
from clipsql.serving.problems import Problem
from clipsql.serving.protection import Protected
from clipsql.serving.uploads import uploads
from clipsql.serving.videos import videos
from clipsql.serving.watch_pages import watch_pages

_log = logging.getLogger(__name__)


def make_app(url: URL, options: ServeOptions) -> ASGIApp:
    """An ASGI application over the database at `url`, which has an asynchronous driver."""
    callers, metrics = Callers(url, options), Metrics()
    metrics.watch_pool(callers.in_use)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with app.state.fetches:
            yield
        await callers.engine.dispose()

    app = FastAPI(
        title="clipsql", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        description="CLIP image search that lives in PostgreSQL.",
    )  # fmt: skip
    app.state.options, app.state.callers = options, callers
    app.state.shrunk, app.state.encoders, app.state.fetches = Shrunk(), Encoders(), Fetches(options)
    # The last is for what nobody foresaw, which Starlette logs with its traceback.
    for kind in (ClipsqlError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _answer_error)
    app.include_router(pictures)
    app.include_router(videos)
    app.include_router(uploads)
    app.include_router(api)
    app.include_router(pinecone.control, tags=["Pinecone"])
    app.include_router(pinecone.data, tags=["Pinecone"])
    app.include_router(pinecone.data, prefix="/spaces/{space}", include_in_schema=False)
    app.include_router(gallery)
    app.include_router(looks)
    app.include_router(watch_pages)
    app.include_router(count_pages)
    app.mount("/static", StaticFiles(directory=str(resources.files(__package__) / "static")))

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return pages.show(request, "docs.html", described=app.openapi())

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        try:
            await callers.ping()
        except DatabaseError as error:
            return Problem.of(error).response()
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", include_in_schema=False)
    async def tell_metrics(asking: Asking) -> Response:
        await callers.admit(asking.shown)
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return Protected(app, options=options, metrics=metrics)


async def _answer_error(request: Request, error: Exception) -> Response:
    """What clipsql raises on purpose, what Starlette refuses, and a request that is not of its form."""
    headers: Mapping[str, str] = {}
    if isinstance(error, ClipsqlError):
        problem = Problem.of(error)
    elif isinstance(error, HTTPException):
        problem, headers = Problem(error.status_code, str(error.detail)), error.headers or {}
    elif not isinstance(error, RequestValidationError):
        problem = Problem(500, "A fault of clipsql itself; the server's log tells more.")
    else:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        problem = Problem(422, f"{place} is wrong: {first['msg']}.")
    if "text/html" not in request.headers.get("accept", ""):
        answer = problem.response()
    elif isinstance(error, NotAdmitted):
        answer = RedirectResponse("/login", 303)
    else:
        answer = pages.show(request, "problem.html", status=problem.status, problem=problem)
    answer.headers.update(headers)
    return answer
