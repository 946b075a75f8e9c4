"""Options that say which frames of videos become pictures."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any

import click

from clipsql.cli.options import Command, Duration
from clipsql.sources.sampling import Sampling

_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.option(
        "--every",
        type=Duration(),
        metavar="DURATION",
        help="Of videos, take the first frame in each such time: 1s, the default, 0.5s or 1m.",
    ),
    click.option("--keyframes", is_flag=True, help="Of videos, take all keyframes, which is fast."),
    click.option("--scenes", is_flag=True, help="Of videos, take the first frame of each scene."),
)


def sampling_options(command: Command) -> Command:
    """Which frames of videos are taken; the command gets `sampling`."""

    @functools.wraps(command)
    def with_sampling(
        *args: Any, every: dt.timedelta | None, keyframes: bool, scenes: bool, **given: Any
    ) -> Any:
        if (every is not None) + keyframes + scenes > 1:
            raise click.UsageError("--every, --keyframes and --scenes exclude each other; choose one.")
        if keyframes or scenes:
            sampling = Sampling("keyframes" if keyframes else "scenes")
        else:
            sampling = Sampling() if every is None else Sampling(every_s=every.total_seconds())
        return command(*args, sampling=sampling, **given)

    wrapped: Command = with_sampling
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
