"""`clipsql remove`: single pictures out of the database."""

from __future__ import annotations

import click

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option, json_option, stored_options
from clipsql.cli.output import agree, note, show_json
from clipsql.config import Settings
from clipsql.db.calls.arguments import Filters
from clipsql.db.opening import open_database
from clipsql.db.pictures.removing import chosen_pictures, remove_pictures
from clipsql.db.shards.listing import refuse_shards


@click.command()
@click.argument("images", type=int, nargs=-1, metavar="[IMAGE]...")
@click.option(
    "--url", "urls", multiple=True, metavar="URL", help="Pictures of this address, in any collection."
)
@stored_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say how many there are.")
@json_option
@database_option
def remove(
    settings: Settings,
    images: tuple[int, ...],
    urls: tuple[str, ...],
    options: Filters,
    timezone: str,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove pictures, with their captions and embeddings, from the database: by id, by url, by the filters of search.

    What is given combines with AND. Says first how many pictures these are, and asks. Files stay where they are.

    \b
    clipsql remove 17 42
    clipsql remove --url https://pictures.example/1.jpg --in-collection shop
    clipsql remove --in-collection holidays --taken-until 2024-01-01 --dry-run
    """
    if images and "only_images" in options:
        raise click.UsageError("Name pictures as IMAGE or by --only-images, not both.")
    if images:
        options["only_images"] = list(images)
    if not options and not urls:
        raise click.UsageError("Say which pictures, by IMAGE, --url or a filter.")
    with open_database(settings) as engine:
        refuse_shards(engine, "clipsql remove")
        chosen = chosen_pictures(engine, options, urls=urls, timezone=timezone)
        removed = 0
        if chosen and not dry_run:
            agree(f"Remove {len(chosen):,} pictures from the database?", yes=yes)
            with Progress("pictures", total=len(chosen)) as progress:
                removed = remove_pictures(engine, chosen, on_removed=progress.reach)
    if as_json:
        show_json({"pictures": len(chosen), "removed": removed})
    elif not chosen:
        note("No picture matches.")
    elif dry_run:
        click.echo(f"{len(chosen):,} pictures would be removed.")
    else:
        click.echo(f"{removed:,} pictures are removed.")
