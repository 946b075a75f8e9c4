"""Vectors are joined as named, and near-identical pictures folded, both as brute force does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from integration.filling import Filled, fill, new_model, picture, unit_vectors, write
from sqlalchemy.engine import URL, Engine

from clipsql import errors, orm
from clipsql.db.calls import searches
from clipsql.db.engine import create_engine, database_errors
from clipsql.db.indexes import ensure_index
from clipsql.db.pictures.writing import analyze
from clipsql.search.searcher import Searcher


@pytest.fixture(scope="module")
def filled(new_database: Callable[..., URL], template: str) -> Iterator[Filled]:
    """Pictures that are compared one by one."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    yield fill(engine, rows=800)
    engine.dispose()


@pytest.fixture(scope="module")
def walked(new_database: Callable[..., URL], template: str) -> Iterator[tuple[Engine, Any]]:
    """So many pictures that the index is walked: a third of them copies of others."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    model = new_model(engine, dimensions=8)
    random = np.random.default_rng(8)
    vectors = unit_vectors(random, 12_000, 8)
    vectors[8000:] = vectors[random.integers(8000, size=4000)]
    write(engine, model, [picture(str(n), v, metadata={"kept": bool(n % 3)}) for n, v in enumerate(vectors)])
    ensure_index(engine, model, table="image_embedding")
    analyze(engine, model)
    yield engine, vectors.astype(np.float16).astype(np.float64)
    engine.dispose()


def _search(engine: Engine, vectors: Any, **options: Any) -> list[Any]:
    with database_errors(engine), engine.connect() as connection:
        found = searches.search_vectors([list(map(float, vector)) for vector in vectors], **options)
        return list(connection.execute(sa.select(found).order_by(found.c.rank)).all())


def _cosines(rows: Any, vectors: Any) -> Any:
    """Cosine of every row with every vector."""
    lengths = np.linalg.norm(rows, axis=1)[:, None] * np.linalg.norm(vectors, axis=1)
    return rows @ np.transpose(vectors) / lengths


def test_a_weighted_sum_is_one_of_unit_vectors(filled: Filled) -> None:
    first, second = np.random.default_rng(1).standard_normal((2, 24))
    found = _search(filled.engine, [first, 40 * second], weights=[1, -0.5])
    by_hand = first / np.linalg.norm(first) - 0.5 * second / np.linalg.norm(second)
    expected = Searcher(filled.engine).search(by_hand.tolist())
    assert [row.image_id for row in found] == [match.image_id for match in expected]
    assert [row.similarity for row in found] == pytest.approx([m.similarity for m in expected], abs=1e-3)


def test_mean_similarity_ranks_as_the_sum_and_says_how_well_the_terms_are_met(filled: Filled) -> None:
    vectors = np.random.default_rng(2).standard_normal((3, 24))
    weights = [1.0, 2.0, -0.5]
    options: dict[str, Any] = {"weights": weights, "max_results": 20}
    found = _search(filled.engine, vectors, fusion="mean similarity", **options)
    assert [row.image_id for row in found] == [
        row.image_id for row in _search(filled.engine, vectors, **options)
    ]
    mean = _cosines(filled.vectors, vectors) @ weights / np.abs(weights).sum()
    assert [row.similarity for row in found] == pytest.approx(sorted(mean, reverse=True)[:20], abs=1e-3)
    least = found[9].similarity
    some = _search(
        filled.engine,
        vectors,
        fusion="mean similarity",
        min_similarity=least,
        weights=weights,
        max_results=99,
    )
    assert [row.image_id for row in some] == [row.image_id for row in found[:10]]


@pytest.mark.parametrize("options", [{}, {"in_collection": "holidays"}, {"min_similarity": 0.2}])
@pytest.mark.parametrize("terms", [2, 3])
def test_minimum_similarity_is_that_to_the_least_like_vector(
    filled: Filled, terms: int, options: dict[str, Any]
) -> None:
    vectors = np.random.default_rng(terms).standard_normal((terms, 24))
    found = _search(filled.engine, vectors, fusion="minimum similarity", max_results=15, **options)
    least = _cosines(filled.vectors, vectors).min(axis=1)
    if "in_collection" in options:
        least = least[[p.collection == "holidays" for p in filled.pictures]]
    expected = [
        value for value in sorted(least, reverse=True)[:15] if value >= options.get("min_similarity", -1)
    ]
    assert [row.similarity for row in found] == pytest.approx(expected, abs=1e-3)
    assert [row.rank for row in found] == list(range(1, len(found) + 1))
    size = 800 if "in_collection" not in options else len(least)
    for row in found:  # it is told where the joint score lies
        assert row.percentile == pytest.approx(100 * np.mean(least < row.similarity - 1e-4), abs=200 / size)


def test_minimum_similarity_is_found_by_the_index(walked: tuple[Engine, Any]) -> None:
    engine, rows = walked
    random = np.random.default_rng(9)
    hits = wanted = 0
    for kept in (None, True):
        for _ in range(6):
            vectors = random.standard_normal((2, 8))
            vectors[1] += vectors[0]  # two texts are never unrelated
            options = {} if kept is None else {"having_metadata": {"kept": True}}
            found = _search(engine, vectors, fusion="minimum similarity", **options)
            least = _cosines(rows, vectors).min(axis=1)
            if kept:
                least[::3] = -2
            best = np.sort(least)[-10]
            assert len(found) == 10
            hits += sum(row.similarity >= best - 1e-4 for row in found)
            wanted += 10
    assert hits / wanted >= 0.95


def test_the_index_is_read_deeper_when_its_first_lists_do_not_hold_the_answer(
    walked: tuple[Engine, Any],
) -> None:
    engine, rows = walked
    first, second = np.eye(8)[:2]
    cosines = _cosines(rows, [first, second])
    least = cosines.min(axis=1)
    best = np.argsort(-least)[:10]
    # Neither of the first lists, of a hundred, has all of the answer.
    listed = {int(number) for column in cosines.T for number in np.argsort(-column)[:100]}
    assert len(set(best.tolist()) - listed) >= 5
    found = _search(engine, [first, second], fusion="minimum similarity")
    assert [row.similarity for row in found] == pytest.approx(least[best], abs=1e-3)


def test_a_negative_term_is_taken_off_every_other(filled: Filled) -> None:
    first, second, away = (v / np.linalg.norm(v) for v in np.random.default_rng(4).standard_normal((3, 24)))
    found = _search(filled.engine, [first, away, second], weights=[1, -0.5, 1], fusion="minimum similarity")
    least = _cosines(filled.vectors, [first - 0.5 * away, second - 0.5 * away]).min(axis=1)
    assert [row.similarity for row in found] == pytest.approx(sorted(least, reverse=True)[:10], abs=1e-3)


@pytest.mark.parametrize(
    ("vectors", "options", "message"),
    [
        pytest.param(
            [[1.0] * 24], {"fusion": "maximum"}, 'fusion must be "weighted sum".*not maximum', id="fusion"
        ),
        pytest.param([], {}, "at least one vector", id="no vector"),
        pytest.param([[1.0] * 24], {"weights": [1, 2]}, "1 vectors but 2 weights", id="weights"),
        pytest.param(
            [[1.0] * 24],
            {"weights": [2], "fusion": "minimum similarity"},
            "weights to negative terms only",
            id="a weight in a minimum",
        ),
        pytest.param(
            [[1.0] * 24],
            {"weights": [-1], "fusion": "minimum similarity"},
            "all are negative",
            id="nothing to be near to",
        ),
        pytest.param([[1.0] * 24], {"min_percentile": 101}, "min_percentile.*101", id="percentile"),
        pytest.param(
            [[1.0] * 24], {"min_percentile": float("nan")}, "min_percentile.*NaN", id="no percentile"
        ),
        pytest.param([[1.0] * 24], {"distinct_above": -0.1}, "distinct_above.*-0.1", id="distinct"),
        pytest.param([[1.0] * 24], {"distinct_above": 1.1}, "distinct_above.*1.1", id="too distinct"),
    ],
)
def test_a_bad_argument_is_refused(
    filled: Filled, vectors: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.InvalidArgument, match=message) as caught:
        _search(filled.engine, vectors, **options)
    assert "\n" not in str(caught.value)


def test_vectors_of_another_size_are_refused(filled: Filled) -> None:
    with pytest.raises(errors.InvalidVector, match="3 dimensions"):
        _search(filled.engine, [[1.0] * 24, [1.0] * 3])


def _folded(rows: Any, order: Any, above: float, wanted: int) -> list[int]:
    """The greedy rule, by brute force."""
    kept: list[int] = []
    for number in order:
        if len(kept) == wanted:
            break
        if not any(_cosines(rows[[number]], rows[[other]])[0, 0] > above for other in kept):
            kept.append(int(number))
    return kept


@pytest.mark.parametrize("above", [0.0, 0.3, 0.6, 1.0])
def test_the_best_of_near_identical_pictures_stays(filled: Filled, above: float) -> None:
    query = np.random.default_rng(5).standard_normal(24)
    order = np.argsort(-filled.similarities(query))
    found = Searcher(filled.engine).search(query.tolist(), max_results=12, distinct_above=above)
    expected = _folded(filled.vectors, order, above, 12)
    assert [match.image_id for match in found] == [filled.pictures[number].image_id for number in expected]
    assert [match.rank for match in found] == list(range(1, len(found) + 1))


def test_folding_looks_as_deep_as_it_must(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    ids = write(
        engine,
        model,
        [picture(f"same {n}", [1, 0, 0]) for n in range(300)]
        + [picture("beside", [0.8, 0.6, 0]), picture("away", [0, 1, 0])],
    )
    searcher = Searcher(engine)
    found = searcher.search([1, 0, 0], max_results=3, distinct_above=0.97)
    assert [match.url for match in found] == ["same 0", "beside", "away"]
    like = searcher.search_similar(ids["same 7"], max_results=3, distinct_above=0.97)
    assert [match.url for match in like] == ["same 0", "beside", "away"]
    assert len(searcher.search([1, 0, 0], max_results=10, distinct_above=0.97)) == 3
    near = searcher.search([1, 0, 0], max_results=10, distinct_above=0.97, min_similarity=0.5)
    assert [match.url for match in near] == ["same 0", "beside"]


def test_folding_is_complete_when_the_index_is_walked(walked: tuple[Engine, Any]) -> None:
    engine, rows = walked
    random = np.random.default_rng(10)
    hits = 0
    for _ in range(5):
        query = random.standard_normal(8)
        found = Searcher(engine).search(query.tolist(), max_results=20, distinct_above=0.98)
        numbers = [int(match.url) for match in found]
        assert len(numbers) == 20
        cosines = _cosines(rows[numbers], rows[numbers]) - np.eye(20)
        assert cosines.max() <= 0.98 + 1e-3
        best = _folded(rows, np.argsort(-_cosines(rows, query[None])[:, 0], kind="stable"), 0.98, 20)
        # Of equal copies any may be the first that brute force meets.
        hits += sum(any(np.array_equal(rows[n], rows[m]) for m in best) for n in numbers)
    assert hits >= 95


def test_every_new_search_runs_read_only_and_for_a_reader(filled: Filled) -> None:
    url = filled.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    calls = (
        "search(clipsql.image_vector(1), distinct_above => 0.5, min_percentile => 90)",
        "search_vectors(array[clipsql.image_vector(1), clipsql.image_vector(2)], fusion => 'minimum similarity')",
        "search_query('image:1 - 0.5*image:2', fusion => 'mean similarity')",
        "search_query('image:1 + image:2', fusion => 'minimum similarity', distinct_above => 0.5)",
    )
    with psycopg.connect(url) as connection:
        connection.execute("set transaction read only")
        connection.execute("set local role clipsql_reader")
        connection.execute("select clipsql.image_vector(1)")  # loads pgvector, which defines settings
        before = connection.execute("select name, setting from pg_settings order by name").fetchall()
        for call in calls:
            assert connection.execute(f"select * from clipsql.{call}".encode()).fetchall()
        after = connection.execute("select name, setting from pg_settings order by name").fetchall()
        assert after == before


def test_an_application_joins_its_rows_with_a_query(filled: Filled) -> None:
    matches = orm.search_query("image:1 + image:2", max_results=3, model=filled.model.name)
    statement = (
        sa.select(orm.Image.image_id, matches.c.percentile)
        .join(matches, matches.c.image_id == orm.Image.image_id)
        .order_by(matches.c.rank)
    )
    with filled.engine.connect() as connection:
        rows = connection.execute(statement).all()
    assert len(rows) == 3
    assert rows[0].percentile > 99
