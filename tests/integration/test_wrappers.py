"""Every function that takes filters hands each of them on as it is: one after another, against clipsql.search."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
import pytest
from integration.filling import Filled, fill, new_model
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine
from clipsql.db.text_towers import remember_texts

ROWS = 400
OWN = 5  # the picture that is asked with
VECTOR = f"clipsql.image_vector({OWN}, 'tests/random')"
ALL = f"max_results => {ROWS * 3}, "
MODEL = "model => 'tests/random'"

FILTERS = {
    "in_collection": "in_collection => 'holidays'",
    "taken_from": "taken_from => '2025-04-01Z'",
    "taken_until": "taken_until => '2025-09-01Z'",
    "daily_from": "daily_from => '21:00'",
    "daily_until": "daily_until => '04:00'",
    "near": "near_longitude => 13, near_latitude => 52, within_m => 1e6",
    "within_m": "near_longitude => 13, near_latitude => 52, within_m => 4e6",
    "inside": "inside => '((0,0),(50,0),(50,70),(0,70))'",
    "having_metadata": """having_metadata => '{"camera": "K7"}'""",
    "metadata_matches": "metadata_matches => '$.at.lane == 2'",
    "caption_query": "caption_query => 'truck'",
    "only_images": "only_images => array(select generate_series(1, 60, 3)::bigint)",
    "except_images": "except_images => array(select generate_series(1, 300, 2)::bigint)",
}
LIMITS = {
    "min_similarity": "min_similarity => 0.1",
    "min_percentile": "min_percentile => 80",
    "distinct_above": "distinct_above => 0.4",
}
SIMILAR = "clipsql.search_similar"
PICTURES = {
    "search_text": f"clipsql.search_text('five', {ALL}{MODEL}, ",
    "search_similar": f"{SIMILAR}({OWN}, {ALL}{MODEL}, ",
    "search_query": f"clipsql.search_query('image:{OWN}', {ALL}{MODEL}, ",
    "search_vectors": f"clipsql.search_vectors(array[{VECTOR}], null, {ALL}{MODEL}, ",
    "search_hybrid": f"clipsql.search_hybrid('five', {ALL}{MODEL}, text_weight => 0, ",
    "classify_images": f"clipsql.classify_images('{{dog,cat}}', template => '{{}}', {MODEL}, ",
}
WITHOUT_ITSELF = ("search_similar", "search_query", "suggest_captions")
CAPTIONS = {
    "search_captions": f"clipsql.search_captions({VECTOR}, {ALL}{MODEL}, ",
    "suggest_captions": f"clipsql.suggest_captions({OWN}, {ALL}{MODEL}, ",
}


@dataclass(frozen=True)
class Database:
    """A filled database whose default model is another one, empty."""

    filled: Filled
    connection: psycopg.Connection[Any]

    def ids(self, call: str) -> list[int]:
        return [row[0] for row in self.connection.execute(f"select image_id from {call}".encode()).fetchall()]

    def expected(self, arguments: str, *, without_itself: bool = False) -> list[int]:
        found = self.ids(f"clipsql.search({VECTOR}, {ALL}{MODEL}, {arguments})")
        return [image_id for image_id in found if not (without_itself and image_id == OWN)]


@pytest.fixture(scope="module")
def database(new_database: Callable[..., URL], template: str) -> Iterator[Database]:
    url = new_database(template=template).render_as_string(hide_password=False)
    engine = create_engine(url)
    new_model(engine, dimensions=3, name="default")
    filled = fill(engine, rows=ROWS)
    assert not filled.model.is_default
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "insert into clipsql.caption_embedding"
            " select c.caption_id, e.model_id, e.embedding from clipsql.caption as c"
            " join clipsql.image_embedding as e on e.image_id = c.image_id"
        )
        texts = {
            "five": filled.vectors[next(n for n, p in enumerate(filled.pictures) if p.image_id == OWN)],
            "dog": np.eye(24)[0],
            "cat": np.eye(24)[1],
        }
        remember_texts(engine, filled.model, {k: v.astype(np.float32) for k, v in texts.items()})
        yield Database(filled, connection)
    engine.dispose()


def test_each_filter_keeps_others(database: Database) -> None:
    kept = [frozenset(database.expected(arguments)) for arguments in FILTERS.values()]
    assert len(set(kept)) == len(FILTERS)
    assert all(5 < len(one) < ROWS for one in kept)
    # Swapped, the place is another one.
    assert not kept[list(FILTERS).index("near")] & set(
        database.expected("near_longitude => 52, near_latitude => 13, within_m => 1e6")
    )


@pytest.mark.parametrize("given", FILTERS)
@pytest.mark.parametrize("function", PICTURES)
def test_a_function_finds_what_search_finds_under_the_same_filter(
    database: Database, function: str, given: str
) -> None:
    found = database.ids(PICTURES[function] + FILTERS[given] + ")")
    expected = database.expected(FILTERS[given], without_itself=function in WITHOUT_ITSELF)
    assert sorted(found) == sorted(expected)
    assert function == "classify_images" or found == expected


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("function", [name for name in PICTURES if name != "classify_images"])
def test_a_function_keeps_the_limits_of_search(database: Database, function: str, limit: str) -> None:
    left_out = f", except_images => '{{{OWN}}}'" if function in WITHOUT_ITSELF else ""
    found = database.ids(PICTURES[function] + LIMITS[limit] + ")")
    assert found == database.expected(LIMITS[limit] + left_out)
    assert 0 < len(found) < ROWS


@pytest.mark.parametrize("given", FILTERS | LIMITS)
def test_moments_are_of_the_frames_that_search_finds(database: Database, given: str) -> None:
    arguments = (FILTERS | LIMITS)[given]
    arguments += "" if given in ("min_similarity", "min_percentile") else ", min_similarity => -1"
    call = f"select best_image_id from clipsql.search_moments('five', 1000, '0', {MODEL}, {arguments})"
    found = [image_id for (image_id,) in database.connection.execute(call.encode())]
    films = database.connection.execute("select image_id from clipsql.video_frame")
    frames = {image_id for (image_id,) in films}
    assert found == [image_id for image_id in database.expected(arguments) if image_id in frames]
    assert 0 < len(found) < ROWS


@pytest.mark.parametrize("given", FILTERS)
@pytest.mark.parametrize("function", CAPTIONS)
def test_captions_come_from_the_pictures_that_search_finds(
    database: Database, function: str, given: str
) -> None:
    pictures = set(database.expected(FILTERS[given], without_itself=function in WITHOUT_ITSELF))
    rows = database.connection.execute(
        f"select image_id, caption from {CAPTIONS[function]}{FILTERS[given]})".encode()
    ).fetchall()
    assert {image_id for image_id, _ in rows} <= pictures
    assert {caption for _, caption in rows} == {
        body for p in database.filled.pictures if p.image_id in pictures for body, _ in p.captions
    }
    near = database.connection.execute(
        f"select similarity from {CAPTIONS[function]} min_similarity => 0.1)".encode()
    ).fetchall()
    assert near
    assert all(similarity >= 0.1 for (similarity,) in near)


@pytest.mark.parametrize("given", FILTERS)
def test_a_plan_counts_what_search_finds_under_the_same_filter(database: Database, given: str) -> None:
    call = f"clipsql.search_plan({VECTOR}, {ALL}{MODEL}, {FILTERS[given]})"
    row = database.connection.execute(f"select matching_rows from {call}".encode()).fetchone()
    assert row == (len(database.expected(FILTERS[given])),)


@pytest.mark.parametrize("function", [name for name in (*PICTURES, *CAPTIONS) if name != "classify_images"])
def test_ten_rows_come_unless_another_number_is_given(database: Database, function: str) -> None:
    call = (PICTURES | CAPTIONS)[function]
    usual = 5 if function == "suggest_captions" else 10
    assert len(database.ids(call.replace(ALL, "").removesuffix(", ") + ")")) == usual
    assert len(database.ids(call.replace(ALL, "max_results => 3, ").removesuffix(", ") + ")")) == 3


def test_search_similar_takes_its_own_picture_out_beside_others(database: Database) -> None:
    found = database.ids(f"{SIMILAR}({OWN}, {ALL}{MODEL}, except_images => '{{6,7}}')")
    assert set(found) == {p.image_id for p in database.filled.pictures} - {OWN, 6, 7}


WRONG_LIMITS = {
    "max_results => 0": "max_results .* 0",
    "min_similarity => 1.5": "min_similarity .* 1.5",
    "min_percentile => 101": "min_percentile .* 101",
    "distinct_above => 1.1": "distinct_above .* 1.1",
}
SEARCHES = {
    "search": f"clipsql.search({VECTOR}, ",
    "search_plan": f"clipsql.search_plan({VECTOR}, ",
    **{name: call for name, call in PICTURES.items() if name != "classify_images"},
}


@pytest.mark.parametrize(
    ("call", "limit"),
    [
        *((call, limit) for call in SEARCHES.values() for limit in WRONG_LIMITS),
        *((call, limit) for call in CAPTIONS.values() for limit in list(WRONG_LIMITS)[:2]),
    ],
)
def test_a_limit_out_of_its_range_is_named(database: Database, call: str, limit: str) -> None:
    given = call.replace(ALL, "").replace(f"{MODEL}, ", "")
    with pytest.raises(psycopg.Error, match=WRONG_LIMITS[limit]) as caught:
        database.connection.execute(f"select * from {given}{limit}, {MODEL})".encode())
    assert caught.value.sqlstate == "CQ004"
