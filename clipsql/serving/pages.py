"""Pages: templates with what all of them need, and tokens that a form of ours alone has."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import secrets
from importlib import resources
from typing import Any

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from clipsql.serving.callers import NotAllowed, Shown
from clipsql.serving.door import Door
from clipsql.serving.words import LANGUAGES, language_of, say

_SECRET = secrets.token_bytes(32)
"""Of this process: a form that was open over a restart is to be loaded again."""


class Pages:
    """Renders pages of the gallery."""

    def __init__(self) -> None:
        self._markup = jinja2.Environment(
            loader=jinja2.FileSystemLoader(str(resources.files(__package__) / "templates")),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._markup.filters |= {
            "moment": _moment,
            "number": lambda value: f"{value:,}",
            "shown": _shown,
            "next_day": _next_day,
        }
        static = resources.files(__package__) / "static"
        self._version = hashlib.sha256(
            b"".join((static / name).read_bytes() for name in ("app.css", "app.js"))
        ).hexdigest()[:8]

    def show(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page of a template, in the language of who reads it."""
        language = language_of(request.query_params.get("lang"), request.headers.get("accept-language", ""))
        options = request.app.state.options
        text = self._markup.get_template(template).render(
            t=lambda text, **given: say(language, text, **given),
            language=language,
            languages=[(code, name, str(request.url.include_query_params(lang=code)).partition(request.url.netloc)[2])
                       for code, name in LANGUAGES.items()],
            token=form_token(request),
            has_key=bool(Shown.by({}, request.cookies, options).key),
            path=request.url.path,
            version=self._version,
            **values,
        )  # fmt: skip
        return HTMLResponse(text, status_code=status, headers={"Vary": "Accept-Language"})


def form_token(request: Request) -> str:
    """What a form of ours has in it: another site cannot know it, for it goes with the key."""
    shown = Door(request).shown
    told = json.dumps([shown.key, shown.role]).encode()
    return hmac.new(_SECRET, told, hashlib.sha256).hexdigest()


def require_token(request: Request, given: object) -> None:
    """Raise NotAllowed unless a form of ours sent this."""
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), form_token(request).encode()):
        raise NotAllowed("The page was open for too long; load it again, then repeat what you did.")


def _moment(value: dt.datetime | None, form: str = "%Y-%m-%d %H:%M") -> str:
    return "" if value is None else value.astimezone(dt.UTC).strftime(form)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _next_day(value: dt.datetime) -> str:
    midnight = value.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + dt.timedelta(days=1)).isoformat()


pages = Pages()
"""Those of all servers of this process."""
