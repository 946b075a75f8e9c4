"""Logs on stderr, as text for people or as JSON lines for machines; libraries log, this alone says where to."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import click
from tqdm import tqdm

FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error")
REMARKS = "clipsql.cli.remarks"
"""Logger of what a command says to whoever runs it, by the way."""

_LINE_EVERY_S = 10.0
"""Where there is no bar: often enough to see that it goes on, seldom enough to read the rest."""

_ORDINARY = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
_log = logging.getLogger(__name__)


@contextmanager
def logging_to_stderr(style: str, level: str) -> Iterator[None]:
    """Within the block clipsql's loggers write to stderr, in one of FORMATS, from one of LEVELS upwards."""
    logger = logging.getLogger("clipsql")
    handler = _StandardError()
    handler.setFormatter(_Json() if style == "json" else _Text())
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def is_for_machines() -> bool:
    """Whether `--log-format json` was given."""
    context = click.get_current_context(silent=True)
    return context is not None and context.find_root().params.get("log_format") == "json"


class Progress:
    """How far a command is: a bar where stderr is a terminal, otherwise a line in the log now and then."""

    def __init__(self, unit: str, *, total: int | None = None, what: str | None = None) -> None:
        self._unit, self._total, self._what = unit, total, what
        self._done = 0
        self._facts: dict[str, object] = {}
        self._bar = tqdm(
            total=total,
            desc=what,
            unit=f" {unit}",
            file=sys.stderr,
            disable=is_for_machines() or None,  # None: unless it is a terminal
            dynamic_ncols=True,
        )
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def advance(self, **facts: object) -> None:
        """One more is done; `facts` stand beside the count."""
        self.reach(self._done + 1, **facts)

    def reach(self, done: int, total: int | None = None, /, **facts: object) -> None:
        """So many are done, of `total` when that was not known before."""
        self._bar.total = self._total = total or self._total
        self._bar.set_postfix(facts, refresh=False)
        self._bar.update(done - self._done)
        self._done, self._facts = done, facts
        if self._bar.disable and time.monotonic() - self._told_at >= _LINE_EVERY_S:
            self._tell()

    def _tell(self) -> None:
        self._told_at = time.monotonic()
        of = "" if self._total is None else f" of {self._total:,}"
        parts = [
            f"{self._done:,}{of} {self._unit}",
            *(f"{value} {name}" for name, value in self._facts.items()),
        ]
        _log.info(
            "%s%s",
            f"{self._what}: " if self._what else "",
            ", ".join(parts),
            extra={"done": self._done, "total": self._total, "unit": self._unit, **self._facts},
        )


class _StandardError(logging.Handler):
    """Writes above a progress bar, not into it."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=sys.stderr)
        sys.stderr.flush()


class _Text(logging.Formatter):
    """On a terminal the message alone; in a file its time and level, too."""

    def format(self, record: logging.LogRecord) -> str:
        message = super().format(record)
        if record.name == REMARKS or sys.stderr.isatty():
            return f"Warning: {message}" if record.levelno == logging.WARNING else message
        return f"{_instant(record):%Y-%m-%d %H:%M:%SZ} {record.levelname} {message}"


class _Json(logging.Formatter):
    """One object a line: time, level, logger, message, and the facts that were logged with it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _instant(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _ORDINARY}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _instant(record: logging.LogRecord) -> dt.datetime:
    return dt.datetime.fromtimestamp(record.created, dt.UTC)
