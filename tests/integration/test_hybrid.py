"""Hybrid search: the words of captions and vectors fused by reciprocal rank, as defined, under every filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from integration.filling import Filled, fill, new_model, picture, write
from sqlalchemy.engine import URL, Engine

from clipsql import Searcher, errors, orm
from clipsql.db.engine import create_engine
from clipsql.db.text_towers import remember_texts

UP = [1.0, 0.0, 0.0]


@pytest.fixture(scope="module")
def filled(new_database: Callable[..., URL], template: str) -> Iterator[Filled]:
    """600 pictures with none to two captions each, English or Chinese."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    yield fill(engine, rows=600)
    engine.dispose()


def direction(seed: int = 2) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).standard_normal(24)]


def by_words(engine: Engine, query: str, vector: list[float], **options: Any) -> list[tuple[int, float]]:
    found = Searcher(engine).search_hybrid(
        query, query_vector=vector, vector_weight=0, max_results=1000, **options
    )
    return [(match.image_id, match.score) for match in found]


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.3, 2.0), (5.0, 0.5)])
@pytest.mark.parametrize("query", ["a red truck", "dogs in the snow", "红色的狗"])
def test_the_score_is_the_weighted_sum_of_reciprocal_ranks(
    filled: Filled, query: str, weights: tuple[float, float]
) -> None:
    searcher, vector = Searcher(filled.engine), direction()
    text_weight, vector_weight = weights
    nearest = [match.image_id for match in searcher.search(vector, max_results=100)]
    words = by_words(filled.engine, query, vector)
    scores = dict.fromkeys([*nearest, *(image_id for image_id, _ in words)], 0.0)
    captioned = {p.image_id for p in filled.pictures if p.captions}
    for place, image_id in enumerate(nearest, start=1):
        scores[image_id] += vector_weight / (60 + place)
        if image_id not in captioned:
            scores[image_id] += text_weight / (60 + place)
    for image_id, reciprocal in words:  # with a weight of 1 the score is 1 / (60 + rank)
        scores[image_id] += text_weight * reciprocal
    expected = sorted(scores.items(), key=lambda pair: (-round(pair[1], 12), pair[0]))[:10]
    found = searcher.search_hybrid(
        query, query_vector=vector, text_weight=text_weight, vector_weight=vector_weight
    )
    assert [match.image_id for match in found] == [image_id for image_id, _ in expected]
    assert [match.score for match in found] == pytest.approx([score for _, score in expected])
    similarity = dict(
        zip((p.image_id for p in filled.pictures), filled.similarities(vector).tolist(), strict=True)
    )
    assert [m.similarity for m in found] == pytest.approx([similarity[m.image_id] for m in found], abs=2e-3)
    assert [match.rank for match in found] == list(range(1, 11))


