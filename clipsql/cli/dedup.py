"""`clipsql dedup`: pictures that look the same."""

from __future__ import annotations

import click

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import note, show_json, show_table
from clipsql.config import Settings
from clipsql.db.duplicates import mark_duplicates
from clipsql.db.models import require_model
from clipsql.db.opening import open_database
from clipsql.db.pictures.records import NEAR_DUPLICATE_OF
from clipsql.duplicates import MAX_BITS, MIN_SIMILARITY, find_duplicates


@click.command()
@click.option("--collection", metavar="NAME", help="Only in this collection; default: across all.")
@click.option("--model", metavar="NAME", help="Default: the default model of the database.")
@click.option(
    "--min-similarity",
    type=click.FloatRange(-1, 1),
    default=MIN_SIMILARITY,
    show_default=True,
    metavar="COSINE",
    help="Embeddings of pictures that may be the same.",
)
@click.option(
    "--max-bits",
    type=click.IntRange(0, 64),
    default=MAX_BITS,
    show_default=True,
    metavar="N",
    help="Bits of 64 in which their perceptual hashes may differ.",
)
@click.option(
    "--mark",
    is_flag=True,
    help=f"Note in each copy's metadata the picture that it repeats, as {NEAR_DUPLICATE_OF}.",
)
@json_option
@database_option
def dedup(
    settings: Settings,
    collection: str | None,
    model: str | None,
    min_similarity: float,
    max_bits: int,
    mark: bool,
    as_json: bool,
) -> None:
    """Find pictures that look the same: of like embeddings, confirmed by like perceptual hashes.

    \b
    clipsql dedup --collection holidays
    clipsql dedup --collection cc3m --mark
    """
    with open_database(settings) as engine:
        with Progress("batches") as progress:
            groups = find_duplicates(
                engine,
                require_model(engine, model),
                collection=collection,
                min_similarity=min_similarity,
                max_bits=max_bits,
                on_batch=progress.advance,
            )
        if mark:
            kept_by_copy = {copy.image_id: group.kept.image_id for group in groups for copy in group.copies}
            changed = mark_duplicates(engine, kept_by_copy, collection=collection)
            note(f"Marked {len(kept_by_copy):,} copies; {changed:,} pictures have changed metadata.")
    if as_json:
        for group in groups:
            show_json(group)
    elif not groups:
        note("No two pictures look the same.")
    else:
        show_table(
            ("keep", "copies", "similarity", "bits", "url", "for example the same as"),
            (
                (
                    group.kept.image_id,
                    ", ".join(str(copy.image_id) for copy in group.copies),
                    f"{group.similarity:.3f}",
                    group.bits,
                    group.kept.url,
                    group.copies[0].url,
                )
                for group in groups
            ),
        )
