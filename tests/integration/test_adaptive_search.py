"""A search compares all matches or walks the index, is complete either way, and says what it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from integration.filling import Filled, fill, new_model, picture, unit_vectors, write
from numpy.typing import NDArray
from sqlalchemy.engine import URL, Engine

from clipsql.db.calls import searches
from clipsql.db.calls.arguments import SearchOptions
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.models import ModelRow
from clipsql.db.pictures.writing import analyze
from clipsql.db.statements import autocommit_connection


@dataclass(frozen=True)
class Plan:
    """One row of clipsql.search_plan."""

    strategy: str
    matching_rows: int
    matching_is_exact: bool
    is_exact: bool
    is_complete: bool
    index_used: str | None
    expected_ms: float
    explanation: str


@pytest.fixture(scope="module")
def filled(new_database: Callable[..., URL], template: str) -> Iterator[Filled]:
    """3,000 pictures with an index, to be read only: enough that a search without filter walks it."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    yield _filled(engine)
    engine.dispose()


@pytest.fixture
def own(engine: Engine) -> Filled:
    """The same for one test, which may change it."""
    return _filled(engine)


def _filled(engine: Engine) -> Filled:
    filled = fill(engine)
    ensure_index(engine, filled.model, table="image_embedding")
    return filled


@pytest.fixture
def query() -> list[float]:
    return [float(number) for number in np.random.default_rng(5).standard_normal(24)]


def _plan(engine: Engine, query: Sequence[float], options: SearchOptions | None = None) -> Plan:
    with engine.connect() as connection:
        row = connection.execute(sa.select(searches.search_plan(query, **options or {}))).one()
        return Plan(**row._mapping)


def _found(engine: Engine, query: Sequence[float], options: SearchOptions | None = None) -> list[int]:
    with engine.connect() as connection:
        matches = searches.search(query, **options or {})
        return list(connection.scalars(sa.select(matches.c.image_id).order_by(matches.c.rank)))


def _nearest(filled: Filled, query: Sequence[float], *, k: int = 10) -> list[int]:
    order = np.argsort(-filled.similarities(query), kind="stable")[:k]
    return [filled.pictures[number].image_id for number in order]


def test_a_search_without_filter_walks_the_index(filled: Filled, query: list[float]) -> None:
    plan = _plan(filled.engine, query)
    assert (plan.strategy, plan.is_exact, plan.is_complete) == ("index walk", False, False)
    assert plan.index_used == f"image_embedding_{filled.model.model_id}_hnsw"
    assert (plan.matching_rows, plan.matching_is_exact) == (3000, True)
    assert len(set(_found(filled.engine, query)) & set(_nearest(filled, query))) >= 9


def test_few_matches_are_compared_exactly_and_counted(filled: Filled, query: list[float]) -> None:
    few: SearchOptions = {"having_metadata": {"camera": "K7", "night": True}, "in_collection": "streets"}
    matching = [
        number
        for number, one in enumerate(filled.pictures)
        if one.metadata["camera"] == "K7" and one.metadata["night"] and one.collection == "streets"
    ]
    plan = _plan(filled.engine, query, few)
    assert (plan.strategy, plan.is_exact) == ("exact", True)
    assert (plan.matching_rows, plan.matching_is_exact) == (len(matching), True)
    assert not plan.is_complete
    assert plan.index_used is not None
    assert "comparing" in plan.explanation or "compared" in plan.explanation
    similarities = filled.similarities(query)
    expected = sorted(matching, key=lambda number: -similarities[number])[:10]
    assert _found(filled.engine, query, few) == [filled.pictures[number].image_id for number in expected]


def test_a_plan_is_complete_when_it_holds_every_match(filled: Filled, query: list[float]) -> None:
    ids = [one.image_id for one in filled.pictures[:7]]
    plan = _plan(filled.engine, query, {"only_images": ids})
    assert (plan.matching_rows, plan.is_complete, plan.is_exact) == (7, True, True)
    assert "every match" in plan.explanation


@pytest.fixture
def opposites(engine: Engine) -> tuple[Engine, ModelRow, NDArray[np.float32]]:
    """2,000 pictures around a direction in collection near, 2,000 around its opposite in collection far."""
    random = np.random.default_rng(3)
    model = new_model(engine)
    direction = np.zeros(24, dtype=np.float32)
    direction[0] = 3
    for collection, sign in (("near", 1), ("far", -1)):
        vectors = unit_vectors(random, 2000, 24) + sign * direction
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        write(
            engine,
            model,
            [picture(f"file:///{collection}/{number}.jpg", one) for number, one in enumerate(vectors)],
            collection=collection,
        )
    analyze(engine, model)
    ensure_index(engine, model, table="image_embedding")
    return engine, model, direction


