"""The command `clipsql`."""

from __future__ import annotations

import logging

import click

from clipsql import __version__
from clipsql.cli.collection import collection, stats
from clipsql.cli.count import count
from clipsql.cli.db import db
from clipsql.cli.dedup import dedup
from clipsql.cli.demo import demo
from clipsql.cli.explain import explain
from clipsql.cli.fusion import fusion
from clipsql.cli.index import index
from clipsql.cli.ingest import ingest
from clipsql.cli.judge import classify, match, suggest
from clipsql.cli.key import key
from clipsql.cli.logs import FORMATS, LEVELS, is_for_machines, logging_to_stderr
from clipsql.cli.model import model
from clipsql.cli.regions import regions
from clipsql.cli.remove import remove
from clipsql.cli.search import search
from clipsql.cli.search_captions import captions
from clipsql.cli.search_moments import moments
from clipsql.cli.serve import serve
from clipsql.cli.shard import shard
from clipsql.cli.stopping import Stopped
from clipsql.cli.table import table
from clipsql.cli.viewing import ask, describe, score
from clipsql.cli.watch import watch
from clipsql.cli.worker import worker
from clipsql.errors import ClipsqlError

_log = logging.getLogger(__name__)


class _Clipsql(click.Group):
    """Shows what clipsql raises on purpose as one line; anything else is a fault and keeps its traceback."""

    def invoke(self, context: click.Context) -> object:
        try:
            return self._invoke(context)
        except click.ClickException as error:
            if not is_for_machines():
                raise
            _log.error(error.format_message())
            raise click.exceptions.Exit(error.exit_code) from error

    def _invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except ClipsqlError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            raise Stopped from None


@click.group(cls=_Clipsql, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clipsql")
@click.option(
    "--log-format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Of what goes to stderr.",
)
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    default="info",
    show_default=True,
    help="Leave out what is less.",
)
@click.pass_context
def main(context: click.Context, log_format: str, log_level: str) -> None:
    """CLIP image search that lives in PostgreSQL.

    \b
    clipsql ingest photos/ --collection holidays
    clipsql search text "a dog in the snow" --in-collection holidays

    Pictures and vectors lie in the database that CLIPSQL_DATABASE_URL names, or in an embedded server that
    starts by itself and keeps its data under CLIPSQL_HOME.
    """
    context.with_resource(logging_to_stderr(log_format, log_level))


for _command in (
    ask,
    classify,
    collection,
    count,
    db,
    dedup,
    demo,
    describe,
    explain,
    fusion,
    index,
    ingest,
    key,
    match,
    model,
    regions,
    remove,
    score,
    search,
    serve,
    shard,
    stats,
    suggest,
    table,
    watch,
    worker,
):
    main.add_command(_command)
search.add_command(captions)
search.add_command(moments)
