"""Write the comparison of two models as one self-contained HTML page: what each finds, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jinja2

from clipsql.images.showing import jpeg_uri, safe_link, shrunk
from clipsql.search.comparison import ComparedQuery, Interval, ModelComparison
from clipsql.sources.inside import read_if_there

_SIDE = 200
"""Longer side of a picture on the page, in pixels: there are many, each of them once in the file."""

_MARKUP = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True)
class _Tile:
    """A picture in an answer: its rank, what the other model makes of it, and whether it is what the caption is of."""

    image_id: int
    rank: int
    other_rank: int | None
    is_wanted: bool
    is_here: bool
    link: str | None


def shown_images(comparison: ModelComparison, *, most_queries: int, most_results: int) -> list[int]:
    """image_ids of the pictures that a page shows, of each once."""
    return list(
        dict.fromkeys(
            image_id
            for query in _most_changed(comparison, most_queries)
            for images in (query.old_images, query.new_images)
            for image_id in images[:most_results]
        )
    )


def write_comparison(
    path: Path,
    comparison: ModelComparison,
    *,
    urls: Mapping[int, str],
    files: Mapping[int, Path],
    thumbnails: Mapping[int, bytes],
    most_queries: int,
    most_results: int,
) -> None:
    """Write a page of the figures and of the queries that change most, with the first results of each model.

    `urls` and local `files` are those of pictures by image_id, `thumbnails` small JPEGs of such as have no file or
    whose file is gone. Raises OSError.
    """
    shown = shown_images(comparison, most_queries=most_queries, most_results=most_results)
    small = {
        image_id: shrunk(read_if_there(files.get(image_id)), side=_SIDE) or jpeg_uri(thumbnails.get(image_id))
        for image_id in shown
    }

    def tiles(query: ComparedQuery, images: Sequence[int], others: Sequence[int]) -> list[_Tile]:
        places = {image_id: rank for rank, image_id in enumerate(others, start=1)}
        return [
            _Tile(
                image_id,
                rank,
                places.get(image_id),
                image_id == query.image_id,
                small[image_id] is not None,
                safe_link(urls.get(image_id, "")),
            )
            for rank, image_id in enumerate(images[:most_results], start=1)
        ]

    queries = [
        (
            query,
            [
                (comparison.old, tiles(query, query.old_images, query.new_images)),
                (comparison.new, tiles(query, query.new_images, query.old_images)),
            ],
        )
        for query in _most_changed(comparison, most_queries)
    ]
    template = _MARKUP.from_string(
        resources.files(__package__).joinpath("comparison.html").read_text("utf-8")
    )
    path.write_text(
        template.render(
            comparison=comparison,
            queries=queries,
            pictures={image_id: uri for image_id, uri in small.items() if uri is not None},
            percent=percent,
            interval=interval,
        ),
        encoding="utf-8",
    )


def percent(share: float | None) -> str:
    """A share for people."""
    return "none" if share is None else f"{100 * share:.1f} %"


def interval(told: Interval) -> str:
    """An interval of shares for people: "38.1 to 52.0"."""
    return f"{100 * told.low:.1f} to {100 * told.high:.1f}"


def _most_changed(comparison: ModelComparison, most: int) -> list[ComparedQuery]:
    return sorted(comparison.queries, key=lambda query: (query.rank_biased_overlap or 0, query.query))[:most]
