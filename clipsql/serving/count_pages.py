"""How many pictures match, a day at a time, with error bars: by the verdicts of who looks at a few of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import QueryParams

from clipsql.errors import InvalidArgument
from clipsql.search.counter import MatchCount
from clipsql.serving.door import Asking
from clipsql.serving.pages import pages, require_token
from clipsql.serving.wanted import Wanted

count_pages = APIRouter(include_in_schema=False)

PERIODS = ("hour", "day", "week", "month", "year", "all")
WIDTH, HEIGHT = 720, 200
_TO_CHECK = 12
_MOST_BARS = 400


@dataclass(frozen=True)
class Column:
    """One period on the plot: where it stands, how high its bar is and its interval reaches, and what it says."""

    x: float
    width: float
    top: float
    low: float
    high: float
    count: MatchCount


@count_pages.get("/counts")
async def counts(request: Request, asking: Asking) -> Response:
    """The plot of a query, and the pictures whose checking tells most."""
    wanted = Wanted.read(request.query_params)
    by = request.query_params.get("by", "day")
    if by not in PERIODS:
        raise InvalidArgument(f"by is {by[:20]!r}; there is {', '.join(PERIODS)}.")
    if not wanted.query or wanted.picture:
        raise InvalidArgument("Matches of a query are counted; write one, without a picture of your own.")
    filters = wanted.filters() | wanted.times()
    async with asking.searcher(timezone="UTC") as searcher:
        found: list[MatchCount] = await searcher.count_matches(
            wanted.query, by=by, min_similarity=wanted.min_similarity, **filters
        )
        to_check = await searcher.next_to_check(wanted.query, max_results=_TO_CHECK, **filters)
    (may,) = await asking.rows("select has_table_privilege('clipsql_private.verdict', 'insert') as judge")
    return pages.show(
        request,
        "counts.html",
        wanted=wanted,
        by=by,
        periods=PERIODS,
        counts=found,
        columns=plot(found),
        size=(WIDTH, HEIGHT),
        most=greatest(found),
        checked=sum(one.checked for one in found),
        to_check=to_check,
        may_judge=may["judge"] and not asking.options.read_only,
    )


@count_pages.post("/counts")
async def judge(request: Request, asking: Asking) -> Response:
    """Say whether a picture is what the query looks for, and count again."""
    form = await request.form(max_files=0, max_fields=100)
    require_token(request, form.get("token"))
    texts = QueryParams([(name, value) for name, value in form.multi_items() if isinstance(value, str)])
    wanted, image = Wanted.read(texts), texts.get("image", "")
    if not (image.isascii() and image.isdigit() and len(image) < 19):
        raise InvalidArgument(f"{image[:20]!r} is no number of a picture.")
    async with asking.searcher(writes=True) as searcher:
        verdict = {"right": True, "wrong": False}.get(texts.get("verdict", ""))
        await searcher.judge_match(wanted.query, int(image), verdict)
    back = wanted.url("/counts")
    return RedirectResponse(f"{back}&by={texts['by']}" if texts.get("by") in PERIODS else back, 303)


def greatest(counts: Sequence[MatchCount]) -> float:
    """The most that a column or its interval reaches."""
    return max((max(one.high or 0, one.matches or 0) for one in counts if one.bucket is not None), default=0)


def plot(counts: Sequence[MatchCount]) -> list[Column]:
    """The columns of all periods that are told and known; none before ten pictures were checked."""
    told = [one for one in counts if one.bucket is not None and one.matches is not None][-_MOST_BARS:]
    most = greatest(told) or 1
    width = WIDTH / max(len(told), 12)

    def height(number: Any) -> float:
        return round(HEIGHT * (1 - float(number or 0) / most), 1)

    return [
        Column(place * width, width, height(one.matches), height(one.low), height(one.high), one)
        for place, one in enumerate(told)
    ]
