"""A percentile is the share of the collection that scores lower: exact when small, within its error when large."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import sqlalchemy as sa
from integration.filling import Filled, fill, new_model, picture, unit_vectors, write
from numpy.typing import NDArray
from sqlalchemy.engine import URL, Engine

from clipsql.db import percentile_samples
from clipsql.db.engine import create_engine
from clipsql.db.pictures.writing import analyze
from clipsql.search.results import Match
from clipsql.search.searcher import Searcher


@pytest.fixture(scope="module")
def filled(new_database: Callable[..., URL], template: str) -> Iterator[Filled]:
    """2,200 pictures in collections of about 1,300, 700 and 200, sampled as an ingest leaves them."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    filled = fill(engine, rows=2200)
    assert percentile_samples.refresh(engine, filled.model) == 2  # streets, and all
    yield filled
    engine.dispose()


def _truth(filled: Filled, query: NDArray[np.float64], collection: str | None) -> dict[int, float]:
    """The share of the collection that scores lower, of 100, by image_id."""
    mine = np.array([collection in (None, p.collection) for p in filled.pictures])
    similarities = filled.similarities(query)
    order = np.sort(similarities[mine])
    lower = np.searchsorted(order, similarities - 1e-9) / len(order)
    return {p.image_id: 100 * float(share) for p, share in zip(filled.pictures, lower, strict=True)}


@pytest.mark.parametrize("collection", ["holidays", "中文"])
@pytest.mark.parametrize("max_results", [5, 1000])
def test_a_small_collection_is_told_exactly(filled: Filled, collection: str, max_results: int) -> None:
    query = np.random.default_rng(2).standard_normal(24)
    truth = _truth(filled, query, collection)
    found = Searcher(filled.engine).search(query.tolist(), in_collection=collection, max_results=max_results)
    assert {match.percentile_error for match in found} == {0}
    # Half precision makes neighbours of some that are no ties, and the other way round.
    size = sum(p.collection == collection for p in filled.pictures)
    for match in found:
        assert match.percentile == pytest.approx(truth[match.image_id], abs=101 / size)


@pytest.mark.parametrize("collection", [None, "streets"])
def test_a_large_collection_is_told_within_the_stated_error(filled: Filled, collection: str | None) -> None:
    random = np.random.default_rng(3)
    within, passed = [], []
    for _ in range(6):
        query = random.standard_normal(24)
        truth = _truth(filled, query, collection)
        options = {} if collection is None else {"in_collection": collection}
        found = Searcher(filled.engine).search(query.tolist(), max_results=3000, **options)  # type: ignore[arg-type]
        assert all(match.percentile_error and match.percentile_error < 4 for match in found)
        within += [abs(_percentile(m) - truth[m.image_id]) <= (m.percentile_error or 0) for m in found]
        passed.append(sum(_percentile(m) >= 95 for m in found) / len(found))
    assert np.mean(within) >= 0.95
    assert np.mean(passed) == pytest.approx(0.05, abs=0.01)


def test_filters_do_not_change_what_a_hit_is_compared_with(filled: Filled) -> None:
    searcher, query = Searcher(filled.engine), [1.0] * 24
    plain = {m.image_id: m.percentile for m in searcher.search(query, max_results=3000)}
    found = searcher.search(query, max_results=50, having_metadata={"night": True}, caption_query="red")
    assert found
    assert {m.image_id: m.percentile for m in found} == {m.image_id: plain[m.image_id] for m in found}


def test_min_percentile_leaves_what_reaches_it(filled: Filled) -> None:
    searcher, query = Searcher(filled.engine), [1.0, -1.0] * 12
    plain = searcher.search(query, max_results=3000)
    for least in (0, 50, 95, 99.9, 100):
        found = searcher.search(query, max_results=3000, min_percentile=least)
        assert found == [match for match in plain if _percentile(match) >= least]


def test_the_same_pictures_give_the_same_sample(filled: Filled) -> None:
    def sample() -> list[tuple[int, int]]:
        with filled.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "select b.pictures, s.image_id from clipsql_private.percentile_sample as b"
                " join clipsql_private.percentile_sample_embedding as s using (percentile_sample_id) order by 1, 2"
            )
            return [(row[0], row[1]) for row in rows]

    before = sample()
    assert len(before) == 2000
    assert percentile_samples.refresh(filled.engine, filled.model) == 0  # nothing has changed
    with filled.engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql_private.percentile_sample")
    without = Searcher(filled.engine).search([1.0] * 24)
    assert percentile_samples.refresh(filled.engine, filled.model, collections=["streets"]) == 2
    assert sample() == before
    for match in without:  # told by other pictures, as near the truth
        assert match.percentile_error
        assert abs(_percentile(match) - _truth(filled, np.ones(24), None)[match.image_id]) < 2


