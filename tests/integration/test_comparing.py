"""Two models compared by what queries find: figures, captions, what one of them lacks, and the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import Result
from integration.filling import new_model, picture, unit_vectors, write
from picture_server import picture_bytes
from sqlalchemy.engine import Engine

from clipsql import errors
from clipsql.db.calls.comparing import MOST_QUERIES
from clipsql.db.models import ModelRow
from clipsql.db.shadows import Coverage
from clipsql.db.text_towers import remember_texts
from clipsql.search.comparison import ComparedQuery, ModelComparison, compare_models
from clipsql.search.searcher import Searcher

PICTURES = 60
ASKED = [f"query {number}" for number in range(120)]
RANDOM = np.random.default_rng(5)


@pytest.fixture
def models(engine: Engine) -> tuple[ModelRow, ModelRow]:
    """Two models of which the second is the first, disturbed: answers share most, but not all, of their pictures."""
    random = np.random.default_rng(3)
    old, new = new_model(engine, name="old", dimensions=8), new_model(engine, name="new", dimensions=8)
    vectors = unit_vectors(random, PICTURES, 8)
    captions = vectors + 0.5 * unit_vectors(random, PICTURES, 8)
    captions /= np.linalg.norm(captions, axis=1, keepdims=True)
    write(
        engine,
        old,
        [
            picture(str(number), vector, captions=[(f"caption {number}", "en")])
            for number, vector in enumerate(vectors)
        ],
    )
    give(engine, old, "caption", captions)
    give(engine, new, "image", vectors + 0.3 * unit_vectors(random, PICTURES, 8))
    give(engine, new, "caption", captions)
    texts = unit_vectors(random, len(ASKED), 8)
    for model in (old, new):
        remember_texts(engine, model, dict(zip(ASKED, texts, strict=True)))
    return old, new


def give(engine: Engine, model: ModelRow, owner: str, vectors: np.ndarray) -> None:
    """Vectors under a model for pictures or captions 1, 2, ..."""
    with engine.begin() as connection:
        connection.execute(
            sa.text(f"insert into clipsql.{owner}_embedding values (:id, :model, cast(:vector as halfvec))"),
            [
                {"id": number, "model": model.model_id, "vector": str(vector.tolist())}
                for number, vector in enumerate(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 1)
            ],
        )


def rank_biased_overlap(
    engine: Engine, one: Sequence[int], other: Sequence[int], persistence: float
) -> float | None:
    with engine.connect() as connection:
        return connection.scalar(
            sa.text("select clipsql_private.rank_biased_overlap(:one, :other, :persistence)"),
            {"one": list(one), "other": list(other), "persistence": persistence},
        )


# The figures


def test_rank_biased_overlap_is_that_of_its_authors(engine: Engine) -> None:
    """Against the definition, term by term, for answers of all lengths."""

    def expected(one: Sequence[int], other: Sequence[int], p: float) -> float:
        short, long = sorted((one, other), key=len)
        least, most = len(short), len(long)

        def shared(depth: int) -> int:
            return len(set(short[:depth]) & set(long[:depth]))

        seen = sum(shared(d) / d * p**d for d in range(1, most + 1))
        seen += sum(shared(least) * (d - least) / (least * d) * p**d for d in range(least + 1, most + 1))
        rest = (shared(most) - shared(least)) / most + shared(least) / least
        return (1 - p) / p * seen + rest * p**most

    for _ in range(60):
        one = RANDOM.permutation(14)[: RANDOM.integers(1, 12)].tolist()
        other = RANDOM.permutation(14)[: RANDOM.integers(1, 12)].tolist()
        p = float(RANDOM.uniform(0.5, 0.99))
        found = rank_biased_overlap(engine, one, other, p)
        assert found == pytest.approx(expected(one, other, p), abs=1e-12)
        assert rank_biased_overlap(engine, other, one, p) == pytest.approx(found, abs=1e-12)
        assert rank_biased_overlap(engine, one, one, p) == pytest.approx(1)
    assert rank_biased_overlap(engine, [1, 2], [3, 4], 0.9) == 0
    assert rank_biased_overlap(engine, [1, 2], [], 0.9) == 0
    assert rank_biased_overlap(engine, [], [], 0.9) is None


@pytest.mark.usefixtures("models")
def test_figures_agree_with_ir_measures(engine: Engine) -> None:
    ir_measures = pytest.importorskip("ir_measures", reason="needs pip install ir-measures")
    compared = compare_models(engine, "old", "new", queries=ASKED)
    assert len(compared.queries) == len(ASKED)
    ideal = [
        ir_measures.Qrel(query.query, str(image), 1)
        for query in compared.queries
        for image in query.old_images
    ]
    run = [
        ir_measures.ScoredDoc(query.query, str(image), -rank)
        for query in compared.queries
        for rank, image in enumerate(query.new_images)
    ]
    shares = {one.query_id: one.value for one in ir_measures.iter_calc([ir_measures.P @ 10], ideal, run)}
    assert {query.query: query.overlap for query in compared.queries} == pytest.approx(shares)
    assert 0.3 < (compared.overlap or 0) < 0.95
    (mean,) = ir_measures.calc_aggregate([ir_measures.P @ 10], ideal, run).values()
    assert compared.overlap == pytest.approx(mean)

    # Recall of captions: the one picture of each.
    of_captions = compare_models(engine, "old", "new")
    wanted = [ir_measures.Qrel(query.query, str(query.image_id), 1) for query in of_captions.queries]
    for images_of, recall in (
        (lambda query: query.old_images, of_captions.old_recall),
        (lambda query: query.new_images, of_captions.new_recall),
    ):
        run = [
            ir_measures.ScoredDoc(query.query, str(image), -rank)
            for query in of_captions.queries
            for rank, image in enumerate(images_of(query))
        ]
        (mean,) = ir_measures.calc_aggregate([ir_measures.R @ 10], wanted, run).values()
        assert recall is not None
        assert recall.value == pytest.approx(mean)

    # What ir-measures adds up to a depth of 1000 is extrapolated here: for answers of that length they are the same.
    for _ in range(3):
        one, other = (RANDOM.permutation(1100)[:1000].tolist() for _ in range(2))
        other[:20] = RANDOM.permutation(one[:20]).tolist()
        other = list(dict.fromkeys(other))
        (value,) = ir_measures.calc_aggregate(
            [ir_measures.Compat(p=0.9, normalize=False)],
            [ir_measures.Qrel("q", str(image), 2000 - rank) for rank, image in enumerate(one)],
            [ir_measures.ScoredDoc("q", str(image), -rank) for rank, image in enumerate(other)],
        ).values()
        assert rank_biased_overlap(engine, one, other, 0.9) == pytest.approx(value, abs=1e-9)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(2)
    held = {"old": 0, "new": 0, "gain": 0}
    for _ in range(400):
        both = random.random((120, 2))
        old, new = both[:, 0] < 0.6, np.where(both[:, 0] < 0.6, both[:, 1] < 0.9, both[:, 1] < 0.3)
        told = comparison(*zip(old.tolist(), new.tolist(), strict=True))
        for name, interval, truth in (
            ("old", told.old_recall, 0.6),
            ("new", told.new_recall, 0.66),
            ("gain", told.gain, 0.06),
        ):
            assert interval is not None
            assert interval.low <= interval.value <= interval.high
            held[name] += interval.low <= truth <= interval.high
    assert all(370 <= count <= 392 for count in held.values()), held


def comparison(*found: tuple[bool, bool]) -> ModelComparison:
    """Of captions that each model finds, or does not."""
    queries = [
        ComparedQuery(
            query="",
            image_id=1,
            overlap=None,
            rank_biased_overlap=None,
            old_images=[1] if by_old else [2],
            new_images=[1] if by_new else [2],
        )
        for by_old, by_new in found
    ]
    return ModelComparison(
        old="",
        new="",
        max_results=1,
        queries=queries,
        coverage=Coverage(pictures=0, waiting=0, failed=0),
        failures=(),
    )


def test_intervals_are_those_of_the_textbooks() -> None:
    told = comparison(*[(True, True)] * 5, *[(False, True)] * 4, *[(True, False)], *[(False, False)] * 2)
    assert told.captions == 12
    old, new, gain = told.old_recall, told.new_recall, told.gain
    assert old is not None
    assert new is not None
    assert gain is not None
    # statsmodels: proportion_confint(6, 12, method="wilson"), and of 9
    assert (old.value, old.low, old.high) == pytest.approx((0.5, 0.2537816, 0.7462184), abs=1e-6)
    assert (new.value, new.low, new.high) == pytest.approx((0.75, 0.4676947, 0.9110583), abs=1e-6)
    # b = 4.5, c = 1.5 of 14: 3/14, sqrt(6 - 9/14)/14
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.25, -0.1097454, 0.5383168), abs=1e-6)


def test_so_many_queries_are_asked_in_one_call_as_sql_takes(engine: Engine) -> None:
    with engine.connect() as connection:
        assert (
            connection.exec_driver_sql("select clipsql_private.most('queries')").scalar_one() == MOST_QUERIES
        )


def test_moves_tell_where_each_picture_stands() -> None:
    query = ComparedQuery(
        query="", image_id=None, overlap=0.5, rank_biased_overlap=0.5, old_images=[5, 6, 7], new_images=[8, 5]
    )
    assert [(one.image_id, one.old_rank, one.new_rank) for one in query.moves] == [
        (8, None, 1),
        (5, 1, 2),
        (6, 2, None),
        (7, 3, None),
    ]


# In SQL


def test_what_each_model_finds_is_what_a_search_finds(
    engine: Engine, models: tuple[ModelRow, ModelRow]
) -> None:
    with engine.connect() as connection:
        (row,) = connection.exec_driver_sql(
            "select * from clipsql.compare_models(old => null, new => 'new', queries => '{query 7}', max_results => 5)"
        ).all()
        for images, model in zip((row.old_images, row.new_images), models, strict=True):
            found = connection.exec_driver_sql(
                "select array_agg(s.image_id order by s.rank) from clipsql.search_text('query 7', 5, model => %s) as s",
                (model.name,),
            ).scalar_one()
            assert images == found
    assert (row.query, row.image_id) == ("query 7", None)
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image_embedding where model_id = 1 and image_id > 2")
        overlap = "select overlap from clipsql.compare_models('old', 'new', '{query 7}', 60)"
        assert connection.exec_driver_sql(overlap).scalar_one() == pytest.approx(2 / 60)
        connection.rollback()
    assert row.overlap == len(set(row.old_images) & set(row.new_images)) / 5
    assert row.rank_biased_overlap == pytest.approx(
        rank_biased_overlap(engine, row.old_images, row.new_images, 0.9)
    )


def test_without_queries_own_watches_and_captions_are_asked(
    engine: Engine, models: tuple[ModelRow, ModelRow]
) -> None:
    Searcher(engine, model="old").watch("mine", "query 1 + image:3", min_similarity=0.9)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "delete from clipsql.caption_embedding where model_id = 2 and caption_id = 4"
        )
        connection.exec_driver_sql("delete from clipsql.image_embedding where model_id = 2 and image_id = 5")
        connection.exec_driver_sql(
            "insert into clipsql.watch_list (name, owner, query, filters, timezone, min_similarity)"
            " select 'other', 'clipsql_reader', 'query 2', '{}', 'UTC', 0.9"
        )
        connection.exec_driver_sql("set local role clipsql_writer")
        own = "select query from clipsql.compare_models('old', 'new') where image_id is null"
        assert connection.exec_driver_sql(own).all() == []
        connection.exec_driver_sql("reset role")
        connection.exec_driver_sql("delete from clipsql.watch_list where name = 'other'")
    compared = compare_models(engine, "old", "new")
    assert [(one.query, one.image_id) for one in compared.queries if one.image_id is None] == [
        ("query 1 + image:3", None)
    ]
    of_captions = {one.query: one.image_id for one in compared.queries if one.image_id is not None}
    assert of_captions == {
        f"caption {number}": number + 1 for number in range(PICTURES) if number not in (3, 4)
    }
    assert (compared.captions, compared.coverage.waiting, compared.coverage.failed) == (58, 1, 0)
    assert models[0].is_default


def test_a_picture_is_asked_for_by_one_caption_and_of_many_a_share_is(engine: Engine) -> None:
    model = new_model(engine, name="one", dimensions=8)
    vectors = unit_vectors(RANDOM, 250, 8)
    write(
        engine,
        model,
        [
            picture(str(n), vector, captions=[(f"{n} a", "en"), (f"{n} b", "en")])
            for n, vector in enumerate(vectors)
        ],
    )
    give(engine, model, "caption", np.repeat(vectors, 2, axis=0))
    compared = compare_models(engine, "one", "one", max_results=1)
    assert len({one.image_id for one in compared.queries}) == len(compared.queries) == 200
    assert (compared.overlap, compared.rank_biased_overlap) == (1, pytest.approx(1))
    assert compared.gain is not None
    assert (compared.old_recall, compared.gain.value) == (compared.new_recall, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("'old', 'none'", "CQ001", 'There is no model "none" here'),
        ("'old', 'new', '{a,null}'", "CQ006", "The text is empty"),
        (
            "'old', 'new', null, 101",
            "CQ004",
            "max_results must be 100 or less where models are compared, not 101",
        ),
        ("'old', 'new', null, 0", "CQ004", "max_results must be 1 or more, not 0"),
        (
            "'old', 'new', array_fill('a'::text, array[51])",
            "CQ004",
            "queries takes at most 50 queries, not 51",
        ),
    ],
)
@pytest.mark.usefixtures("models")
def test_what_cannot_be_compared_is_said(engine: Engine, arguments: str, code: str, message: str) -> None:
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as caught:
        connection.exec_driver_sql(f"select * from clipsql.compare_models({arguments})")
    said = caught.value.orig.diag  # type: ignore[union-attr]
    assert said.sqlstate == code
    assert message in said.message_primary


def test_nothing_to_compare_is_no_error(engine: Engine) -> None:
    new_model(engine, name="old")
    new_model(engine, name="new")
    compared = compare_models(engine, "old", "new")
    assert (compared.queries, compared.overlap, compared.rank_biased_overlap) == ([], None, None)
    assert (compared.old_recall, compared.new_recall, compared.gain) == (None, None, None)
    with pytest.raises(errors.UnknownModel):
        compare_models(engine, "old", "none")


# The command and its page


@pytest.mark.usefixtures("models")
def test_the_command_tells_figures_and_what_is_lacking(
    engine: Engine, clipsql: Callable[..., Result], tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image_embedding where model_id = 2 and image_id < 3")
        connection.exec_driver_sql(
            "insert into clipsql_private.unembedded (model_id, image_id, failure, error)"
            " values (2, 1, 'not_found', 'the server answers 404')"
        )
    done = clipsql("model", "compare", "old", "new")
    assert done.exit_code == 0
    assert done.stdout.startswith("58 queries, 10 results each: ")
    assert (
        "new lacks 2 of the 60 pictures that old knows (3.3 %): 1 could not be had or read, 1 wait."
        in done.stdout
    )
    assert "  0: the server answers 404\n" in done.stderr
    document = json.loads(clipsql("model", "compare", "old", "new", "--json").stdout)
    assert document["coverage"] == {"pictures": 60, "waiting": 1, "failed": 1}
    assert document["recall_of_captions"]["captions"] == len(document["queries"]) == 58
    assert document["queries"][0]["moves"][0]["new_rank"] == 1
    asked = tmp_path / "asked.txt"
    asked.write_text("query 1\n\n query 2 \nquery 1\n")
    document = json.loads(
        clipsql("model", "compare", "old", "new", "--queries", asked, "--max-results", "3", "--json").stdout
    )
    assert [one["query"] for one in document["queries"]] == ["query 1", "query 2"]
    assert document["recall_of_captions"]["old"] is None
    asked.write_text("\n")
    assert "no query to compare" in clipsql("model", "compare", "old", "new", "--queries", asked).stderr


def test_the_page_shows_what_each_model_finds_side_by_side(
    engine: Engine, models: tuple[ModelRow, ModelRow], clipsql: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "1.png").write_bytes(picture_bytes(1))
    with engine.begin() as connection:
        connection.execute(
            sa.text("update clipsql.image set file = :file"), {"file": str(tmp_path / "1.png")}
        )
        connection.exec_driver_sql("update clipsql.caption set body = '<b>' || body where caption_id = 1")
        connection.exec_driver_sql(
            "update clipsql.image set url = 'https://example.com/a.jpg' where image_id = 1"
        )
    page = tmp_path / "page.html"
    done = clipsql("model", "compare", "old", "new", "--html", page)
    assert done.exit_code == 0, done.stderr
    text = page.read_text("utf-8")
    assert "<h1>new in the place of old</h1>" in text
    assert "The 50 queries that change most, of 60." in text
    assert text.count("<h2>") == 50
    assert text.count('<div class="answer">') == 100
    assert "<b>caption" not in text
    assert "data:image/jpeg;base64," in text
    assert 'href="https://example.com/a.jpg"' in text
    assert "only here" in text
    assert "▲" in text
    assert "▼" in text
    compared = compare_models(engine, *(model.name for model in models))
    wanted = sorted(compared.queries, key=lambda one: (one.rank_biased_overlap, one.query))[:50]
    found = sum((one.image_id in one.old_images) + (one.image_id in one.new_images) for one in wanted)
    assert text.count('<li class="wanted">') == found
    refused = clipsql("model", "compare", "old", "new", "--html", tmp_path / "none" / "page.html")
    assert "cannot be written" in refused.stderr
