"""The gallery's URL is the whole search; filters of Pinecone become JSON paths; cursors hold what they are given."""

from __future__ import annotations

import ast
import datetime as dt
import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

import clipsql.serving
from clipsql.errors import ConfigurationError, InvalidArgument
from clipsql.search.counter import MatchCount
from clipsql.serving.count_pages import PERIODS, greatest, plot
from clipsql.serving.cursor import read_cursor, write_cursor
from clipsql.serving.facets import names_of, times_of, values_of
from clipsql.serving.metadata_filter import as_json_path
from clipsql.serving.options import ServeOptions
from clipsql.serving.picture_vector import write_vector
from clipsql.serving.places import HEIGHT, WIDTH, map_of, tiles_on
from clipsql.serving.statements import Asked
from clipsql.serving.wanted import PAGE, Wanted
from clipsql.serving.words import CHINESE, language_of, say

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(str.strip)
NUMBERS = st.none() | st.floats(-1e6, 1e6).map(lambda number: float(f"{number:.10g}"))
HOURS = st.just("") | st.times().map(lambda hour: f"{hour:%H:%M}")
TIMES = st.just("") | st.datetimes().map(lambda moment: moment.isoformat() + "+00:00")


@given(
    st.builds(
        Wanted,
        query=TEXTS,
        picture=st.just("") | st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=9).map(write_vector),
        in_collection=TEXTS,
        taken_from=TIMES,
        taken_until=TIMES,
        daily_from=HOURS,
        daily_until=HOURS,
        near_longitude=NUMBERS,
        within_m=NUMBERS,
        min_percentile=NUMBERS,
        distinct_above=NUMBERS,
        metadata=st.dictionaries(
            TEXTS.filter(bool), st.lists(TEXTS.filter(bool), min_size=1, max_size=3), max_size=3
        ),
        only_images=st.lists(st.integers(1, 2**63 - 1), max_size=4).map(tuple),
        by_date=st.booleans(),
        shown=st.integers(PAGE, 1000),
    )
)
def test_a_url_is_the_whole_search(wanted: Wanted) -> None:
    assert Wanted.read(QueryParams(wanted.url().partition("?")[2])) == wanted


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("taken_from=yesterday", "taken_from"),
        ("min_similarity=much", "min_similarity"),
        ("within_m=nan", "within_m"),
        ("daily_from=25:00", "daily_from"),
        ("daily_until=22:00:01", "daily_until"),
        ("daily_until=22:00%2B01:00", "daily_until"),
        ("only_images=1,x", "only_images"),
        ("only_images=99999999999999999999", "only_images"),
        ("only_images=²", "only_images"),
        ("shown=inf", "shown"),
        ("&".join(f"m.{number}=1" for number in range(9)), "at most 8"),
    ],
)
def test_what_cannot_be_read_is_named(said: str, named: str) -> None:
    with pytest.raises(InvalidArgument, match=named):
        Wanted.read(QueryParams(said))


@pytest.mark.parametrize(
    "picture", ["!", "AA", write_vector([float("nan")]), write_vector([float("inf"), 1])]
)
def test_what_is_no_vector_is_refused(picture: str) -> None:
    with pytest.raises(InvalidArgument, match="no vector"):
        Asked(wanted=Wanted(picture=picture), model=None).search(1)


def test_a_choice_is_taken_back_by_choosing_it_again() -> None:
    one = Wanted(shown=600).with_value("camera", "K1")
    two = one.with_value("camera", "K2").with_value("night", "true")
    assert (two.metadata, two.shown) == ({"camera": ["K1", "K2"], "night": ["true"]}, PAGE)
    assert two.with_value("night", "true").with_value("camera", "K2") == one
    assert one.with_value("camera", "K1").metadata == {}


def test_more_and_less_like_a_picture_go_into_the_query() -> None:
    assert Wanted(query="a bus").with_term("-", 7).query == "a bus - image:7"
    assert Wanted().with_term("+", 7).query == "image:7"
    assert Wanted().with_term("-", 7).query == "- image:7"


ROWS = [
    {
        "taken_at": None,
        "metadata": {"camera": f"K{number % 3}", "night": number % 2 == 0, "plate": f"P{number}", "n": 3},
    }
    for number in range(90)
]


