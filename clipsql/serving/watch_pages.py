"""Pages about what goes on: watches with their alarms, the progress of ingest and workers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import QueryParams

from clipsql.db.calls.watching import WatchOptions
from clipsql.errors import InvalidArgument
from clipsql.serving.door import Asking
from clipsql.serving.pages import pages, require_token
from clipsql.serving.requests import Id
from clipsql.serving.wanted import Wanted

watch_pages = APIRouter(include_in_schema=False)

_SHOWN = 60
_FAILURES = """
    select collection, failure, count(*) as images, min(error) as example
    from clipsql.image where status = 'failed'
    group by collection, failure order by count(*) desc, collection limit 50
"""


@watch_pages.get("/watches")
async def watches(request: Request, asking: Asking) -> Response:
    """The watches, and the newest alarms of one of them or of all, with what people said of each."""
    chosen = request.query_params.get("watch")
    async with asking.searcher() as searcher:
        made = await searcher.watches()
        alerts = await searcher.alerts(chosen, max_results=_SHOWN)
    # Only its owner changes a watch, and only where this server writes.
    own = await asking.rows("select name from clipsql.watch_list where clipsql_private.owns(owner)")
    owned = set() if asking.options.read_only else {row["name"] for row in own}
    return pages.show(request, "watches.html", watches=made, alerts=alerts, chosen=chosen, owned=owned)


@watch_pages.post("/watches")
async def watch(request: Request, asking: Asking) -> Response:
    """Watch for what the search of a page looks for."""
    form = await request.form(max_files=0, max_fields=100)
    require_token(request, form.get("token"))
    texts = QueryParams([(name, value) for name, value in form.multi_items() if isinstance(value, str)])
    name, wanted = texts.get("name", "").strip(), Wanted.read(texts)
    if not name:
        raise InvalidArgument("A watch needs a name.")
    async with asking.searcher(writes=True, timezone="UTC") as searcher:
        options: WatchOptions = {"alarms_per_day": _rate(texts.get("alarms_per_day", "")), **wanted.filters()}  # type: ignore[typeddict-item]
        await searcher.watch(name, wanted.query, **options)
    return RedirectResponse(f"/watches?{QueryParams({'watch': name})}", 303)


def _rate(given: str) -> float:
    try:
        return float(given)
    except ValueError:
        raise InvalidArgument(f"{given[:50]!r} is no number of alarms a day.") from None


@watch_pages.post("/alerts/{alert}")
async def judge(alert: Id, request: Request, asking: Asking) -> Response:
    """Say whether an alarm was right, and see it so."""
    form = await request.form(max_files=0, max_fields=10)
    require_token(request, form.get("token"))
    verdict = {"right": True, "wrong": False}.get(str(form.get("verdict")))
    async with asking.searcher(writes=True) as searcher:
        await searcher.judge_alert(alert, verdict)
    chosen = form.get("watch")
    back = f"/watches?{QueryParams({'watch': chosen})}" if isinstance(chosen, str) and chosen else "/watches"
    return RedirectResponse(f"{back}#a-{alert}", 303)


@watch_pages.post("/watches/pause")
async def pause(request: Request, asking: Asking) -> Response:
    """Pause a watch, or let it go on."""
    form = await request.form(max_files=0, max_fields=10)
    require_token(request, form.get("token"))
    name = str(form.get("watch", ""))
    async with asking.searcher(writes=True) as searcher:
        await (searcher.resume_watch(name) if form.get("on") else searcher.pause_watch(name))
    return RedirectResponse("/watches", 303)


@watch_pages.get("/progress")
async def progress(request: Request, asking: Asking) -> Response:
    """How far ingest and workers are, and what went wrong."""
    collections = await asking.rows("select * from clipsql.collection_stats order by collection, model")
    indexes = await asking.rows("select * from clipsql.index_stats order by model, embeddings")
    failures = await asking.rows(_FAILURES)
    return pages.show(request, "progress.html", collections=collections, indexes=indexes, failures=failures)