def test_a_filter_against_the_query_is_noticed_and_answered_exactly(
    opposites: tuple[Engine, ModelRow, NDArray[np.float32]],
) -> None:
    engine, _, direction = opposites
    query = direction.tolist()
    far = _plan(engine, query, {"in_collection": "far"})
    assert (far.strategy, far.is_exact) == ("index walk, then exact", True)
    assert "far from the query" in far.explanation
    assert _plan(engine, query, {"in_collection": "near"}).strategy == "index walk"
    found = _found(engine, query, {"in_collection": "far"})
    with engine.connect() as connection:
        expected = connection.scalars(
            sa.text(
                "select e.image_id from clipsql.image_embedding as e join clipsql.image as i using (image_id)"
                " where i.collection = 'far'"
                " order by (e.embedding <=> cast(:query as halfvec)) + 0, e.image_id limit 10"
            ),
            {"query": str(query)},
        ).all()
    assert found == expected


@pytest.mark.parametrize("condition", ["", "i.taken_at >= ($1).taken_from"])
def test_a_walk_in_steps_gives_its_rows_in_order(filled: Filled, condition: str) -> None:
    """Beyond 1,000 rows pgvector goes on in steps, whose rows come in no order that the planner may count on."""
    with autocommit_connection(filled.engine) as connection:
        row = connection.execute(
            """
            select (w.found).distances
            from clipsql.model as m,
                (select clipsql_private.make_filter(
                    null, '2000-01-01', null, null, null, null, null, null, null, null, null, null, null, null) as f
                 offset 0) as y,
                lateral (select clipsql_private.choose_strategy(
                    clipsql.image_vector(7), 1000, %(condition)s, y.f, m, share => 0.7) as s offset 0) as z,
                lateral (select clipsql_private.walk_index(
                    clipsql.image_vector(7), 1000, %(condition)s, y.f, m, z.s) as found offset 0) as w
            """,
            {"condition": condition},
        ).fetchone()
    assert row is not None
    assert len(row[0]) >= 1000
    assert row[0] == sorted(row[0])


@pytest.mark.parametrize(("dimensions", "passed"), [(2, 60), (23, 460)])
def test_a_short_walk_is_trusted_where_its_rows_reach_clearly_beyond_the_last_wanted_one(
    engine: Engine, dimensions: int, passed: int
) -> None:
    """Directions in a plane: the sixtieth is much farther than the tenth. In 23 dimensions it hardly is."""
    model = new_model(engine)
    vectors = np.zeros((3000, 24), dtype=np.float32)
    vectors[:, :dimensions] = unit_vectors(np.random.default_rng(4), 3000, dimensions)
    vectors[:, 23] = 0 if dimensions == 2 else 4
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    write(engine, model, [picture(str(number), one) for number, one in enumerate(vectors)])
    analyze(engine, model)
    ensure_index(engine, model, table="image_embedding")
    plan = _plan(engine, [1.0] + [0.0] * 23, {})
    assert plan.strategy == "index walk"
    assert f"passed {passed} rows" in plan.explanation


def test_without_an_index_the_answer_is_exact_and_the_plan_says_how_to_get_one(
    engine: Engine, query: list[float]
) -> None:
    filled = fill(engine)
    plan = _plan(engine, query)
    assert (plan.strategy, plan.is_exact) == ("exact", True)
    assert 'run "clipsql index build"' in plan.explanation
    assert _found(engine, query) == _nearest(filled, query)


def test_an_invalid_index_is_not_used(own: Filled, query: list[float]) -> None:
    with own.engine.begin() as connection:
        connection.execute(
            sa.text(
                "update pg_index set indisvalid = false"
                f" where indexrelid = 'clipsql_private.image_embedding_{own.model.model_id}_hnsw'::regclass"
            )
        )
    assert "no usable index" in _plan(own.engine, query).explanation
    assert _found(own.engine, query) == _nearest(own, query)


def test_searches_are_exact_while_an_index_is_being_built(engine: Engine, query: list[float]) -> None:
    filled = fill(engine)
    with engine.connect() as building, building.begin():
        building.execute(
            sa.text(
                f"create index image_embedding_{filled.model.model_id}_hnsw"
                f" on clipsql_private.image_embedding_{filled.model.model_id}"
                " using hnsw ((embedding::halfvec(24)) halfvec_cosine_ops)"
            )
        )
        assert _plan(engine, query).strategy == "exact"
        assert _found(engine, query) == _nearest(filled, query)