def test_facets_are_names_that_part_the_pictures_into_a_few_groups() -> None:
    assert names_of(ROWS) == ["night", "camera"]  # not one with a value for each, nor numbers
    assert [(one.value, one.count, one.is_chosen) for one in values_of(ROWS, "camera", ["K1", "K9"])] == [
        ("K0", 30, False),
        ("K1", 30, True),
        ("K2", 30, False),
        ("K9", 0, True),
    ]
    assert [(one.value, one.count) for one in values_of(ROWS, "night", [])] == [("false", 45), ("true", 45)]


@given(st.lists(st.datetimes(timezones=st.just(dt.UTC)), max_size=30))
def test_every_picture_is_in_one_bar(moments: list[object]) -> None:
    bars = times_of([{"taken_at": moment} for moment in moments] + [{"taken_at": None}])
    if not bars:
        assert len(set(moments)) < 2
        return
    assert sum(bar.count for bar in bars) == len(moments)
    assert max(bar.height for bar in bars) == 1
    assert len(bars) <= 30
    for bar, following in itertools.pairwise(bars):
        assert bar.begin < bar.end == following.begin
        assert bar.count == sum(bar.begin <= moment < bar.end for moment in moments)  # type: ignore[operator]


PLACES = st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=40)
NEAR = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).flatmap(
    lambda middle: st.lists(
        st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02)).map(
            lambda step: (max(-180, min(180, middle[0] + step[0])), max(-90, min(90, middle[1] + step[1])))
        ),
        min_size=1,
        max_size=40,
    )
)


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """As clipsql_private.distance_m has it."""
    x1, y1, x2, y2 = map(math.radians, (*one, *other))
    half = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * 6371008.8 * math.asin(math.sqrt(min(1, half)))


@given(PLACES | NEAR)
def test_the_spots_of_a_map_hold_every_place(places: list[tuple[float, float]]) -> None:
    rows = [{"longitude": x, "latitude": y} for x, y in places]
    found = map_of([*rows, {"longitude": None, "latitude": None}])
    assert found is not None
    assert sum(spot.count for spot in found.spots) == len(places)
    for spot in found.spots:
        assert -5 <= spot.x <= WIDTH + 5
        assert -5 <= spot.y <= HEIGHT + 5
    for place in places:
        assert any(metres(place, (spot.longitude, spot.latitude)) <= spot.within_m for spot in found.spots), (
            place
        )


