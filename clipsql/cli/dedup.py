"""`clipsql dedup`: copies of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy.engine import Engine

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import note, show_json, show_table, warn
from clipsql.config import Settings
from clipsql.db.duplicates import collection_sizes, fingerprints, mark_duplicates, thumbnails
from clipsql.db.models import require_model
from clipsql.db.opening import open_database
from clipsql.db.pictures.records import NEAR_DUPLICATE_OF
from clipsql.duplicates.finding import (
    MAX_DIFFERENCE,
    MIN_SIMILARITY,
    DuplicateGroup,
    LargeGroup,
    find_duplicates,
    large_groups,
    pairs_of,
)
from clipsql.duplicates.page import MOST_PAIRS, write_pairs
from clipsql.errors import ConfigurationError

_PAGE = Path("duplicates.html")


@click.command()
@click.option("--collection", metavar="NAME", help="Only in this collection; default: across all.")
@click.option("--model", metavar="NAME", help="Default: the default model of the database.")
@click.option(
    "--min-similarity",
    type=click.FloatRange(-1, 1),
    default=MIN_SIMILARITY,
    show_default=True,
    metavar="COSINE",
    help="Embeddings of pictures that are looked at.",
)
@click.option(
    "--max-difference",
    type=click.FloatRange(0, 255),
    default=MAX_DIFFERENCE,
    show_default=True,
    metavar="LEVELS",
    help="How far a copy may be from the picture that is kept where they differ most, in levels of 255.",
)
@click.option(
    "--mark",
    is_flag=True,
    help=f"Note in each copy's metadata the picture that it repeats, as {NEAR_DUPLICATE_OF}.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help=f"Change nothing; write the pairs as a page of pictures, {_PAGE} here unless --html names another.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the pairs as a page of pictures.",
)
@json_option
@database_option
def dedup(
    settings: Settings,
    collection: str | None,
    model: str | None,
    min_similarity: float,
    max_difference: float,
    mark: bool,
    dry_run: bool,
    html: Path | None,
    as_json: bool,
) -> None:
    """Find copies of pictures: the same bytes, or the same photograph in another size, format or quality.

    A picture's nearest neighbours are looked at pixel by pixel, 42 across and down. Each copy is within the limits of
    the picture that is kept, which has the most pixels. The limits are strict: the frames of a fixed camera stay apart.
    Where there are none, --max-difference 4 finds more of the cropped and the much reduced copies.

    \b
    clipsql dedup --collection holidays --dry-run
    clipsql dedup --collection cc3m --mark
    """
    with open_database(settings) as engine:
        chosen = require_model(engine, model)
        with Progress("batches") as progress:
            groups = find_duplicates(
                engine,
                chosen,
                collection=collection,
                min_similarity=min_similarity,
                max_difference=max_difference,
                on_batch=progress.advance,
            )
        large = large_groups(groups, collection_sizes(engine, chosen, collection=collection))
        remarks = [_told(group) for group in large]
        for remark in remarks:
            warn(remark)
        if html is not None or dry_run:
            _write(html or _PAGE, groups, remarks, engine)
        copies = sum(len(group.copies) for group in groups)
        if mark and dry_run:
            note(f"{copies:,} copies would be marked.")
        elif mark:
            kept_by_copy = {pair.copy.picture.image_id: pair.kept.image_id for pair in pairs_of(groups)}
            changed = mark_duplicates(engine, kept_by_copy, collection=collection)
            note(f"Marked {copies:,} copies; {changed:,} pictures have changed metadata.")
    if as_json:
        for pair in pairs_of(groups):
            show_json(pair)
    elif not groups:
        note("No picture is a copy of another.")
    else:
        _show(groups)


def _told(large: LargeGroup) -> str:
    return (
        f"Image {large.group.kept.image_id} and its copies are {large.count:,} of the {large.size:,} pictures of "
        f"collection {large.collection}: a placeholder, perhaps, or limits too wide; look at them with --dry-run."
    )


def _write(path: Path, groups: Sequence[DuplicateGroup], remarks: Sequence[str], engine: Engine) -> None:
    pairs = sorted(pairs_of(groups), key=lambda pair: -pair.copy.difference)
    shown = pairs[:MOST_PAIRS]
    left_out = len(pairs) - len(shown)
    if left_out:
        remarks = [*remarks, f"{left_out:,} pairs that differ less are not shown."]
    image_ids = {picture.image_id for pair in shown for picture in (pair.kept, pair.copy.picture)}
    try:
        write_pairs(
            path,
            shown,
            remarks=remarks,
            thumbnails=thumbnails(engine, image_ids),
            fingerprints=fingerprints(engine, image_ids),
        )
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}; choose another file."
        ) from error
    note(f"Wrote {path}.")


def _show(groups: Sequence[DuplicateGroup]) -> None:
    show_table(
        ("keep", "copies", "similarity", "difference", "url", "for example the same as"),
        (
            (
                group.kept.image_id,
                ", ".join(str(copy.picture.image_id) for copy in group.copies),
                f"{min(copy.similarity for copy in group.copies):.3f}",
                f"{max(copy.difference for copy in group.copies):.2f}",
                group.kept.url,
                group.copies[0].picture.url,
            )
            for group in groups
        ),
    )
