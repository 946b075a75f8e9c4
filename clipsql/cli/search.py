"""`clipsql search`: find pictures by text, by picture, or like a stored one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from clipsql.cli.options import Command, database_option, encoder_options, json_option, search_options
from clipsql.cli.output import note, show_matches
from clipsql.config import Settings
from clipsql.db.functions import SearchOptions
from clipsql.db.opening import open_database
from clipsql.errors import ConfigurationError
from clipsql.page import Section, write_page
from clipsql.searching import Match, Searcher


@click.group()
def search() -> None:
    """Find pictures, nearest first; filters combine with AND.

    \b
    clipsql search text "red truck at night" --taken-from 2024-05-01 --max-results 5
    clipsql search image ./street.jpg --having-metadata '{"camera": "K12"}'
    clipsql search like 42 --html similar.html
    """


def _search_command(command: Command) -> Command:
    """The options of every search; the command returns its title and its matches."""

    def run(
        settings: Settings,
        options: SearchOptions,
        html: Path | None,
        as_json: bool,
        device: str | None = None,
        dtype: str | None = None,
        **subject: Any,
    ) -> None:
        model = options.pop("model", None)
        with open_database(settings) as engine:
            searcher = Searcher(engine, model=model, device=device, dtype=dtype)
            title, matches = command(searcher, options, **subject)
            if html is not None:
                _write(html, title, matches, searcher)
        show_matches(matches, as_json=as_json)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__dict__.update(command.__dict__)  # the arguments that the command has declared
    html_option: Callable[[Command], Command] = click.option(
        "--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page of thumbnails."
    )
    return search_options(html_option(json_option(database_option(run))))


@search.command()
@_search_command
@click.argument("query")
@encoder_options
def text(searcher: Searcher, options: SearchOptions, query: str) -> tuple[str, list[Match]]:
    """Find pictures that QUERY describes.

    \b
    clipsql search text "two dogs on a beach" --in-collection holidays --max-results 5
    """
    return query, searcher.search_text(query, **options)


@search.command()
@_search_command
@click.argument("path", type=click.Path(path_type=Path))
@encoder_options
def image(searcher: Searcher, options: SearchOptions, path: Path) -> tuple[str, list[Match]]:
    """Find pictures like the one in the file PATH.

    \b
    clipsql search image ./street.jpg --near-longitude -0.13 --near-latitude 51.5 --within-m 800
    """
    return f"like {path.name}", searcher.search_image(path, **options)


@search.command()
@_search_command
@click.argument("image_id", type=int)
def like(searcher: Searcher, options: SearchOptions, image_id: int) -> tuple[str, list[Match]]:
    """Find pictures like the stored one with IMAGE_ID, without itself.

    \b
    clipsql search like 42 --min-similarity 0.7
    """
    return f"like image {image_id}", searcher.search_similar(image_id, **options)


def _write(path: Path, title: str, matches: list[Match], searcher: Searcher) -> None:
    shown = [match.image_id for match in matches]
    try:
        write_page(
            path,
            title="clipsql",
            sections=[Section(title, matches)],
            files=searcher.files(shown),
            thumbnails=searcher.thumbnails(shown),
        )
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}; choose another file."
        ) from error
    note(f"Wrote {path}.")
