"""Errors as they are answered: application/problem+json (RFC 9457) with the SQLSTATE of clipsql or PostgreSQL."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

from clipsql.errors import (
    ERRORS_BY_SQLSTATE,
    ClipsqlError,
    ConfigurationError,
    DatabaseError,
    DatabaseUnreachable,
    ImageError,
    ModelError,
    SearchError,
    UnknownCollection,
    UnknownImage,
    UnknownModel,
    UnknownWatch,
)
from clipsql.serving.callers import NotAdmitted, NotAllowed

_log = logging.getLogger(__name__)

_STATUSES: tuple[tuple[type[ClipsqlError], int], ...] = (
    (NotAdmitted, 401),
    (NotAllowed, 403),
    (UnknownCollection, 404),
    (UnknownImage, 404),
    (UnknownModel, 404),
    (UnknownWatch, 404),
    (SearchError, 422),
    (ModelError, 422),
    (ImageError, 422),
    (ConfigurationError, 501),
    (DatabaseUnreachable, 503),
)
_BY_SQLSTATE = (
    ("42501", 403),  # no right
    ("25006", 403),  # read-only
    ("57014", 504),  # the statement timeout
    ("22", 422),  # a value out of its range
    ("23", 409),  # a constraint
    ("40", 503),  # a deadlock: try again
    ("53", 503),  # no memory, no room, no connection
)
_SQLSTATES = {error: sqlstate for sqlstate, error in ERRORS_BY_SQLSTATE.items()}
_TITLES = {
    401: "Who asks?",
    403: "Not allowed",
    404: "Not found",
    409: "In conflict with what is stored",
    413: "Too large",
    422: "Cannot be answered as it is asked",
    500: "A fault of the server",
    501: "Not set up on this server",
    503: "Try again soon",
    504: "Took too long",
}


@dataclass(frozen=True)
class Problem:
    """What went wrong with a request."""

    status: int
    detail: str
    sqlstate: str | None = None

    @classmethod
    def of(cls, error: ClipsqlError) -> Problem:
        """The problem that an error is to who asked; what tells of the server itself goes into the log alone."""
        sqlstate = _SQLSTATES.get(type(error)) or _driver_state(error)
        status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
        if status == 500 and isinstance(error, DatabaseError):
            status = next((code for start, code in _BY_SQLSTATE if (sqlstate or "").startswith(start)), 500)
        if status in (500, 503):
            _log.warning("%s", error)
            return cls(
                status,
                "The database cannot answer now." if status == 503 else "The database refused.",
                sqlstate,
            )
        return cls(status, str(error), sqlstate)

    @property
    def title(self) -> str:
        """Its kind in a few words."""
        return _TITLES.get(self.status, "Refused")

    def response(self) -> Response:
        """The answer; of a 401 with how to ask, of a 503 with when to try again."""
        body = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "2"}}.get(self.status, {})
        return JSONResponse(
            body | ({"sqlstate": self.sqlstate} if self.sqlstate else {}),
            status_code=self.status,
            headers=headers,
            media_type="application/problem+json",
        )


def _driver_state(error: BaseException) -> str | None:
    cause = error.__cause__
    return getattr(getattr(cause, "orig", cause), "sqlstate", None)