def test_rows_stay_full_when_most_pictures_near_the_query_were_deleted(
    own: Filled, query: list[float]
) -> None:
    gone = _nearest(own, query, k=2000)
    with own.engine.begin() as connection:
        connection.execute(sa.text("delete from clipsql.image where image_id = any (:gone)"), {"gone": gone})
    found = _found(own.engine, query)
    assert len(found) == 10
    assert not set(found) & set(gone)
    assert len(set(found) & set(_nearest(own, query, k=2010)[2000:])) >= 9


def test_rows_of_another_open_transaction_are_not_seen(filled: Filled, query: list[float]) -> None:
    before = _found(filled.engine, query)
    with filled.engine.connect() as other, other.begin() as transaction:
        other.execute(sa.text("delete from clipsql.image where image_id = any (:gone)"), {"gone": before})
        assert _found(filled.engine, query) == before
        transaction.rollback()


def test_a_read_only_transaction_plans_and_searches(filled: Filled, query: list[float]) -> None:
    with filled.engine.connect() as connection:
        connection.execute(sa.text("set transaction read only"))
        plan = connection.execute(sa.select(searches.search_plan(query))).one()
        assert plan.strategy == "index walk"
        matches = searches.search(query, in_collection="streets")
        assert len(connection.execute(sa.select(matches)).all()) == 10


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="no filter"),
        pytest.param({"in_collection": "holidays"}, id="collection"),
        pytest.param({"max_results": 100, "in_collection": "streets"}, id="a hundred"),
        pytest.param({"max_results": 5000}, id="more than there are"),
    ],
)
@pytest.mark.parametrize(
    "setting",
    [
        pytest.param("enable_seqscan = off", id="no sequential scans"),
        pytest.param("enable_indexscan = off", id="no index scans"),
        pytest.param("plan_cache_mode = force_generic_plan", id="generic plans"),
        pytest.param("work_mem = '64kB'", id="no memory"),
        pytest.param("hnsw.ef_search = 1", id="narrow walks"),
    ],
)
def test_a_session_changes_no_answer(
    filled: Filled, query: list[float], options: SearchOptions, setting: str
) -> None:
    expected = _found(filled.engine, query, options)
    with filled.engine.connect() as connection:
        connection.execute(sa.text(f"set {setting}"))
        matches = searches.search(query, **options)
        found = list(connection.scalars(sa.select(matches.c.image_id).order_by(matches.c.rank)))
    assert found == expected


def test_a_hundred_thousand_ids_are_searched_in_seconds(filled: Filled, query: list[float]) -> None:
    half = [one.image_id for one in filled.pictures[::2]]
    ids = [*half, *range(10_000_000, 10_100_000)]
    began = time.perf_counter()
    found = _found(filled.engine, query, {"only_images": ids})
    assert time.perf_counter() - began < 30
    wanted = [number for number in _nearest(filled, query, k=3000) if number in set(half)]
    assert len(set(found) & set(wanted[:10])) >= 9


def test_time_place_and_facts_filter_together(filled: Filled, query: list[float]) -> None:
    options: SearchOptions = {
        "near_longitude": 13.4,
        "near_latitude": 52.5,
        "within_m": 50_000,
        "having_metadata": {"night": True},
        "taken_from": filled.pictures[0].taken_at or min(p.taken_at for p in filled.pictures if p.taken_at),
    }
    plan = _plan(filled.engine, query, options)
    assert (plan.is_exact, plan.matching_is_exact) == (True, True)
    assert len(_found(filled.engine, query, {**options, "max_results": 3000})) == plan.matching_rows


@pytest.fixture
def reader(own: Filled) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A session of a role that row-level security lets see collection 中文 only, a tenth of the pictures."""
    with own.engine.begin() as connection:
        connection.execute(sa.text("alter table clipsql.image enable row level security"))
        connection.execute(
            sa.text("create policy visible on clipsql.image to clipsql_reader using (collection = '中文')")
        )
    url = own.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set role clipsql_reader")
        yield connection


def test_a_reader_under_row_level_security_gets_full_rows(
    own: Filled, reader: psycopg.Connection[tuple[Any, ...]], query: list[float]
) -> None:
    visible = {one.image_id for one in own.pictures if one.collection == "中文"}
    expected = [image_id for image_id in _nearest(own, query, k=3000) if image_id in visible][:10]
    rows = reader.execute("select image_id from clipsql.search(%s::vector)", (str(query),)).fetchall()
    assert {image_id for (image_id,) in rows} == set(expected)
    plan = reader.execute(
        "select is_exact, matching_rows from clipsql.search_plan(%s::vector)", (str(query),)
    ).fetchone()
    assert plan == (True, len(visible))