@pytest.mark.parametrize("is_analyzed", [True, False], ids=["analyzed", "not analyzed"])
def test_without_a_sample_the_answer_is_still_the_same_each_time(engine: Engine, is_analyzed: bool) -> None:
    model = new_model(engine, dimensions=8)
    vectors = unit_vectors(np.random.default_rng(4), 2500, 8)
    write(engine, model, [picture(str(n), v) for n, v in enumerate(vectors)])
    write(engine, model, [picture(str(n), v) for n, v in enumerate(vectors[:30])], collection="few")
    if is_analyzed:  # else nobody knows how many pictures a page holds, and all are compared
        analyze(engine, model)
    searcher = Searcher(engine)
    found = searcher.search([1.0] * 8, in_collection="c", max_results=20)
    assert found == searcher.search([1.0] * 8, in_collection="c", max_results=20)
    assert all(bool(match.percentile_error) == is_analyzed for match in found)
    similarities = vectors @ np.ones(8)
    for match in found:
        true = 100 * np.mean(similarities < similarities[int(match.url)])
        assert _percentile(match) == pytest.approx(true, abs=max(1e-6, match.percentile_error or 0))
    few = searcher.search([1.0] * 8, in_collection="few")
    assert [match.percentile for match in few] == [pytest.approx(100 * n / 30) for n in range(29, 19, -1)]
    assert {match.percentile_error for match in few} == {0}


def test_a_sample_is_taken_anew_when_much_has_changed_and_goes_with_its_pictures(engine: Engine) -> None:
    model = new_model(engine, dimensions=8)
    vectors = unit_vectors(np.random.default_rng(5), 2400, 8)

    def put(first: int, last: int) -> None:
        write(engine, model, [picture(str(n), v) for n, v in enumerate(vectors[first:last], start=first)])

    def sampled() -> tuple[int, int]:
        with engine.connect() as connection:
            return tuple(  # type: ignore[return-value]
                connection.exec_driver_sql(
                    "select coalesce(max(b.pictures), 0), count(s.image_id) from clipsql_private.percentile_sample as b"
                    " left join clipsql_private.percentile_sample_embedding as s using (percentile_sample_id)"
                    " where b.collection = 'c'"
                ).one()
            )

    put(0, 1000)
    assert percentile_samples.refresh(engine, model) == 0
    assert sampled() == (0, 0)  # small enough to be compared as a whole
    put(1000, 2000)
    assert percentile_samples.refresh(engine, model) == 2
    assert sampled() == (2000, 1000)
    put(2000, 2150)
    assert percentile_samples.refresh(engine, model) == 0
    put(2150, 2400)
    assert percentile_samples.refresh(engine, model) == 2
    assert sampled() == (2400, 1000)
    with engine.begin() as connection:  # other pictures under the old ids
        connection.exec_driver_sql("update clipsql.image_embedding set embedding = '[1,0,0,0,0,0,0,0]'")
    assert percentile_samples.refresh(engine, model) == 2
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image where url::integer >= 900")
    assert sampled()[1] < 500
    [match, *_] = Searcher(engine).search([1.0] * 8, in_collection="c")
    assert match.percentile_error == 0  # 900 are left
    assert percentile_samples.refresh(engine, model) == 0
    assert sampled() == (0, 0)


def test_a_reader_is_told_where_a_hit_lies_among_what_he_may_see(engine: Engine) -> None:
    model = new_model(engine, dimensions=8)
    vectors = unit_vectors(np.random.default_rng(6), 1600, 8)
    writes = [picture(str(n), v, metadata={"open": n < 40}) for n, v in enumerate(vectors)]
    write(engine, model, writes)
    percentile_samples.refresh(engine, model)
    with engine.connect() as connection:
        for statement in (
            "alter table clipsql.image enable row level security",
            "create policy seen on clipsql.image for select to clipsql_reader using ((metadata->>'open')::boolean)",
            "set local role clipsql_reader",
        ):
            connection.exec_driver_sql(statement)
        rows = connection.execute(
            sa.text("select percentile, percentile_error from clipsql.search('[1,1,1,1,1,1,1,1]', 100)")
        ).all()
        connection.rollback()
    assert [tuple(row) for row in rows] == [(pytest.approx(100 * n / 40), 0) for n in range(39, -1, -1)]


def test_no_picture_has_no_percentile(engine: Engine) -> None:
    new_model(engine, dimensions=3)
    assert Searcher(engine).search([1, 0, 0], min_percentile=50) == []


def _percentile(match: Match) -> float:
    assert match.percentile is not None
    return match.percentile