@given(PLACES | NEAR)
def test_the_tiles_of_a_map_cover_it_and_show_each_place_where_it_is(
    places: list[tuple[float, float]],
) -> None:
    found = map_of([{"longitude": x, "latitude": y} for x, y in places])
    assert found is not None
    tiles = tiles_on(found, "https://tiles.example/{z}/{x}/{y}.png")
    assert len({tile.address for tile in tiles}) <= len(tiles) <= 40
    for longitude, latitude in places:
        if abs(latitude) > 85:  # where Mercator's world ends
            continue
        x = (longitude - found.west) / (found.east - found.west) * WIDTH
        y = (found.north - latitude) / (found.north - found.south) * HEIGHT
        within = [
            tile for tile in tiles
            if -1e-6 <= x - tile.x <= tile.width + 1e-6 and -1e-6 <= y - tile.y <= tile.height + 1e-6
        ]  # fmt: skip
        zoom = int(tiles[0].address.split("/")[-3])
        # https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames
        column = int((longitude + 180) / 360 * 2**zoom) % 2**zoom
        row = int((1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * 2**zoom)
        assert f"https://tiles.example/{zoom}/{column}/{row}.png" in {tile.address for tile in within}


@pytest.mark.parametrize(
    "tiles",
    ["tiles.example/{z}/{x}/{y}", "https://a.example; script-src/{z}/{x}/{y}", "https://a.example/{z}/{x}.png",
     "https://a.example'/{z}/{x}/{y}", "ftp://a.example/{z}/{x}/{y}"],
)  # fmt: skip
def test_an_address_of_tiles_that_is_none_is_refused(tiles: str) -> None:
    with pytest.raises(ConfigurationError, match="tiles' address"):
        ServeOptions(tiles=tiles)


def test_a_map_shows_the_land_around_and_none_without_places() -> None:
    assert map_of([{"longitude": None, "latitude": None}]) is None
    europe = map_of([{"longitude": -9, "latitude": 36}, {"longitude": 30, "latitude": 60}])
    ocean = map_of([{"longitude": -140, "latitude": -45}])
    assert europe is not None
    assert ocean is not None
    assert (europe.land.count("M") > 5, ocean.land) == (True, "")
    assert "e" not in europe.land


def test_a_plot_reaches_from_the_least_to_the_most() -> None:
    def count(day: int | None, matches: float | None, low: float | None, high: float | None) -> MatchCount:
        bucket = None if day is None else dt.datetime(2026, 3, day, tzinfo=dt.UTC)
        return MatchCount(
            bucket=bucket, matches=matches, low=low, high=high, checked=9, above=None, pictures=50
        )

    counts = [count(1, 10, 5, 20), count(2, 0, 0, 3), count(3, None, None, None), count(None, 99, 99, 99)]
    assert greatest(counts) == 20
    first, second = plot(counts)
    assert (first.top, first.low, first.high) == (100.0, 150.0, 0.0)
    assert (second.top, second.low, second.high, second.x) == (200.0, 200.0, 170.0, first.width)
    assert plot([]) == []


@given(st.lists(st.integers(1, 2**63 - 1), max_size=50, unique=True))
def test_a_cursor_holds_its_ids(ids: list[int]) -> None:
    assert read_cursor({"text": "a"}, write_cursor({"text": "a", "max_results": 3}, ids)) == sorted(ids)


def test_a_cursor_is_short() -> None:
    ids = np.random.default_rng(1).choice(1_000_000, 1000, replace=False) + 1
    assert len(write_cursor({}, ids.tolist())) < 3000


def test_a_cursor_that_unpacks_to_too_much_is_refused() -> None:
    bomb = write_cursor({}, range(1, 300_001))
    with pytest.raises(InvalidArgument, match="no cursor"):
        read_cursor({}, bomb)


@pytest.mark.parametrize(
    ("filter_", "path"),
    [
        ({"a": "x"}, '(($."a" == "x"))'),
        ({'a"b': {"$ne": 1.5}}, '((!($."a\\"b" == 1.5)))'),
        ({"$or": [{"a": {"$in": [1, True]}}, {"b": {"$exists": False}}]},
         '((((($."a" == 1 || $."a" == true)) || ((!exists($."b"))))))'),
    ],
)  # fmt: skip
def test_a_filter_is_a_json_path(filter_: dict[str, object], path: str) -> None:
    assert as_json_path(filter_).replace(" ", "").replace("(", "").replace(")", "") == path.replace(
        " ", ""
    ).replace("(", "").replace(")", "")
    assert as_json_path(filter_).count("(") == as_json_path(filter_).count(")")


def test_a_filter_nested_without_end_is_refused() -> None:
    deep: dict[str, object] = {"a": 1}
    for _ in range(500):
        deep = {"$and": [deep]}
    with pytest.raises(InvalidArgument, match="nested"):
        as_json_path(deep)


def test_every_word_of_a_page_is_there_in_chinese_and_none_is_left_over() -> None:
    folder = Path(clipsql.serving.__file__).parent
    used: set[str] = set()
    for page in (folder / "templates").glob("*.html"):
        for quote in ("'", '"'):
            for text in re.findall(rf"\bt\({quote}((?:[^{quote}\\]|\\.)*){quote}", page.read_text("utf-8")):
                used.add(ast.literal_eval(quote + text + quote))
    used |= {"embedded", "pending", "failed", "Pause", "Resume", *PERIODS}  # chosen by a value
    assert used - set(CHINESE) == set()
    assert set(CHINESE) - used == set()


def test_the_language_is_asked_for_or_that_of_the_browser() -> None:
    assert language_of("zh", "en") == "zh"
    assert language_of("xx", "de, zh-CN;q=0.8") == "zh"
    assert language_of(None, "") == "en"
    assert say("zh", "{count} pictures", count=3) == "3 张图片"
    assert say("en", "{count} pictures", count=3) == "3 pictures"
