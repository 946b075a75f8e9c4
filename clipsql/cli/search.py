"""`clipsql search`: find pictures by text, by picture, like a stored one, or by several of these together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from clipsql.cli.options import (
    Command,
    Names,
    database_option,
    encoder_options,
    json_option,
    search_options,
)
from clipsql.cli.output import note, show_document, show_matches
from clipsql.cli.query_vector import read_vector
from clipsql.cli.region_options import BoxType, of_regions, region_options
from clipsql.cli.reranking import RerankOptions, private_hosts_option, rerank_options
from clipsql.config import Settings
from clipsql.db.calls.arguments import Fusion, SearchOptions
from clipsql.db.opening import open_database
from clipsql.errors import ConfigurationError, TextEncoderUnavailable
from clipsql.picture import Box
from clipsql.search.page import Section, write_page
from clipsql.search.query_picture import AnyPicture
from clipsql.search.results import HybridMatch, Match, WordWeight
from clipsql.search.searcher import Searcher
from clipsql.search.stored import require_metadata


@click.group()
def search() -> None:
    """Find pictures, nearest first; filters combine with AND.

    \b
    clipsql search text "red truck at night" --taken-from 2024-05-01 --max-results 5
    clipsql search image ./street.jpg --having-metadata '{"camera": "K12"}'
    clipsql search like 42 --html similar.html
    clipsql search vector query.npy --model other-vectors
    clipsql search query 'flower + 2*bee - night + ./street.jpg'
    clipsql search hybrid "red truck at night" --text-weight 0.5
    clipsql search captions "a red lorry"
    clipsql search moments "a red truck"
    """


def _search_command(command: Command) -> Command:
    """The options of every search; the command returns its title and its matches."""

    def run(
        settings: Settings,
        options: SearchOptions,
        timezone: str,
        columns: tuple[str, ...],
        html: Path | None,
        as_json: bool,
        as_document: bool,
        device: str | None = None,
        dtype: str | None = None,
        attention: bool = False,
        **subject: Any,
    ) -> None:
        if as_json and as_document:
            raise click.UsageError("--json and --json-document exclude each other; choose one.")
        model = options.pop("model", None)
        with open_database(settings) as engine:
            searcher = Searcher(engine, model=model, device=device, dtype=dtype, timezone=timezone)
            title, matches = command(searcher, options, **subject)
            require_metadata(engine, columns, matches)
            if html is not None:
                words = _words(searcher, subject["query"]) if attention else ()
                write_matches(html, [Section(title, matches, words=words, columns=columns)], searcher)
        if as_document:
            show_document(searcher.model.name, matches)
        else:
            show_matches(matches, columns=columns, as_json=as_json)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__dict__.update(command.__dict__)  # the arguments that the command has declared
    return search_options(_columns_option(_html_option(json_option(_document_option(database_option(run))))))


_html_option: Callable[[Command], Command] = click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page of thumbnails."
)
_document_option: Callable[[Command], Command] = click.option(
    "--json-document",
    "as_document",
    is_flag=True,
    help="Write one JSON document, as clipsql.search_request answers in SQL.",
)
_columns_option: Callable[[Command], Command] = click.option(
    "--columns",
    type=Names(),
    default=(),
    help="Metadata to show, in tables and on pages: brand,price; pages show all by default.",
)
_attention_option: Callable[[Command], Command] = click.option(
    "--attention", is_flag=True, help="Show on the page how much attention each word gets."
)


@search.command()
@_search_command
@click.argument("query")
@_attention_option
@region_options
@rerank_options
@encoder_options
def text(
    searcher: Searcher,
    options: SearchOptions,
    query: str,
    search_in: str,
    having_label: str | None,
    reranking: RerankOptions | None,
) -> tuple[str, Sequence[Match]]:
    """Find pictures that QUERY describes.

    --rerank takes a model with an image-text matching head, such as Salesforce/blip-itm-base-coco. Pictures are read
    again from their files, or downloaded; one that cannot be had keeps its place.

    \b
    clipsql search text "two dogs on a beach" --in-collection holidays --max-results 5
    clipsql search text "a white van" --in regions --having-label truck
    clipsql search text "a red truck and a yellow bus" --rerank ./blip-itm --candidates 100
    """
    if search_in == "regions":
        if reranking is not None:
            raise click.UsageError("--rerank looks at whole pictures; leave out --in regions.")
        return query, searcher.search_regions(query, **of_regions(options, having_label))
    if reranking is None:
        return query, searcher.search_text(query, **options)
    return query, searcher.search_reranked(query, **reranking, **options)


@search.command()
@_search_command
@click.argument("picture")
@click.option(
    "--crop", type=BoxType(), metavar="X,Y,WIDTH,HEIGHT", help="Like this part, in pixels, upright."
)
@click.option("--include-self", is_flag=True, help="Also stored pictures with just this content.")
@private_hosts_option
@region_options
@encoder_options
def image(
    searcher: Searcher,
    options: SearchOptions,
    picture: str,
    crop: Box | None,
    include_self: bool,
    allow_private_hosts: bool,
    search_in: str,
    having_label: str | None,
) -> tuple[str, Sequence[Match]]:
    """Find pictures like PICTURE: a file, an http or https address, or - for a picture on standard input.

    \b
    clipsql search image ./street.jpg --near-longitude -0.13 --near-latitude 51.5 --within-m 800
    clipsql search image https://pictures.example/street.jpg --max-results 5
    curl -s https://pictures.example/street.jpg | clipsql search image -
    clipsql search image ./street.jpg --crop 120,80,64,48 --in regions
    """
    title = "a picture" if picture == "-" else picture.encode(errors="replace").decode()
    given: AnyPicture = sys.stdin.buffer.read() if picture == "-" else picture
    asked: dict[str, Any] = {
        "crop": crop,
        "include_self": include_self,
        "allow_private_hosts": allow_private_hosts,
    }
    if search_in == "regions":
        found = searcher.search_regions_like(given, **asked, **of_regions(options, having_label))
        return f"like {title}", found
    return f"like {title}", searcher.search_image(given, **asked, **options)


@search.command()
@_search_command
@click.argument("image", type=int)
def like(searcher: Searcher, options: SearchOptions, image: int) -> tuple[str, list[Match]]:
    """Find pictures like the stored picture IMAGE, without itself.

    \b
    clipsql search like 42 --min-similarity 0.7
    """
    return f"like image {image}", searcher.search_similar(image, **options)


@search.command()
@_search_command
@click.argument("vector")
def vector(searcher: Searcher, options: SearchOptions, vector: str) -> tuple[str, list[Match]]:
    """Find pictures nearest to VECTOR: numbers as JSON, a file of them, as JSON or .npy, or - for standard input.

    \b
    clipsql search vector '[0.12, -0.5, 0.31]' --model other-vectors --in-collection shop
    clipsql search vector query.npy --max-results 5
    """
    return "a vector", searcher.search(read_vector(vector), **options)


@search.command()
@_search_command
@click.argument("words", metavar="QUERY", nargs=-1, required=True)
@click.option(
    "--fusion",
    metavar="NAME",
    default="weighted sum",
    show_default=True,
    help='How terms are joined: "mean similarity", "minimum similarity" (all of them must be in the picture), or as '
    '"clipsql fusion fit" has learned.',
)
@encoder_options
def query(
    searcher: Searcher, options: SearchOptions, words: tuple[str, ...], fusion: Fusion
) -> tuple[str, list[Match]]:
    """Find pictures that several terms describe together: texts, stored pictures and files, with weights.

    
    clipsql search query 'flower + 2*bee - night + ./street.jpg'
    clipsql search query 'red truck + snow' --fusion 'minimum similarity'
    clipsql search query 'image:42 + "in red"' --fusion shop
    clipsql search query '"c++ book" + image:42 - 0.5*desk'

    Quote the whole for the shell. All words between + and - are one text; a minus has a space before it, so t-shirt
    is a word; a number before or after * is a weight; image:ID is a stored picture, and what begins with ./ ../ /
    or ~/, or ends as .jpg, is a file. Quote texts that hold such signs: "c++ book".
    """
    joined = " ".join(words)
    return joined, searcher.search_query(joined, fusion=fusion, **options)


@search.command()
@_search_command
@click.argument("query")
@click.option("--text-weight", type=float, default=1.0, show_default=True, help="Of the words of captions.")
@click.option("--vector-weight", type=float, default=1.0, show_default=True, help="Of the embeddings.")
@_attention_option
@encoder_options
def hybrid(
    searcher: Searcher, options: SearchOptions, query: str, text_weight: float, vector_weight: float
) -> tuple[str, list[HybridMatch]]:
    """Find pictures by the words of their captions and by what they show, the two rankings fused.

    \b
    clipsql search hybrid "two dogs on a beach" --text-weight 0.5
    """
    return query, searcher.search_hybrid(
        query, text_weight=text_weight, vector_weight=vector_weight, **options
    )


def _words(searcher: Searcher, text: str) -> Sequence[WordWeight]:
    """The words of a text with their attention; none under a model whose text tower SQL cannot run."""
    try:
        return searcher.explain_text(text)
    except TextEncoderUnavailable:
        return ()


def write_matches(path: Path, sections: Sequence[Section], searcher: Searcher) -> None:
    """Write a page and say so."""
    shown = [match.image_id for section in sections for match in section.matches]
    try:
        write_page(
            path,
            title="clipsql",
            sections=sections,
            files=searcher.files(shown),
            thumbnails=searcher.thumbnails(shown),
        )
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}; choose another file."
        ) from error
    note(f"Wrote {path}.")
