"""What a command says when Ctrl-C ends it."""

from __future__ import annotations

import functools
from typing import Any

import click

from clipsql.cli.options import Command


class Stopped(click.ClickException):
    """Ctrl-C ended a command; `what_next` says what became of its work, and how to go on."""

    exit_code = 130  # what a shell expects of a command that SIGINT ended

    def __init__(self, what_next: str = "") -> None:
        super().__init__("Stopped by Ctrl-C" + (f"{what_next}." if what_next else "."))


def goes_on(command: Command) -> Command:
    """A command that a rerun takes up where Ctrl-C has ended it, and that says so."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except KeyboardInterrupt:
            raise Stopped("; run the same command again to go on") from None

    return run
