"""A wrong name of an option is a TypeError that names it and lists those that there are, before anything is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
import sqlalchemy as sa

from clipsql import orm
from clipsql.search.searcher import Searcher

SEARCHES: dict[str, tuple[Any, ...]] = {
    "search": ([1.0, 0.0],),
    "search_text": ("a dog",),
    "search_image": ("no-such.png",),
    "search_similar": (1,),
    "search_query": ("./no-such.png + a dog",),
    "search_hybrid": ("a dog",),
    "search_reranked": ("a dog",),
    "search_captions": ("a dog",),
    "search_regions": ("a dog",),
    "search_regions_like": ("no-such.png",),
    "search_moments": ("a dog",),
    "suggest_captions": (1,),
    "classify_images": (["a dog"],),
    "count_matches": ("a dog",),
    "next_to_check": ("a dog",),
}
OTHERS = {"search_reranked": {"rerank": "./a-model"}}
ORM = {
    **{
        name: subject
        for name, subject in SEARCHES.items()
        if name
        not in ("search_image", "search_regions_like", "search_reranked", "count_matches", "next_to_check")
    },
    "search_captions": ([1.0, 0.0],),
    "search_regions": ([1.0, 0.0],),
    "search_vectors": ([[1.0, 0.0]],),
    "search_rows": (orm.Image, "a dog"),
}


def called(door: object, name: str) -> Callable[..., Any]:
    return cast(Callable[..., Any], getattr(door, name))


@pytest.mark.parametrize("name", SEARCHES)
def test_a_searcher_names_the_unknown_option(name: str) -> None:
    nobody = Searcher(sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    with pytest.raises(TypeError, match=r"there is no option in_colection; there are: .*in_collection"):
        called(nobody, name)(*SEARCHES[name], in_colection="c", **OTHERS.get(name, {}))


def test_a_watch_names_the_unknown_option() -> None:
    nobody = Searcher(sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    with pytest.raises(
        TypeError, match=r"there is no option alarms; there are: alarms_per_day, .*in_collection"
    ):
        called(nobody, "watch")("w", "a dog", alarms=5)


@pytest.mark.parametrize("name", ORM)
def test_an_orm_function_names_the_unknown_option(name: str) -> None:
    with pytest.raises(TypeError, match=r"there is no option maximum, taken; there are: .*taken_from"):
        called(orm, name)(*ORM[name], maximum=3, taken="x")


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("search", "text_weight"),
        ("search_captions", "min_percentile"),
        ("suggest_captions", "distinct_above"),
        ("classify_images", "max_results"),
    ],
)
def test_an_option_of_other_functions_is_unknown(name: str, option: str) -> None:
    with pytest.raises(TypeError, match=f"no option {option};"):
        called(orm, name)(*ORM[name], **{option: 1})


def test_every_function_that_takes_options_is_tried() -> None:
    # What ingest takes is tried with its sources, in test_ingest_from_code; attach and reattach in test_attaching.
    for door, tried in ((Searcher, {*SEARCHES, "ingest", "attach", "reattach", "watch"}), (orm, set(ORM))):
        taking = {
            name
            for name in dir(door)
            if not name.startswith("_") and "options" in getattr(getattr(door, name), "__annotations__", {})
        }
        assert taking == tried
