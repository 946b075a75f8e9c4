"""Learned fusions: what is learned is applied in SQL as it was fitted, said to be better only where it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from integration.filling import new_model, picture, unit_vectors, write
from sqlalchemy.engine import URL, Engine

from clipsql import Searcher, errors
from clipsql.cli import main
from clipsql.db.engine import create_engine, database_errors
from clipsql.db.models import ModelRow
from clipsql.db.text_towers import remember_texts
from clipsql.fusing.combiners import Combiner
from clipsql.fusing.fitting import Examples, fit_fusion
from clipsql.fusing.learning import learn_fusion

DIMENSIONS = 12
TEXTS = [f"text {number}" for number in range(8)]
Clipsql = Callable[..., Result]


@dataclass(frozen=True, kw_only=True)
class World:
    """Pictures 1 to n whose vectors follow a picture and a text by a rule that is no weighted sum."""

    engine: Engine
    url: str
    model: ModelRow
    vectors: np.ndarray[Any, np.dtype[np.float32]]
    texts: np.ndarray[Any, np.dtype[np.float32]]
    triplets: list[tuple[int, str, int]]


@pytest.fixture(scope="module")
def world(new_database: Callable[..., URL], template: str) -> Iterator[World]:
    url = new_database(template=template).render_as_string(hide_password=False)
    engine = create_engine(url)
    random = np.random.default_rng(2)
    model = new_model(engine, dimensions=DIMENSIONS)
    texts = unit_vectors(random, len(TEXTS), DIMENSIONS)
    asked = unit_vectors(random, 300, DIMENSIONS)
    turn = np.linalg.qr(random.standard_normal((DIMENSIONS, DIMENSIONS)))[0]
    said = random.integers(0, len(TEXTS), 300)
    wanted = asked @ turn + 0.8 * texts[said] + 0.05 * random.standard_normal(asked.shape)
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    vectors = np.vstack([asked, wanted]).astype(np.float16).astype(np.float32)
    write(engine, model, [picture(f"https://a.example/{n}.jpg", vector) for n, vector in enumerate(vectors)])
    remember_texts(engine, model, dict(zip(TEXTS, texts, strict=True)))
    triplets = [(n + 1, TEXTS[said[n]], n + 301) for n in range(300)]
    yield World(engine=engine, url=url, model=model, vectors=vectors, texts=texts, triplets=triplets)
    engine.dispose()


def not_asked(texts: Sequence[str]) -> Any:
    raise AssertionError(texts)


@pytest.fixture
def run(world: World) -> Clipsql:
    return lambda *words, **options: CliRunner().invoke(
        main, [str(word) for word in words], env={"CLIPSQL_DATABASE_URL": world.url}, **options
    )


@pytest.fixture(scope="module")
def linear(world: World) -> World:
    fitted = learn_fusion(world.engine, world.model, "turned", world.triplets, encode_texts=not_asked)
    assert fitted.is_better
    assert fitted.kind.startswith("ridge")
    assert fitted.gain_low > 0.3
    assert fitted.fusion_rank > fitted.weighted_sum_rank >= fitted.average_rank - 0.05
    return world


def layers_of(world: World, name: str) -> Combiner:
    """The combiner as its rows have it."""
    with world.engine.connect() as connection:
        fusion_id, picture_weight, text_weight = connection.execute(
            sa.text("select fusion_id, picture_weight, text_weight from clipsql.fusion where name = :name"),
            {"name": name},
        ).one()
        rows = connection.exec_driver_sql(
            f"select layer, weights::text from clipsql_private.fusion_row where fusion_id = {fusion_id}"
            " order by layer, number"
        ).all()
    layers = {
        layer: [json.loads(w) for number, w in rows if number == layer] for layer in {row[0] for row in rows}
    }
    return Combiner(
        picture_weight, text_weight, tuple(np.array(layers[one], np.float32) for one in sorted(layers))
    )


def expected(world: World, name: str, image: int, text: str, *, count: int) -> list[tuple[int, float]]:
    combiner = layers_of(world, name)
    direction = combiner(world.vectors[[image - 1]], world.texts[[TEXTS.index(text)]])[0]
    lengths = np.linalg.norm(world.vectors, axis=1)
    similarities = world.vectors @ direction / lengths
    order = [place for place in np.argsort(-similarities, kind="stable") if place != image - 1][:count]
    return [(int(place) + 1, float(similarities[place])) for place in order]


def same(matches: list[Any], wanted: list[tuple[int, float]]) -> None:
    assert [match.image_id for match in matches] == [image for image, _ in wanted]
    assert np.allclose([match.similarity for match in matches], [value for _, value in wanted], atol=2e-3)


@pytest.mark.parametrize("query", ["image:7 + text 3", "text 3 + image:7"])
def test_a_query_is_fused_in_sql_as_it_was_fitted(linear: World, query: str) -> None:
    found = Searcher(linear.engine).search_query(query, fusion="turned", max_results=8)
    same(found, expected(linear, "turned", 7, "text 3", count=8))


def test_a_hidden_layer_is_applied_as_it_was_fitted(world: World) -> None:
    random = np.random.default_rng(5)
    layers = [random.standard_normal((6, 2 * DIMENSIONS + 1)), random.standard_normal((DIMENSIONS, 7))]
    with world.engine.begin() as connection:
        ((fusion_id,),) = connection.exec_driver_sql(
            "insert into clipsql.fusion (model_id, name, kind, picture_weight, text_weight, examples, average_rank,"
            " weighted_sum_rank, fusion_rank, gain_low, gain_high, is_better)"
            " values (1, 'hidden', 'hidden layer', 0.3, 0.7, 9, 0, 0, 0, 0, 0, false) returning fusion_id"
        ).all()
        for depth, layer in enumerate(layers, start=1):
            for number, weights in enumerate(layer, start=1):
                connection.exec_driver_sql(
                    "insert into clipsql_private.fusion_row"
                    f" values ({fusion_id}, {depth}, {number}, '{weights.tolist()}')"
                )
    assert len(layers_of(world, "hidden").layers) == 2
    found = Searcher(world.engine).search_query("image:7 + text 3", fusion="hidden", max_results=8)
    same(found, expected(world, "hidden", 7, "text 3", count=8))


def test_vectors_are_fused_at_unit_length_and_in_json_too(linear: World) -> None:
    searcher = Searcher(linear.engine)
    wanted = expected(linear, "turned", 7, "text 3", count=3)
    with psycopg.connect(linear.url) as connection:
        rows = connection.execute(
            "select s.image_id from clipsql.search_vectors("
            " array[clipsql.image_vector(7), clipsql.mix(array[clipsql.embed_text('text 3')], '{5}')],"
            " fusion => 'turned', except_images => '{7}', max_results => 3) as s order by s.rank"
        ).fetchall()
    assert [image for (image,) in rows] == [image for image, _ in wanted]
    answer = searcher.search_request({"query": "image:7 + text 3", "fusion": "turned", "max_results": 3})
    assert [match["id"] for match in answer["matches"]] == [image for image, _ in wanted]


@pytest.mark.parametrize(
    ("query", "fusion", "said"),
    [
        pytest.param(
            "image:7 + text 3",
            "none",
            "or a learned one of model tests/random: turned, not",
            id="unknown",
        ),
        pytest.param("image:7 + text 3", "x" * 201, "fusion takes at most 200 characters", id="long"),
        pytest.param("image:7", "turned", "Fusion turned joins the vector of a picture", id="one term"),
        pytest.param("image:7 + text 3 + text 4", "turned", "give these two", id="three terms"),
        pytest.param("image:7 + 2*text 3", "turned", "without weights", id="a weight"),
        pytest.param("image:7 - text 3", "turned", "without weights", id="a negative term"),
        pytest.param("text 3 + text 4", "turned", 'write it as in: image:42 + "red truck"', id="two texts"),
        pytest.param(
            "image:7 + image:8", "turned", 'write it as in: image:42 + "red truck"', id="two pictures"
        ),
    ],
)
def test_what_a_fusion_cannot_join_is_told(linear: World, query: str, fusion: str, said: str) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        Searcher(linear.engine).search_query(query, fusion=fusion)
    assert said in str(caught.value)


def test_what_does_not_beat_the_weighted_sum_is_kept_and_says_so(
    run: Clipsql, linear: World, tmp_path: Path
) -> None:
    random = np.random.default_rng(4)
    file = tmp_path / "chance.csv"
    rows = [f"{n + 1},{TEXTS[random.integers(8)]},{random.integers(301, 601)}" for n in range(200)]
    file.write_text("picture,text,wanted\n" + "\n".join(rows))
    done = run("fusion", "fit", file, "--collection", "c", "--name", "chance")
    assert done.exit_code == 0, done.output
    assert "It does not surely beat the weighted sum" in done.stdout
    listed = [json.loads(line) for line in run("fusion", "list", "--json").stdout.splitlines()]
    assert {one["name"]: one["is_better"] for one in listed if one["name"] != "hidden"} == {
        "chance": False,
        "turned": True,
    }
    assert Searcher(linear.engine).search_query("image:7 + text 3", fusion="chance")
    with pytest.raises(errors.InvalidArgument) as caught:
        Searcher(linear.engine).search_query("image:7 + text 3", fusion="none")
    assert "chance" not in str(caught.value)
    assert "fusion rank" in run("fusion", "show", "chance").stdout
    assert "Fusion chance is removed." in run("fusion", "remove", "chance", "--yes").stdout
    gone = run("fusion", "show", "chance")
    assert 'has no learned fusion "chance"; it has: ' in gone.stderr
    with linear.engine.connect() as connection:
        orphans = connection.exec_driver_sql(
            "select count(*) from clipsql_private.fusion_row"
            " where fusion_id not in (select fusion_id from clipsql.fusion)"
        ).scalar_one()
    assert orphans == 0


def test_triplets_name_pictures_as_lists_do_and_bad_ones_are_told(
    run: Clipsql, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "triplets.jsonl"
    rows: list[Any] = [
        {"picture": f"{one - 1}.jpg", "text": text, "wanted": f"https://a.example/{other - 1}.jpg"}
        for one, text, other in world.triplets
    ]
    bad: list[Any] = [
        {"picture": "0.jpg", "text": " ", "wanted": "1.jpg"},
        {"picture": "gone.jpg", "text": "text 1", "wanted": "1.jpg"},
        [1],
        {"picture": 0.5, "text": "text 1", "wanted": "1.jpg"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows + bad) + "{\n")
    done = run("fusion", "fit", file, "--collection", "c", "--name", "named")
    assert done.exit_code == 1
    assert "It beats the weighted sum" in done.stdout
    assert "to 300 examples" in done.stdout
    assert 'triplets.jsonl line 302 names "gone.jpg"' in done.stderr
    for line in (301, 303, 304, 305):
        assert f'triplets.jsonl line {line} is no example; write {{"picture"' in done.stderr
    assert "5 rows of" in done.stderr
    named, turned = layers_of(world, "named"), layers_of(world, "turned")
    assert np.allclose(named.layers[0], turned.layers[0], atol=1e-5)
    run("fusion", "remove", "named", "--yes")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--name", "f"), "Give TRIPLETS or --from-alerts", id="nothing"),
        pytest.param(("FILE", "--name", "f"), "Say by --collection", id="no collection"),
        pytest.param(("FILE", "--name", "f", "--from-alerts"), "one of the two", id="both"),
        pytest.param(
            ("FILE", "--name", "f", "--collection", "d"), 'no collection "d"', id="unknown collection"
        ),
        pytest.param(
            ("none.csv", "--name", "f", "--collection", "c"), "none.csv cannot be read: No such", id="no file"
        ),
        pytest.param(
            ("FILE", "--name", "f", "--collection", "c"), "There are 2 examples of 2 wanted", id="too few"
        ),
        pytest.param(
            ("FILE", "--name", "weighted sum", "--collection", "c"),
            'cannot be called "weighted sum"',
            id="name",
        ),
        pytest.param(
            ("ODD", "--name", "f", "--collection", "c"), "has no column text and none wanted", id="columns"
        ),
    ],
)
def test_what_cannot_be_fitted_is_told_in_one_line(
    run: Clipsql, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "few.csv").write_text("picture,text,wanted\n1,text 1,2\n2,text 1,3\n3,text 1,3\n")
    (tmp_path / "odd.csv").write_text("picture,caption\n1,text 1\n")
    files = {"FILE": str(tmp_path / "few.csv"), "ODD": str(tmp_path / "odd.csv")}
    done = run("fusion", "fit", *(files.get(word, word) for word in words))
    assert done.exit_code in (1, 2)
    assert said in done.stderr
    assert done.exit_code == 2 or done.stderr.count("\n") == 1


def test_right_alarms_are_examples(run: Clipsql, world: World) -> None:
    with psycopg.connect(world.url, autocommit=True) as connection:
        connection.execute("select clipsql.watch('w', query => 'text 1', min_similarity => -1)")
        connection.execute("select clipsql.watch('p', image => 1, min_similarity => -1)")
        connection.execute(
            "insert into clipsql.alert (watch_id, image_id, similarity, verdict)"
            " select w.watch_id, i.image_id, 0.5, case when mod(i.image_id, 5) <> 0 then i.image_id <> 7 end"
            " from clipsql.watch_list as w, clipsql.image as i where i.image_id <= 100 order by i.image_id"
        )
        done = run("fusion", "fit", "--from-alerts", "--name", "alarms", "--json")
        assert done.exit_code == 0, done.output
        assert (
            json.loads(done.stdout)["examples"] == 78
        )  # of 80 judged one was wrong, and the last has none after it
        run("fusion", "remove", "alarms", "--yes")
        connection.execute("select clipsql.unwatch('w'), clipsql.unwatch('p')")


def test_readers_fuse_and_fit_nothing(linear: World) -> None:
    with linear.engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql("set local role clipsql_reader")
        query = "select image_id from clipsql.search_query('image:7 + text 3', fusion => 'turned', max_results => 2)"
        assert len(connection.exec_driver_sql(query).all()) == 2
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), connection.begin_nested():
            connection.exec_driver_sql("delete from clipsql.fusion")
        transaction.rollback()


def test_a_fusion_goes_with_its_model(linear: World) -> None:
    with (
        database_errors(linear.engine),
        linear.engine.connect() as connection,
        connection.begin() as transaction,
    ):
        connection.exec_driver_sql(
            "delete from clipsql.image_embedding; delete from clipsql.model where model_id = 1"
        )
        assert connection.exec_driver_sql("select count(*) from clipsql_private.fusion_row").scalar_one() == 0
        transaction.rollback()


def test_no_fusion_is_said_to_be_better_by_what_it_has_seen(world: World) -> None:
    random = np.random.default_rng(8)
    # As many wanted pictures as a layer has inputs: it fits all that it sees, and nothing else.
    noise = Examples(
        pictures=unit_vectors(random, 60, 40),
        texts=unit_vectors(random, 60, 40),
        wanted=unit_vectors(random, 60, 40),
        wanted_ids=np.arange(60),
    )
    fitted = fit_fusion(noise)
    assert not fitted.is_better
    assert fitted.fusion < 0.25
    assert world.model.dimensions == DIMENSIONS


def test_texts_that_the_database_cannot_embed_are_encoded_by_the_model(world: World) -> None:
    unknown = [(one, f"never said {text}", other) for one, text, other in world.triplets]
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> Any:
        asked.extend(texts)
        return world.texts[[TEXTS.index(text.removeprefix("never said ")) for text in texts]]

    fitted = learn_fusion(world.engine, world.model, "unknown", unknown, encode_texts=encode)
    assert len(asked) == len(TEXTS)
    assert fitted.is_better
    with world.engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.fusion where name = 'unknown'")
