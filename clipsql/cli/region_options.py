"""Options of searches that may ask for regions, or ask with a part of a picture."""

from __future__ import annotations

import re
from typing import Any, cast

import click

from clipsql.cli.options import Command
from clipsql.db.calls.arguments import SearchOptions
from clipsql.db.calls.regions import RegionOptions
from clipsql.picture import Box

_MOST_TILES = 64


class BoxType(click.ParamType[Box]):
    """A part of a picture in pixels."""

    name = "box"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Box:
        try:
            x, y, width, height = map(int, value.split(","))
        except ValueError:
            x = y = width = height = -1
        if min(x, y) < 0 or min(width, height) < 1:
            self.fail(
                f'"{value}" is no part of a picture; write x,y,width,height in pixels as 120,80,64,48.',
                param,
                ctx,
            )
        return x, y, width, height


class Grid(click.ParamType[tuple[int, int]]):
    """Columns and rows."""

    name = "grid"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        found = re.fullmatch(r"([1-9]\d{0,2})x([1-9]\d{0,2})", str(value))
        if found is None or int(found[1]) * int(found[2]) > _MOST_TILES:
            self.fail(
                f'"{value}" is no grid of at most {_MOST_TILES} tiles; write columns x rows as 3x2.',
                param,
                ctx,
            )
        return int(found[1]), int(found[2])


def region_options(command: Command) -> Command:
    """`--in` and `--having-label`; the command gets `search_in` and `having_label`."""
    for option in (
        click.option("--having-label", metavar="TEXT", help="Of regions: only those of this label."),
        click.option(
            "--in",
            "search_in",
            type=click.Choice(["pictures", "regions"]),
            default="pictures",
            show_default=True,
            help="Compare whole pictures, or find each picture by its nearest region.",
        ),
    ):
        command = option(command)
    return command


def of_regions(options: SearchOptions, having_label: str | None) -> RegionOptions:
    """The options as a search for regions takes them. Raises click.UsageError for those that it does not have."""
    for name in ("min_percentile", "distinct_above"):
        if name in options:
            raise click.UsageError(
                f"--{name.replace('_', '-')} is of whole pictures; leave it out with --in regions."
            )
    return cast(RegionOptions, {**options, "having_label": having_label})
