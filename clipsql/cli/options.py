"""Options that several commands share, and the database that they open."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from clipsql.config import Settings
from clipsql.db.calls.arguments import Filters, NearestOptions, SearchOptions

Command = Callable[..., Any]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def database_option(command: Command) -> Command:
    """`--database-url`; the command gets `settings`."""

    @click.option(
        "--database-url",
        metavar="URL",
        help="PostgreSQL with pgvector; default: CLIPSQL_DATABASE_URL, else the embedded server.",
    )
    @functools.wraps(command)
    def with_settings(*args: Any, database_url: str | None, **options: Any) -> Any:
        return command(*args, settings=Settings.from_environment(database_url=database_url), **options)

    return with_settings


def json_option(command: Command) -> Command:
    """`--json`; the command gets `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON lines for machines.")(command)


def encoder_options(command: Command) -> Command:
    """`--device` and `--dtype`."""
    for option in (
        click.option(
            "--dtype",
            metavar="DTYPE",
            help="float32, bfloat16 or float16; default: what is fast and sound on the device.",
        ),
        click.option(
            "--device", metavar="DEVICE", help="cpu, cuda, cuda:1, mps ...; default: the best there is."
        ),
    ):
        command = option(command)
    return command


class Instant(click.ParamType[dt.datetime]):
    """An ISO 8601 date or time; without an offset it is naive, and `--timezone` says where."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        try:
            return dt.datetime.fromisoformat(value)
        except ValueError:
            self.fail(f'"{value}" is no time; write it as 2024-05-01 or 2024-05-01T18:30+02:00.', param, ctx)


class TimeOfDay(click.ParamType[dt.time]):
    """A time of the day, without a zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.time:
        try:
            time = dt.time.fromisoformat(value)
        except ValueError:
            time = None
        if time is None or time.tzinfo is not None:
            self.fail(f'"{value}" is no time of the day; write it as 22:00 or 06:30:15.', param, ctx)
        return time


class TimeZone(click.ParamType[ZoneInfo]):
    """A time zone by its IANA name."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        if isinstance(value, ZoneInfo):
            return value
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f'"{value}" is no time zone; write it as Europe/Berlin or UTC.', param, ctx)


class Duration(click.ParamType[dt.timedelta]):
    """A length of time: 90s, 15m, 1h, 1d, or in words, 15 minutes."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.timedelta:
        told = re.fullmatch(
            r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*(s|m|h|d|(?:second|minute|hour|day)s?)\s*", value, re.ASCII
        )
        if told is None:
            self.fail(f'"{value}" is no length of time; write it as 15m, 1h or 1 day.', param, ctx)
        return dt.timedelta(**{_UNITS[told[2][0]]: float(told[1])})


class Metadata(click.ParamType[dict[str, Any]]):
    """A JSON object."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        try:
            found = json.loads(value)
        except json.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            self.fail(f'{value!r} is no JSON object; write it as \'{{"camera": "K12"}}\'.', param, ctx)
        return found


class Ids(click.ParamType[list[int]]):
    """Comma-separated numbers."""

    name = "ids"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        try:
            return [int(part) for part in value.split(",")]
        except ValueError:
            self.fail(f'"{value}" is no list of image ids; write it as 17,42.', param, ctx)


class Names(click.ParamType[tuple[str, ...]]):
    """Comma-separated names, each once."""

    name = "names"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(dict.fromkeys(name for part in value.split(",") if (name := part.strip())))
        if not names:
            self.fail(f'"{value}" names nothing; write it as brand,price.', param, ctx)
        return names


class Vertices(click.ParamType[list[tuple[float, float]]]):
    """Positions, LONGITUDE,LATITUDE separated by spaces."""

    name = "polygon"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[tuple[float, float]]:
        try:
            vertices = [tuple(map(float, part.split(","))) for part in value.split()]
        except ValueError:
            vertices = []
        if len(vertices) < 3 or any(len(vertex) != 2 for vertex in vertices):
            self.fail(f'"{value}" is no polygon; write it as "-0.2,51.4 0.1,51.4 0.1,51.6".', param, ctx)
        return [(longitude, latitude) for longitude, latitude in vertices]


_LIMITS = (
    click.option("--max-results", type=click.IntRange(min=1), default=10, show_default=True),
    click.option("--min-similarity", type=float, metavar="COSINE"),
)
_STANDING = (
    click.option(
        "--min-percentile", type=float, metavar="0..100", help="Better than this share of the collection."
    ),
    click.option(
        "--distinct-above", type=float, metavar="COSINE", help="Fold pictures more alike than this: 0.97."
    ),
)
_FILTERS = (
    click.option("--in-collection", metavar="NAME"),
    click.option("--taken-from", type=Instant(), help="Not before; ISO 8601."),
    click.option("--taken-until", type=Instant(), help="Before."),
    click.option(
        "--daily-from", type=TimeOfDay(), help="Of each day, not before; after --daily-until: over midnight."
    ),
    click.option("--daily-until", type=TimeOfDay(), help="Of each day, before."),
    click.option("--near-longitude", type=float, metavar="DEGREES"),
    click.option("--near-latitude", type=float, metavar="DEGREES"),
    click.option("--within-m", type=float, metavar="METRES", help="Great-circle distance."),
    click.option("--inside", type=Vertices(), help='Polygon, "LONGITUDE,LATITUDE LONGITUDE,LATITUDE ...".'),
    click.option("--having-metadata", type=Metadata(), help='Containment: \'{"camera": "K12"}\'.'),
    click.option("--metadata-matches", metavar="JSONPATH", help="'$.price < 50 && $.brand == \"x\"'."),
    click.option("--caption-query", metavar="WORDS", help="Full text: 'red truck', '\"two dogs\" -snow'."),
    click.option("--only-images", type=Ids(), help="Image ids: 17,42."),
    click.option("--except-images", type=Ids(), help="Image ids: 17,42."),
    click.option("--model", metavar="NAME", help="Default: the default model of the database."),
)
"""The arguments of SQL's clipsql.search under the same names; the last alone is about no picture."""
_TIMEZONE = click.option(
    "--timezone",
    type=TimeZone(),
    default="UTC",
    show_default=True,
    help="Of --daily-from and --daily-until, and of times without offset.",
)


def search_options(command: Command) -> Command:
    """Every option of clipsql.search; the command gets what is given as `options`, and `timezone`."""
    return _gathered(command, (*_LIMITS, *_STANDING, *_FILTERS), SearchOptions.__annotations__)


def nearest_options(command: Command) -> Command:
    """Every filter, how many are wanted and how near; the command gets what is given as `options`, and `timezone`."""
    return _gathered(command, (*_LIMITS, *_FILTERS), NearestOptions.__annotations__)


def filter_options(command: Command) -> Command:
    """Every filter of clipsql.search; the command gets what is given as `options`, and `timezone`."""
    return _gathered(command, _FILTERS, Filters.__annotations__)


def stored_options(command: Command) -> Command:
    """Every filter but the model; the command gets what is given as `options`, and `timezone`."""
    return _gathered(command, _FILTERS[:-1], [name for name in Filters.__annotations__ if name != "model"])


def _gathered(
    command: Command, declared: Iterable[Callable[[Command], Command]], names: Iterable[str]
) -> Command:
    @functools.wraps(command)
    def with_options(*args: Any, timezone: ZoneInfo, **given: Any) -> Any:
        values = {name: given.pop(name) for name in names}
        for name in ("taken_from", "taken_until"):
            moment = values[name]
            if moment is not None and moment.tzinfo is None:
                values[name] = moment.replace(tzinfo=timezone)
        options = {name: value for name, value in values.items() if value is not None}
        return command(*args, options=options, timezone=timezone.key, **given)

    wrapped: Command = _TIMEZONE(with_options)
    for option in reversed(tuple(declared)):
        wrapped = option(wrapped)
    return wrapped