def test_rare_words_and_captions_that_agree_count_more(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    captions = [
        ["a red truck"],  # both words: (1/2 + 1/2) ln 2.5
        ["a red car"],  # 1/2 ln 2.5
        ["a blue truck", "the trucks"],  # the same word twice: 2/3 ln 2.5
        ["a house"],
        [],
    ]
    writes = [
        picture(str(number), UP, captions=[(body, "en") for body in bodies])
        for number, bodies in enumerate(captions)
    ]
    write(engine, model, writes)
    assert by_words(engine, "red truck", UP) == [(1, 1 / 61), (3, 1 / 62), (2, 1 / 63)]
    with engine.connect() as connection:
        scores = connection.exec_driver_sql(
            "select image_id, score / ln(2.5::float8) from clipsql_private.rank_words("
            "'a red truck', '', null, clipsql_private.resolve_model(null)) order by 1"
        ).all()
    assert dict(scores) == pytest.approx({1: 1, 2: 1 / 2, 3: 2 / 3})


def test_equal_captions_have_equal_ranks_and_vectors_decide(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    vectors = ([0, 1, 0], [1, 0.2, 0], [1, 0, 0], [0, 0, 1])
    write(engine, model, [picture(str(n), v, captions=[("a dog", "en")]) for n, v in enumerate(vectors)])
    assert by_words(engine, "dog", UP) == [(image_id, 1 / 61) for image_id in (1, 2, 3, 4)]
    fused = Searcher(engine).search_hybrid("dog", query_vector=UP)
    assert [match.image_id for match in fused] == [3, 2, 1, 4]


def test_a_picture_without_captions_still_ranks_by_its_vector(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    write(
        engine,
        model,
        [
            picture("bare", [1, 0, 0]),
            picture("far", [0, 1, 0], captions=[("a dog", "en")]),
            picture("near", [1, 0.1, 0], captions=[("a cat", "en")]),
        ],
    )
    found = Searcher(engine).search_hybrid("dog", query_vector=UP)
    assert [match.url for match in found] == ["bare", "far", "near"]
    assert found[0].score == pytest.approx(2 / 61)


def test_stop_words_alone_leave_the_order_to_the_vectors(filled: Filled) -> None:
    searcher, vector = Searcher(filled.engine), direction()
    found = searcher.search_hybrid("of the", query_vector=vector, only_images=list(range(1, 50)))
    captioned = {p.image_id for p in filled.pictures if p.captions}
    expected = [m.image_id for m in searcher.search(vector, only_images=list(range(1, 50)), max_results=49)]
    for part in (captioned, set(range(1, 50)) - captioned):
        assert [m.image_id for m in found if m.image_id in part] == [
            i for i in expected if i in part and i in {m.image_id for m in found}
        ]


def test_chinese_is_found_by_neighbouring_characters(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    bodies = ["路上有一辆红色卡车", "红花", "车上有卡", "卡车"]
    write(engine, model, [picture(body, UP, captions=[(body, "zh")]) for body in bodies])
    assert [image_id for image_id, _ in by_words(engine, "红色的卡车", UP)] == [1, 4]
    assert [image_id for image_id, _ in by_words(engine, "花", UP)] == [2]


def test_words_are_stemmed_in_the_language_of_the_caption(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    write(
        engine,
        model,
        [
            picture("en", UP, captions=[("two dogs running", "en")]),
            picture("de", UP, captions=[("zwei Hunde rennen", "de")]),
        ],
    )
    assert [image_id for image_id, _ in by_words(engine, "a dog runs", UP)] == [1]
    assert [image_id for image_id, _ in by_words(engine, "ein Hund", UP)] == [2]


@pytest.mark.parametrize("max_results", [1, 30, 600, 5000])
def test_as_many_come_as_match(filled: Filled, max_results: int) -> None:
    found = Searcher(filled.engine).search_hybrid(
        "red truck", query_vector=direction(), max_results=max_results
    )
    assert len(found) == len({match.image_id for match in found}) == min(600, max_results)
    scores = [match.score for match in found]
    assert scores == sorted(scores, reverse=True)


def test_filters_hold_for_both_halves(filled: Filled) -> None:
    searcher = Searcher(filled.engine)
    facts = {"night": True}
    night = {p.image_id for p in filled.pictures if p.metadata["night"]}
    for weights in ({}, {"vector_weight": 0.0}, {"text_weight": 0.0}):
        found = searcher.search_hybrid(
            "red truck", query_vector=direction(), having_metadata=facts, max_results=50, **weights
        )
        assert len(found) == 50
        assert {match.image_id for match in found} <= night
    near = searcher.search_hybrid("red truck", query_vector=direction(), min_similarity=0.1, max_results=600)
    similar = (filled.similarities(direction()) >= 0.1).sum()
    assert all(match.similarity >= 0.1 for match in near)
    assert 0 < len(near) <= similar
    far = searcher.search_hybrid("red truck", query_vector=direction(), in_collection="中文", max_results=600)
    assert {m.image_id for m in far} == {p.image_id for p in filled.pictures if p.collection == "中文"}


def test_pictures_without_an_embedding_are_left_out(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    write(engine, model, [picture("one", UP, captions=[("a dog", "en")])])
    with engine.begin() as connection:
        connection.exec_driver_sql("insert into clipsql.image (collection, url) values ('c', 'pending')")
        connection.exec_driver_sql(
            "insert into clipsql.caption (image_id, body)"
            " select image_id, 'a dog' from clipsql.image where url = 'pending'"
        )
    assert [match.url for match in Searcher(engine).search_hybrid("dog", query_vector=UP)] == ["one"]


def test_the_database_embeds_the_query_itself(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    write(engine, model, [picture("one", UP), picture("two", [0, 1, 0])])
    remember_texts(engine, model, {"dog": np.array([0, 1, 0], np.float32)})
    assert [match.url for match in Searcher(engine).search_hybrid("dog")] == ["two", "one"]
    matches = orm.search_hybrid("dog", max_results=1, model=model.name)
    with engine.connect() as connection:
        row = connection.execute(sa.select(matches.c.url, matches.c.score)).one()
    assert row == ("two", pytest.approx(2 / 61))


@pytest.mark.parametrize(
    "query",
    ['it\'s "a\\b" & | ! ( : * <-> red', "'; drop table red --", "red " * 1250, "\x01\x7f red", "😀 red"],
)
def test_a_query_is_words_and_never_syntax(filled: Filled, query: str) -> None:
    assert by_words(filled.engine, query, direction())[0] == by_words(filled.engine, "red", direction())[0]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({"query": "  "}, errors.InvalidText, id="blank"),
        pytest.param({"text_weight": -1.0}, errors.InvalidArgument, id="negative weight"),
        pytest.param({"vector_weight": float("nan")}, errors.InvalidArgument, id="no number"),
        pytest.param({"vector_weight": float("inf")}, errors.InvalidArgument, id="infinite weight"),
        pytest.param({"text_weight": 0.0, "vector_weight": 0.0}, errors.InvalidArgument, id="no weight"),
        pytest.param({"max_results": 0}, errors.InvalidArgument, id="no results"),
        pytest.param({"min_similarity": -2.0}, errors.InvalidArgument, id="similarity below -1"),
        pytest.param({"query_vector": [1.0, 2.0]}, errors.InvalidVector, id="another model's vector"),
        pytest.param({"query_vector": [0.0] * 24}, errors.InvalidVector, id="zero vector"),
        pytest.param({"model": "nobody"}, errors.UnknownModel, id="unknown model"),
    ],
)
def test_impossible_arguments_are_refused(
    filled: Filled, options: dict[str, Any], error: type[Exception]
) -> None:
    arguments: dict[str, Any] = {"query": "red", "query_vector": direction(), **options}
    with pytest.raises(error):
        Searcher(filled.engine).search_hybrid(**arguments)
