"""Options of a search that looks at the pictures it found again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import click

from clipsql.cli.options import Command
from clipsql.demo import MATCHING_FOLDER, NAME

_CANDIDATES = 50


class RerankOptions(TypedDict):
    """What `Searcher.search_reranked` wants to know beside the search."""

    rerank: str
    candidates: int
    allow_private_hosts: bool


private_hosts_option: Callable[[Command], Command] = click.option(
    "--allow-private-hosts", is_flag=True, help="Download from this machine and private networks too."
)


def in_the_box(folder: Path) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """What an option for a model gives: the model as it was named, of the demo's the folder."""
    return lambda _context, _parameter, name: str(folder) if name == NAME else name


def rerank_options(command: Command) -> Command:
    """`--rerank` and what belongs to it; the command gets `reranking`, None without."""

    @functools.wraps(command)
    def with_reranking(
        *args: Any, rerank: str | None, candidates: int | None, allow_private_hosts: bool, **options: Any
    ) -> Any:
        if rerank is None and (candidates is not None or allow_private_hosts):
            raise click.UsageError(
                "--candidates and --allow-private-hosts are about pictures that --rerank looks at; give it too."
            )
        reranking = (
            None
            if rerank is None
            else RerankOptions(
                rerank=rerank, candidates=candidates or _CANDIDATES, allow_private_hosts=allow_private_hosts
            )
        )
        return command(*args, reranking=reranking, **options)

    with_options: Command = with_reranking
    for option in (
        private_hosts_option,
        click.option(
            "--candidates",
            type=click.IntRange(min=1),
            help=f"How many --rerank looks at.  [default: {_CANDIDATES}]",
        ),
        click.option(
            "--rerank",
            metavar="FOLDER|NAME",
            callback=in_the_box(MATCHING_FOLDER),
            help="Look at the nearest again with this model, and order them by how likely QUERY is true of them.",
        ),
    ):
        with_options = option(with_options)
    return with_options
