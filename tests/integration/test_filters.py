"""Every filter of a search, alone and together, against brute force in numpy; places on the whole globe."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from integration.filling import NEW_YEAR, Filled, Picture, fill, new_model, picture, unit_vectors, write
from sqlalchemy.engine import URL, Engine

from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.search_rows import ensure_search_rows
from clipsql.search.searcher import Searcher

EARTH_RADIUS_M = 6371008.8
BERLIN = ZoneInfo("Europe/Berlin")  # where the day is an hour longer and an hour shorter once a year

Keeps = Callable[[Picture], bool]
Filter = tuple[dict[str, Any], Keeps]


@pytest.fixture(scope="module", params=["without index", "with index and search rows"])
def filled(
    request: pytest.FixtureRequest, new_database: Callable[..., URL], template: str
) -> Iterator[Filled]:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    filled = fill(engine, rows=1500)
    if request.param == "with index and search rows":
        assert ensure_index(engine, filled.model, table="image_embedding")
        assert ensure_search_rows(engine, filled.model, least_rows=1)
    yield filled
    engine.dispose()


def distance_m(picture: Picture, longitude: float, latitude: float) -> float:
    """Great-circle distance by the chord between points on the unit sphere: another way than the SQL takes."""
    assert picture.longitude is not None
    assert picture.latitude is not None
    points = [
        (
            math.cos(math.radians(south)) * math.cos(math.radians(west)),
            math.cos(math.radians(south)) * math.sin(math.radians(west)),
            math.sin(math.radians(south)),
        )
        for west, south in ((picture.longitude, picture.latitude), (longitude, latitude))
    ]
    return 2 * EARTH_RADIUS_M * math.asin(min(1, math.dist(*points) / 2))


def inside(picture: Picture, corners: list[tuple[float, float]]) -> bool:
    """Whether a picture lies in a polygon that may go on beyond 180 degrees, by counting crossed edges."""
    if picture.longitude is None or picture.latitude is None:
        return False

    def crossed(x: float, y: float) -> int:
        edges = zip(corners, corners[1:] + corners[:1], strict=True)
        return sum(
            (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1 for (x1, y1), (x2, y2) in edges
        )

    return any(crossed(picture.longitude + turn, picture.latitude) % 2 == 1 for turn in (-360, 0, 360))


def words(picture: Picture) -> list[list[str]]:
    """The stems of each English caption."""
    return [
        [word.strip(".").removesuffix("s") for word in body.split()]
        for body, language in picture.captions
        if language == "en"
    ]


def chinese(picture: Picture) -> list[str]:
    return [body for body, language in picture.captions if language == "zh"]


CAPTION_QUERIES: dict[str, Keeps] = {
    "truck": lambda p: any("truck" in caption for caption in words(p)),
    "TRUCKS in the rain": lambda p: any({"truck", "rain"} <= set(caption) for caption in words(p)),
    '"red truck"': lambda p: any("red truck" in " ".join(caption) for caption in words(p)),
    "dog or bridge": lambda p: any({"dog", "bridge"} & set(caption) for caption in words(p)),
    "snow -dogs": lambda p: any("snow" in caption and "dog" not in caption for caption in words(p)),
    "卡车": lambda p: any("卡车" in body for body in chinese(p)),
    "雨 -狗": lambda p: any("雨" in body and "狗" not in body for body in chinese(p)),
    "红色卡车 or 雪地": lambda p: any("红色卡车" in body or "雪地" in body for body in chinese(p)),
}


def in_collection(_random: np.random.Generator, target: Picture, _all: Filled) -> Filter:
    return {"in_collection": target.collection}, lambda p: p.collection == target.collection


def taken(random: np.random.Generator, target: Picture, _all: Filled) -> Filter:
    middle = target.taken_at or NEW_YEAR
    zone = dt.timezone(dt.timedelta(hours=int(random.integers(-12, 13))))
    since = (middle - dt.timedelta(days=int(random.integers(60)))).astimezone(zone)
    until = (middle + dt.timedelta(minutes=int(random.integers(1, 90000)))).astimezone(zone)
    kind = random.integers(3)
    if kind == 0:
        return {"taken_from": since}, lambda p: p.taken_at is not None and p.taken_at >= since
    if kind == 1:
        return {"taken_until": middle}, lambda p: p.taken_at is not None and p.taken_at < middle
    return (
        {"taken_from": since, "taken_until": until},
        lambda p: p.taken_at is not None and since <= p.taken_at < until,
    )


def daily(random: np.random.Generator, _target: Picture, _all: Filled) -> Filter:
    first, second = (dt.time(int(random.integers(24)), int(random.integers(60))) for _ in range(2))

    def clock(picture: Picture) -> dt.time | None:
        return picture.taken_at.astimezone(BERLIN).time() if picture.taken_at else None

    kind = random.integers(3)
    if kind == 0:
        return {"daily_from": first}, lambda p: (time := clock(p)) is not None and time >= first
    if kind == 1:
        return {"daily_until": first}, lambda p: (time := clock(p)) is not None and time < first

    def keeps(picture: Picture) -> bool:
        time = clock(picture)
        if time is None:
            return False
        return first <= time < second if first < second else time >= first or time < second

    return {"daily_from": first, "daily_until": second}, keeps


def near(random: np.random.Generator, target: Picture, _all: Filled) -> Filter:
    longitude, latitude = target.longitude, target.latitude
    if longitude is None or latitude is None:
        longitude, latitude = 180.0, 0.0
    radius = float(10 ** random.uniform(3, 7.2))
    return (
        {"near_longitude": longitude, "near_latitude": latitude, "within_m": radius},
        lambda p: p.longitude is not None and distance_m(p, longitude, latitude) <= radius,
    )


def in_polygon(random: np.random.Generator, target: Picture, _all: Filled) -> Filter:
    x, y = target.longitude or 179.0, target.latitude or 0.0
    angles = np.sort(random.uniform(0, 2 * np.pi, 7))
    radii = random.uniform(2, 60, 7)
    corners = [
        (float(x + r * np.cos(a)), float(np.clip(y + r * np.sin(a), -90, 90)))
        for a, r in zip(angles, radii, strict=True)
    ]
    return {"inside": corners}, lambda p: inside(p, corners)


def having_metadata(random: np.random.Generator, target: Picture, _all: Filled) -> Filter:
    facts = target.metadata
    kind = random.integers(4)
    if kind == 0:
        camera = {"camera": facts["camera"]}
        return {"having_metadata": camera}, lambda p: p.metadata["camera"] == camera["camera"]
    if kind == 1:
        lane = facts["at"]["lane"]
        return {"having_metadata": {"at": {"lane": lane}}}, lambda p: p.metadata["at"]["lane"] == lane
    if kind == 2:
        tag = facts["tags"][0]
        return {"having_metadata": {"tags": [tag]}}, lambda p: tag in p.metadata["tags"]
    night = facts["night"]
    return {"having_metadata": {"night": night}}, lambda p: p.metadata["night"] is night


def metadata_matches(random: np.random.Generator, target: Picture, _all: Filled) -> Filter:
    facts = target.metadata
    number, camera, tag = int(random.integers(100, 1500)), facts["camera"], facts["tags"][0]
    paths: dict[str, Keeps] = {
        f"$.at.number < {number}": lambda p: p.metadata["at"]["number"] < number,
        f'$.camera == "{camera}" && $.night == true': lambda p: (
            p.metadata["camera"] == camera and p.metadata["night"]
        ),
        f'$.tags[*] == "{tag}"': lambda p: tag in p.metadata["tags"],
        f"exists($.at ? (@.lane > 0 && @.number >= {number}))": lambda p: (
            p.metadata["at"]["lane"] > 0 and p.metadata["at"]["number"] >= number
        ),
        '!($.camera starts with "K1")': lambda p: not p.metadata["camera"].startswith("K1"),
    }
    path = str(random.choice(list(paths)))
    return {"metadata_matches": path}, paths[path]


def caption_query(random: np.random.Generator, _target: Picture, _all: Filled) -> Filter:
    query = str(random.choice(list(CAPTION_QUERIES)))
    return {"caption_query": query}, CAPTION_QUERIES[query]


def only_images(random: np.random.Generator, target: Picture, everything: Filled) -> Filter:
    some = random.choice(len(everything.pictures), int(random.integers(1, 1300)), replace=False)
    ids = {target.image_id, 10**12, *(everything.pictures[number].image_id for number in some)}
    return {"only_images": list(ids)}, lambda p: p.image_id in ids


def except_images(random: np.random.Generator, _target: Picture, everything: Filled) -> Filter:
    some = random.choice(len(everything.pictures), int(random.integers(1, 1300)), replace=False)
    ids = {everything.pictures[number].image_id for number in some}
    return {"except_images": list(ids)}, lambda p: p.image_id not in ids


FILTERS = (
    in_collection,
    taken,
    daily,
    near,
    in_polygon,
    having_metadata,
    metadata_matches,
    caption_query,
    only_images,
    except_images,
)


def assert_equals_brute_force(
    filled: Filled,
    query: np.ndarray[Any, Any],
    max_results: int,
    filters: list[Filter],
    min_similarity: float | None = None,
) -> int:
    """The search returns what numpy finds, in its order; similarities may differ by half precision."""
    options = {name: value for given, _ in filters for name, value in given.items()}
    found = Searcher(filled.engine, timezone=BERLIN.key).search(
        query.tolist(), max_results=max_results, min_similarity=min_similarity, **options
    )
    similarity = dict(
        zip((p.image_id for p in filled.pictures), filled.similarities(query).tolist(), strict=True)
    )
    expected = sorted(
        (
            p.image_id
            for p in filled.pictures
            if all(keeps(p) for _, keeps in filters)
            and (min_similarity is None or similarity[p.image_id] >= min_similarity)
        ),
        key=lambda image_id: (-similarity[image_id], image_id),
    )[:max_results]
    ids = [match.image_id for match in found]
    assert [match.rank for match in found] == list(range(1, len(expected) + 1)), options
    assert [match.similarity for match in found] == pytest.approx(
        [similarity[image_id] for image_id in expected], abs=2e-3
    ), options
    # Where half precision cannot tell two neighbours apart they may change places.
    for place, (got, wanted) in enumerate(zip(ids, expected, strict=True)):
        assert got == wanted or similarity[got] == pytest.approx(similarity[wanted], abs=1e-3), (
            place,
            options,
        )
    assert len(set(ids)) == len(ids)
    return len(ids)


@pytest.mark.parametrize("kind", FILTERS, ids=lambda kind: kind.__name__)
def test_a_filter_alone_keeps_what_brute_force_keeps(filled: Filled, kind: Callable[..., Filter]) -> None:
    random = np.random.default_rng(7)
    counts = []
    for _ in range(5):
        target = filled.pictures[int(random.integers(len(filled.pictures)))]
        query = random.standard_normal(filled.model.dimensions)
        max_results = int(random.choice([1, 10, 100, 3000]))
        counts.append(assert_equals_brute_force(filled, query, max_results, [kind(random, target, filled)]))
    assert max(counts) > 1


@pytest.mark.parametrize("seed", range(3))
def test_filters_together_keep_what_brute_force_keeps(filled: Filled, seed: int) -> None:
    random = np.random.default_rng(100 + seed)
    counts = []
    for _ in range(17):
        target = filled.pictures[int(random.integers(len(filled.pictures)))]
        kinds = random.choice(len(FILTERS), int(random.integers(0, 4)), replace=False)
        counts.append(
            assert_equals_brute_force(
                filled,
                random.standard_normal(filled.model.dimensions) * random.choice([1e-3, 1, 1e3]),
                int(random.choice([1, 10, 100, 3000])),
                [FILTERS[int(kind)](random, target, filled) for kind in kinds],
                min_similarity=float(random.uniform(-0.4, 0.4)) if random.random() < 0.2 else None,
            )
        )
    assert max(counts) >= 100
    assert sum(count > 0 for count in counts) > 10


def test_a_caption_query_that_only_forbids_keeps_pictures_with_another_caption(filled: Filled) -> None:
    keeps: Keeps = lambda p: any(  # noqa: E731
        language == "zh" or "dog" not in body for body, language in p.captions
    )
    assert assert_equals_brute_force(filled, np.ones(24), 5000, [({"caption_query": "-dog"}, keeps)]) > 100


# Places, by name: the antimeridian from both sides, the poles, the zero meridian.
PLACES = {
    "fiji east": (179.9, -17.0),
    "fiji west": (-179.9, -17.0),
    "date line": (180.0, 0.0),
    "date line too": (-180.0, 0.0),
    "north pole": (0.0, 90.0),
    "north pole too": (123.0, 90.0),
    "near north pole": (-170.0, 89.9),
    "beyond north pole": (10.0, 89.9),
    "south pole": (45.0, -90.0),
    "near south pole": (100.0, -89.9),
    "greenwich": (0.0, 51.4779),
    "london": (-0.1276, 51.5072),
}
EVERYWHERE = set(PLACES)


@pytest.fixture(scope="module")
def globe(new_database: Callable[..., URL], template: str) -> Iterator[Engine]:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    model = new_model(engine, dimensions=4)
    vectors = unit_vectors(np.random.default_rng(0), len(PLACES) + 1, 4)
    writes = [
        picture(name, vector, longitude=place[0], latitude=place[1])
        for (name, place), vector in zip(PLACES.items(), vectors[1:], strict=True)
    ]
    write(engine, model, [picture("nowhere", vectors[0]), *writes])
    yield engine
    engine.dispose()


def found(engine: Engine, **options: Any) -> set[str]:
    return {match.url for match in Searcher(engine).search([1, 1, 1, 1], max_results=100, **options)}


@pytest.mark.parametrize(
    ("longitude", "latitude", "radius", "expected"),
    [
        pytest.param(
            179.95, -17.0, 20_000, {"fiji east", "fiji west"}, id="over the antimeridian from the west"
        ),
        pytest.param(
            -179.95, -17.0, 20_000, {"fiji east", "fiji west"}, id="over the antimeridian from the east"
        ),
        pytest.param(180.0, 0.0, 0, {"date line", "date line too"}, id="radius 0 on the antimeridian"),
        pytest.param(-180.0, 0.0, 0, {"date line", "date line too"}, id="radius 0 on its other side"),
        pytest.param(-77.0, 90.0, 0, {"north pole", "north pole too"}, id="radius 0 at the pole"),
        pytest.param(
            10.0,
            89.95,
            20_000,
            {"north pole", "north pole too", "near north pole", "beyond north pole"},
            id="over the north pole",
        ),
        pytest.param(-80.0, -90.0, 12_000, {"south pole", "near south pole"}, id="over the south pole"),
        pytest.param(0.05, 51.5, 13_000, {"greenwich", "london"}, id="over the zero meridian"),
        pytest.param(-0.1276, 51.5072, 0, {"london"}, id="radius 0"),
        pytest.param(-0.1276, 51.5072, 9_000, {"london"}, id="just too small"),
        pytest.param(30.0, 30.0, 2.1e7, EVERYWHERE, id="larger than the Earth"),
        pytest.param(30.0, 30.0, 1e300, EVERYWHERE, id="absurdly large"),
        pytest.param(30.0, 30.0, math.inf, EVERYWHERE, id="infinite"),
    ],
)
def test_near_is_right_on_the_whole_globe(
    globe: Engine, longitude: float, latitude: float, radius: float, expected: set[str]
) -> None:
    assert found(globe, near_longitude=longitude, near_latitude=latitude, within_m=radius) == expected


@pytest.mark.parametrize(
    ("corners", "expected"),
    [
        pytest.param(
            [(170, -20), (190, -20), (190, -10), (170, -10)], {"fiji east", "fiji west"}, id="beyond 180"
        ),
        pytest.param(
            [(-190, -20), (-170, -20), (-170, -10), (-190, -10)], {"fiji east", "fiji west"}, id="beyond -180"
        ),
        pytest.param(
            [(170, -20), (179.95, -20), (179.95, -10), (170, -10)], {"fiji east"}, id="east side only"
        ),
        pytest.param(
            [(350, 50), (360, 50), (360, 52), (350, 52)], {"greenwich", "london"}, id="a turn further"
        ),
        pytest.param(
            [(-180, 89), (180, 89), (180, 90), (-180, 90)],
            {"north pole", "north pole too", "near north pole", "beyond north pole"},
            id="the polar cap",
        ),
        pytest.param([(-180, -90), (180, -90), (180, 90), (-180, 90)], EVERYWHERE, id="the whole globe"),
        pytest.param([(-1, 51), (1, 51), (0, 51.48)], {"greenwich"}, id="a triangle"),
    ],
)
def test_inside_is_right_over_the_antimeridian(
    globe: Engine, corners: list[tuple[float, float]], expected: set[str]
) -> None:
    assert found(globe, inside=corners) == expected
