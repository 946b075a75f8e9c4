"""Render results: tables for people, JSON lines for machines."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from clipsql.cli.logs import REMARKS
from clipsql.errors import ConfigurationError
from clipsql.search.results import Match, RegionMatch, RerankedMatch

_WHOLE_WORD = 12
_PART_OF_WORD = 8
"""To fit a terminal, longer words than the first, such as addresses, may be broken into parts of the second."""

_remarks = logging.getLogger(REMARKS)


def show_json(record: Mapping[str, Any] | Any) -> None:
    """One JSON line on stdout; times as ISO 8601."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        record = dataclasses.asdict(record)
    click.echo(json.dumps(record, ensure_ascii=False, default=_plain))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on stdout, as wide as a terminal at most; numbers to the right."""
    held = [[_cell(value) for value in row] for row in rows]
    # What is piped has no width to be folded to; on a terminal, between columns there are two spaces.
    is_terminal = sys.stdout.isatty()
    # Text of captions and URLs must not be read as markup.
    console = Console(markup=False, highlight=False, width=None if is_terminal else 10_000)
    room = console.width - 2 * len(columns)
    widths = _widths([list(column) for column in zip(columns, *held, strict=True)], room)
    if widths is None:
        _show_records(console, columns, held)
        return
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0) if is_terminal else (0, 1),
    )
    for number, (name, width) in enumerate(zip(columns, widths, strict=True)):
        numeric = bool(held) and all(
            row[number].replace(".", "").replace(",", "").lstrip("-").isdigit() for row in held if row[number]
        )
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", width=width)
    for row in held:
        table.add_row(*row)
    console.print(table)


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """A width for each column that breaks none of its words, but long ones such as addresses; None without room."""
    widest = [max(map(cell_len, cells)) for cells in columns]
    words = [max((cell_len(word) for cell in cells for word in cell.split()), default=1) for cells in columns]
    least = [word if word <= _WHOLE_WORD else _PART_OF_WORD for word in words]
    for fair in range(min(room, max(widest)), 0, -1):
        widths = [min(most, max(one, fair)) for most, one in zip(widest, least, strict=True)]
        if sum(widths) <= room:
            return widths
    return None


def _show_records(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Each row as lines of a name and its value, for a terminal that is too narrow for a table."""
    for row in rows:
        console.rule()
        for name, value in zip(columns, row, strict=True):
            if value:
                console.print(f"{name}: {value}", soft_wrap=True)


def show_document(model: str, matches: Sequence[Match]) -> None:
    """Matches as one JSON document on stdout, such as clipsql.search_request answers in SQL."""
    show_json({"model": model, "matches": [_answer(match) for match in matches]})


def _answer(match: Match) -> dict[str, Any]:
    known = match.to_dict()
    known["id"] = known.pop("image_id")
    if "score" not in known:  # that of a hybrid search has one beside its similarity
        known["score"] = known.pop("similarity")
    del known["file"]
    if match.taken_at is not None:
        taken_at = match.taken_at.astimezone(dt.UTC).replace(tzinfo=None).isoformat()
        known["taken_at"] = (taken_at.rstrip("0") if "." in taken_at else taken_at) + "Z"
    return known


def show_matches(matches: Sequence[Match], *, columns: Sequence[str] = (), as_json: bool) -> None:
    """Matches with their local files, as a table that also has the metadata `columns`, or as JSON lines."""
    if as_json:
        for match in matches:
            show_json(match.to_dict())
        return
    if not matches:
        note("No picture matches.")
        return
    facts: dict[str, Callable[[Match], object]] = {
        "rank": lambda match: match.rank,
        "image": lambda match: match.image_id,
        "matching": _matching,
        "similarity": lambda match: f"{match.similarity:.3f}",
        "percentile": lambda match: match.standing,
        "taken at": lambda match: match.taken_at,
        "caption": lambda match: match.caption,
    }
    held = [(name, [value(match) for match in matches]) for name, value in facts.items()]
    held += [(name, [match.shown(name) for match in matches]) for name in columns]
    held += [(name, [_of_region(match, name) for match in matches]) for name in ("label", "box")]
    held += [
        ("url", [match.url for match in matches]),
        ("file", [match.file for match in matches]),
    ]
    # What no match has would only take room from what they have.
    names, values = zip(
        *((name, column) for name, column in held if name in columns or any(column)), strict=True
    )
    show_table(names, zip(*values, strict=True))


def _of_region(match: Match, name: str) -> object:
    """What is known of the region by which a picture was found; nothing where whole pictures were compared."""
    if not isinstance(match, RegionMatch):
        return None
    return ",".join(map(str, match.box)) if name == "box" else match.label


def _matching(match: Match) -> str | None:
    """The probability that a model which looked at the picture gave; none where none did."""
    score = match.itm_score if isinstance(match, RerankedMatch) else None
    return None if score is None else f"{score:.3f}"


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


def in_words(span: dt.timedelta) -> str:
    """A length of time for people, by its two largest units: "2 d 4 h", "3 min 20 s"."""
    left = round(span.total_seconds())
    parts: list[str] = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, seconds)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


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
