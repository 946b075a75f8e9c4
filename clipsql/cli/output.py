"""Render results: tables for people, JSON lines for machines."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from clipsql.cli.logs import REMARKS
from clipsql.errors import ConfigurationError
from clipsql.search.results import Match

_remarks = logging.getLogger(REMARKS)


def show_json(record: Mapping[str, Any] | Any) -> None:
    """One JSON line on stdout; times as ISO 8601."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        record = dataclasses.asdict(record)
    click.echo(json.dumps(record, ensure_ascii=False, default=_plain))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on stdout; numbers to the right."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    held = [[_cell(value) for value in row] for row in rows]
    for number, name in enumerate(columns):
        numeric = bool(held) and all(
            row[number].replace(".", "").replace(",", "").lstrip("-").isdigit() for row in held if row[number]
        )
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in held:
        table.add_row(*row)
    # Text of captions and URLs must not be read as markup. What is piped has no width to be folded to.
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 10_000)
    console.print(table)


def show_matches(matches: Sequence[Match], *, as_json: bool) -> None:
    """Matches as a table, or as JSON lines."""
    if as_json:
        for match in matches:
            show_json(match)
    elif not matches:
        note("No picture matches.")
    else:
        show_table(
            ("rank", "image", "similarity", "percentile", "taken at", "caption", "url"),
            (
                (
                    match.rank,
                    match.image_id,
                    f"{match.similarity:.3f}",
                    match.standing,
                    match.taken_at,
                    match.caption,
                    match.url,
                )
                for match in matches
            ),
        )


def note(message: str) -> None:
    """A remark on stderr, out of the way of results."""
    _remarks.info(message)


def warn(message: str) -> None:
    """A warning on stderr: the command goes on."""
    _remarks.warning(message)


def agree(question: str, *, yes: bool) -> None:
    """Ask whether to go on, unless `yes` was given. Raises ConfigurationError where there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{question} There is no terminal to ask at; --yes answers.")
    click.confirm(question, abort=True)


def size(bytes_: int | None) -> str:
    """A number of bytes as people write it."""
    amount = float(bytes_ or 0)
    for unit in ("B", "KB", "MB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GB"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return str(value)
