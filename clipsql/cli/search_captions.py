"""`clipsql search captions`: find captions by what they mean."""

from __future__ import annotations

import click

from clipsql.cli.options import database_option, encoder_options, json_option, nearest_options
from clipsql.cli.output import show_json, show_table
from clipsql.cli.query_vector import existing_file
from clipsql.config import Settings
from clipsql.db.calls.arguments import NearestOptions
from clipsql.db.opening import open_database
from clipsql.search.searcher import Searcher


@click.command()
@click.argument("query")
@nearest_options
@encoder_options
@json_option
@database_option
def captions(
    settings: Settings,
    query: str,
    options: NearestOptions,
    timezone: str,
    device: str | None,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Find captions that mean what QUERY says, in whatever words, or that fit the picture in the file QUERY.

    \b
    clipsql search captions "a red lorry" --max-results 3
    clipsql search captions ./street.jpg --in-collection streets
    """
    model = options.pop("model", None)
    with open_database(settings) as engine:
        searcher = Searcher(engine, model=model, device=device, dtype=dtype, timezone=timezone)
        file = existing_file(query)
        found = searcher.search_captions(query if file is None else searcher.embed_image(file), **options)
    if as_json:
        for caption in found:
            show_json(caption)
    else:
        show_table(
            ("rank", "similarity", "caption", "image"),
            ((one.rank, f"{one.similarity:.3f}", one.caption, one.image_id) for one in found),
        )
