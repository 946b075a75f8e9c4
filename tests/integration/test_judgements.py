"""Matching, zero-shot labels and captions by retrieval: equal to brute force, under filters, for readers, always."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from integration.filling import new_model, picture, unit_vectors, write
from integration.sessions import set_for_session
from sqlalchemy.engine import URL, Engine

from clipsql import Searcher, errors, orm
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.models import ModelRow
from clipsql.db.text_towers import remember_texts

DIMENSIONS = 16
SCALE = 100.0  # what new_model registers
LABELS = ("dog", "cat", "truck")
TEMPLATES = ("a photo of a {}", "a drawing of a {}")
Vectors = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, kw_only=True)
class World:
    """Pictures 1 to n, two captions each: caption `k` of picture `n` is captions[n - 1][k]."""

    engine: Engine
    model: ModelRow
    images: Vectors
    captions: Sequence[Sequence[str]]
    caption_vectors: Vectors  # (pictures, 2, dimensions)
    texts: dict[str, Vectors]


def halved(vectors: Any) -> Vectors:
    """As half precision keeps them."""
    return np.asarray(vectors).astype(np.float16).astype(np.float64)


def build(engine: Engine, *, pictures: int, seed: int = 5, is_indexed: bool = True) -> World:
    random = np.random.default_rng(seed)
    model = new_model(engine, dimensions=DIMENSIONS)
    images = unit_vectors(random, pictures, DIMENSIONS)
    spoken = unit_vectors(random, 2 * pictures, DIMENSIONS).reshape(pictures, 2, DIMENSIONS)
    # Every fifth picture shares its first caption with others, as templates do; equal texts have equal vectors.
    for number in range(pictures):
        if number % 5 == 0:
            spoken[number, 0] = spoken[0, 0]
    captions = [
        ("a shared caption" if number % 5 == 0 else f"caption {number}", f"第{number}句")
        for number in range(pictures)
    ]
    writes = [
        replace(
            picture(str(number), images[number], metadata={"third": number % 3 == 0}),
            new_captions=[
                (captions[number][0], "en", spoken[number, 0]),
                (captions[number][1], "zh", spoken[number, 1]),
            ],
        )
        for number in range(pictures)
    ]
    ids = write(engine, model, writes)
    assert [ids[str(number)] for number in range(pictures)] == list(range(1, pictures + 1))
    texts = [prompt.replace("{}", label) for label in LABELS for prompt in (*TEMPLATES, "{}")]
    vectors = dict(zip(texts, unit_vectors(random, len(texts), DIMENSIONS), strict=True))
    remember_texts(engine, model, vectors)
    if is_indexed:
        for table in ("image_embedding", "caption_embedding"):
            ensure_index(engine, model, table=table)
    return World(
        engine=engine,
        model=model,
        images=halved(images),
        captions=captions,
        caption_vectors=halved(spoken),
        texts={text: halved(vector) for text, vector in vectors.items()},
    )


@pytest.fixture(scope="module")
def world(new_database: Callable[..., URL], template: str) -> Iterator[World]:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    yield build(engine, pictures=120)
    engine.dispose()


def cosines(rows: Vectors, query: Vectors) -> Vectors:
    return np.asarray(rows @ query / np.linalg.norm(rows, axis=-1) / np.linalg.norm(query))


def directions(world: World, templates: Sequence[str]) -> Vectors:
    means = [
        np.mean([world.texts[template.replace("{}", label)] for template in templates], axis=0)
        for label in LABELS
    ]
    return np.stack([mean / np.linalg.norm(mean) for mean in means])


def probabilities(world: World, templates: Sequence[str]) -> Vectors:
    """Shape (pictures, labels), by numpy."""
    logits = SCALE * np.stack([cosines(world.images, one) for one in directions(world, templates)], axis=1)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


# Image-text matching.


def test_a_match_is_the_cosine_that_a_search_returns(world: World) -> None:
    searcher = Searcher(world.engine)
    found = searcher.match(17, "dog")
    assert found == pytest.approx(float(cosines(world.images[16], world.texts["dog"])), abs=1e-3)
    [by_search] = searcher.search_text("dog", only_images=[17])
    assert found == by_search.similarity


def test_a_match_with_no_text_is_unknown(world: World) -> None:
    with world.engine.connect() as connection:
        assert connection.exec_driver_sql("select clipsql.match(1, null)").scalar_one() is None


@pytest.mark.parametrize(
    ("call", "error"),
    [
        pytest.param(lambda s: s.match(999, "dog"), errors.UnknownImage, id="unknown picture"),
        pytest.param(lambda s: s.match(1, " "), errors.InvalidText, id="blank text"),
        pytest.param(lambda s: s.match(1, "a zebra"), errors.TextEncoderUnavailable, id="no text tower"),
        pytest.param(
            lambda s: s.classify(999, LABELS), errors.UnknownImage, id="labels of an unknown picture"
        ),
        pytest.param(
            lambda s: s.suggest_captions(999), errors.UnknownImage, id="captions for an unknown picture"
        ),
        pytest.param(lambda s: s.suggest_captions(1, max_results=0), errors.InvalidArgument, id="no results"),
        pytest.param(
            lambda s: s.suggest_captions(1, min_similarity=1.5),
            errors.InvalidArgument,
            id="similarity above 1",
        ),
        pytest.param(
            lambda s: s.search_captions([1.0] * 3), errors.InvalidVector, id="another model's vector"
        ),
        pytest.param(lambda s: s.search_captions([0.0] * 16), errors.InvalidVector, id="zero vector"),
        pytest.param(
            lambda s: s.search_captions([1.0] * 16, max_results=-1),
            errors.InvalidArgument,
            id="fewer than none",
        ),
        pytest.param(
            lambda s: s.classify_images(LABELS, near_longitude=3.0), errors.InvalidArgument, id="half a place"
        ),
    ],
)
def test_what_cannot_be_judged_says_why(
    world: World, call: Callable[[Searcher], Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        call(Searcher(world.engine))


def test_an_unknown_model_is_named(world: World) -> None:
    with pytest.raises(errors.UnknownModel, match="nobody"):
        Searcher(world.engine, model="nobody").match(1, "dog")


# Zero-shot labels.


@pytest.mark.parametrize(
    ("options", "templates"),
    [
        pytest.param({}, ["a photo of a {}"], id="the default template"),
        pytest.param({"template": "a drawing of a {}"}, ["a drawing of a {}"], id="another template"),
        pytest.param({"template": "{}"}, ["{}"], id="labels alone"),
        pytest.param({"templates": TEMPLATES}, TEMPLATES, id="two templates averaged"),
    ],
)
def test_labels_have_the_probabilities_of_brute_force(
    world: World, options: dict[str, Any], templates: Sequence[str]
) -> None:
    searcher = Searcher(world.engine)
    expected = probabilities(world, templates)
    for image_id in (1, 60, 120):
        found = searcher.classify(image_id, LABELS, **options)
        assert {one.label: one.probability for one in found} == pytest.approx(
            dict(zip(LABELS, expected[image_id - 1], strict=True)), abs=5e-3
        )
        assert [one.probability for one in found] == sorted((one.probability for one in found), reverse=True)
    best = searcher.classify_images(LABELS, **options)
    assert [one.image_id for one in best] == list(range(1, 121))
    assert [LABELS.index(one.label) for one in best] == expected.argmax(axis=1).tolist()
    assert [one.probability for one in best] == pytest.approx(expected.max(axis=1), abs=5e-3)


def test_many_pictures_are_labelled_as_each_alone(world: World) -> None:
    searcher = Searcher(world.engine)
    some = searcher.classify_images(LABELS, only_images=[3, 77, 5])
    assert [one.image_id for one in some] == [3, 5, 77]
    for one in some:
        best = searcher.classify(one.image_id, LABELS)[0]
        assert (one.label, one.probability) == (best.label, best.probability)


def test_only_pictures_that_pass_the_filters_are_labelled(world: World) -> None:
    found = Searcher(world.engine).classify_images(LABELS, having_metadata={"third": True}, except_images=[1])
    assert [one.image_id for one in found] == list(range(4, 121, 3))
    assert Searcher(world.engine).classify_images(LABELS, only_images=[121]) == []


def test_extreme_cosines_give_a_probability_all_the_same(world: World) -> None:
    with world.engine.connect() as connection:
        rows = (
            connection.exec_driver_sql(
                "select probability from clipsql_private.label_probabilities("
                "'[1,0]', array['[1,0]', '[-1,0]', '[0,1]']::halfvec[], 1e6) order by label_number"
            )
            .scalars()
            .all()
        )
    assert rows[0] == 1
    assert all(0 <= row < 1e-300 for row in rows[1:])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param("'{}'", "two labels or more", id="no label"),
        pytest.param("null", "two labels or more", id="null for labels"),
        pytest.param("'{dog}'", "use clipsql.match", id="one label"),
        pytest.param("'{dog,null}'", "no null among its labels", id="a null label"),
        pytest.param("'{dog,\" \"}'", "no empty text among its labels", id="a blank label"),
        pytest.param("'{{dog,cat},{truck,bus}}'", "one-dimensional", id="a matrix of labels"),
        pytest.param("'{dog,cat,dog}'", "mean the same", id="a label twice"),
        pytest.param("'{dog,cat,\"DOG \"}'", "mean the same", id="a label twice but for case"),
        pytest.param("'{dog,cat}', template => 'a photo'", "has no {}", id="a template without a place"),
        pytest.param("'{dog,cat}', templates => '{}'", "at least one text", id="no template"),
        pytest.param("'{dog,cat}', templates => array['a {}', null]", "no null", id="a null template"),
        pytest.param("'{dog,cat}', templates => array['a {}', 'b']", "has no {}", id="one without a place"),
    ],
)
@pytest.mark.parametrize("function", ["classify(1, ", "classify_images("])
def test_labels_that_cannot_be_told_apart_are_refused(
    world: World, function: str, arguments: str, reason: str
) -> None:
    with world.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match=reason) as caught:
        connection.exec_driver_sql(f"select * from clipsql.{function}{arguments})")
    assert getattr(caught.value.orig, "sqlstate", None) == "CQ004"


# Captions by retrieval.


def nearest_captions(
    world: World, query: Vectors, keeps: Callable[[int], bool]
) -> list[tuple[str, float, int]]:
    """(caption, similarity, picture), nearest first, by numpy."""
    similarity = cosines(world.caption_vectors, query)
    return sorted(
        (
            (world.captions[number][which], float(similarity[number, which]), number + 1)
            for number in range(len(world.captions))
            for which in range(2)
            if keeps(number + 1)
        ),
        key=lambda row: (-row[1], row[2]),
    )


@pytest.mark.parametrize(
    ("options", "keeps"),
    [
        pytest.param({}, lambda _: True, id="no filter"),
        pytest.param({"having_metadata": {"third": True}}, lambda i: i % 3 == 1, id="a filter"),
        pytest.param({"except_images": [2, 3]}, lambda i: i not in (2, 3), id="some left out"),
        pytest.param({"caption_query": "第7句"}, lambda i: i == 8, id="one picture"),
    ],
)
def test_captions_are_found_as_by_brute_force(
    world: World, options: dict[str, Any], keeps: Callable[[int], bool]
) -> None:
    query = np.linspace(-1, 1, DIMENSIONS)
    found = Searcher(world.engine).search_captions(query, max_results=30, **options)
    expected = nearest_captions(world, query, keeps)[:30]
    assert [one.rank for one in found] == list(range(1, len(expected) + 1))
    assert [one.similarity for one in found] == pytest.approx([row[1] for row in expected], abs=2e-3)
    assert {one.caption for one in found} >= {row[0] for row in expected[:-2]}
    assert all(world.captions[one.image_id - 1].count(one.caption) for one in found)


def test_suggestions_are_of_others_and_each_text_comes_once(world: World) -> None:
    searcher = Searcher(world.engine)
    for image_id in (1, 6, 7):
        query = world.images[image_id - 1]
        first: dict[str, float] = {}
        for caption, similarity, _ in nearest_captions(world, query, lambda i, me=image_id: i != me):
            first.setdefault(caption, similarity)
        found = searcher.suggest_captions(image_id, max_results=40)
        assert [one.caption for one in found] == list(first)[:40]
        assert [one.similarity for one in found] == pytest.approx(list(first.values())[:40], abs=2e-3)
        assert image_id not in {one.image_id for one in found}


def test_all_texts_are_suggested_when_fewer_than_asked(world: World) -> None:
    found = Searcher(world.engine).suggest_captions(2, max_results=1000)
    assert len(found) == 120 - 24 - 1 + 1 + 119  # those of its own apart
    near = Searcher(world.engine).suggest_captions(2, max_results=1000, min_similarity=0.2)
    assert near == [one for one in found if one.similarity >= 0.2]
    assert 0 < len(near) < len(found)


def test_a_hundred_captions_alike_do_not_crowd_out_the_others(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    writes = [
        replace(
            picture(str(n), [1, 0, 0]), new_captions=[("the same", "en", np.array([1, 0.01, 0], np.float32))]
        )
        for n in range(100)
    ]
    writes += [
        replace(picture("odd", [0, 1, 0]), new_captions=[("another", "en", np.array([0, 1, 0], np.float32))])
    ]
    write(engine, model, writes)
    ensure_index(engine, model, table="caption_embedding")
    assert [one.caption for one in Searcher(engine).suggest_captions(1, max_results=2)] == [
        "the same",
        "another",
    ]


def test_a_walk_through_the_index_of_captions_is_complete_and_near(
    new_database: Callable[..., URL], template: str
) -> None:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    world = build(engine, pictures=1500)
    searcher = Searcher(engine)
    hits = 0
    for query in unit_vectors(np.random.default_rng(9), 20, DIMENSIONS):
        found = searcher.search_captions(query)
        expected = nearest_captions(world, query, lambda _: True)[:10]
        assert len({one.caption_id for one in found}) == 10
        hits += len({one.caption for one in found} & {row[0] for row in expected})
        tenth = expected[-1][1]
        assert found[-1].similarity > tenth - 0.05
    assert hits / 200 >= 0.95
    assert len(searcher.search_captions(query, max_results=3000)) == 3000
    engine.dispose()


# Sessions, readers, other clients.

QUERIES = (
    "select clipsql.match(3, 'dog')",
    "select * from clipsql.classify(3, '{dog,cat,truck}')",
    "select * from clipsql.classify_images('{dog,cat,truck}', having_metadata => '{\"third\": true}')",
    "select * from clipsql.suggest_captions(3)",
    "select * from clipsql.suggest_captions(3, except_images => '{4}')",
    "select * from clipsql.search_captions(clipsql.image_vector(3))",
    "select * from clipsql.search_hybrid('caption 7', query_vector => clipsql.image_vector(3))",
)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"enable_seqscan": "off", "enable_sort": "off"}, id="no sequential scans or sorts"),
        pytest.param({"enable_indexscan": "off", "enable_bitmapscan": "off"}, id="no index scans"),
        pytest.param({"plan_cache_mode": "force_generic_plan"}, id="generic plans"),
        pytest.param({"search_path": ""}, id="empty search_path"),
        pytest.param({"default_transaction_read_only": "on"}, id="read-only"),
        pytest.param({"hnsw.ef_search": "1", "hnsw.iterative_scan": "off"}, id="poor hnsw settings"),
        pytest.param(
            {"debug_parallel_query": "on", "parallel_setup_cost": "0", "min_parallel_table_scan_size": "0"},
            id="parallel everywhere",
        ),
    ],
)
def test_no_session_setting_changes_a_judgement(world: World, settings: dict[str, str]) -> None:
    url = world.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as plain, psycopg.connect(url) as odd:
        set_for_session(odd, settings)
        for query in QUERIES:
            expected = plain.execute(query.encode()).fetchall()
            assert expected
            assert odd.execute(query.encode()).fetchall() == expected


def test_a_reader_gets_no_judgement_of_hidden_pictures(engine: Engine) -> None:
    world = build(engine, pictures=9)
    role = f"clipsql_test_judge_{engine.url.database}"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in (
            f'create role "{role}"',
            f'grant clipsql_reader to "{role}"',
            "alter table clipsql.image enable row level security",
            "create policy odd on clipsql.image for select to clipsql_reader using (mod(image_id, 2) = 1)",
            f'set role "{role}"',
        ):
            connection.exec_driver_sql(statement)
        ask = connection.exec_driver_sql
        try:
            labels = ask("select image_id from clipsql.classify_images('{dog,cat}')").scalars().all()
            assert labels == [1, 3, 5, 7, 9]
            for query in (
                "select image_id from clipsql.suggest_captions(1, 100)",
                "select image_id from clipsql.search_captions(clipsql.image_vector(1), 100)",
                "select image_id from clipsql.search_hybrid('caption', 100, query_vector => clipsql.image_vector(1))",
            ):
                found = ask(query).scalars().all()
                assert found
                assert all(image_id % 2 == 1 for image_id in found), query
            for call in ("match(2, 'dog')", "classify(2, '{dog,cat}')", "suggest_captions(2)"):
                with pytest.raises(sa.exc.DBAPIError, match="There is no image 2"):
                    ask(f"select clipsql.{call}")
        finally:
            ask("reset role")
            ask(f'drop role "{role}"')
    assert len(world.captions) == 9


def test_judgements_join_with_an_applications_own_tables(world: World) -> None:
    labels = orm.classify_images(LABELS, having_metadata={"third": True})
    with world.engine.connect() as connection:
        urls = connection.execute(
            sa.select(orm.Image.url, labels.c.label)
            .join(labels, labels.c.image_id == orm.Image.image_id)
            .order_by(labels.c.image_id)
        ).all()
        assert [url for url, _ in urls] == [str(number) for number in range(0, 120, 3)]
        fits = connection.execute(
            sa.select(orm.Image.image_id).order_by(orm.match(orm.Image.image_id, "dog").desc()).limit(3)
        ).scalars()
        assert list(fits) == [
            found.image_id for found in Searcher(world.engine).search_text("dog", max_results=3)
        ]
