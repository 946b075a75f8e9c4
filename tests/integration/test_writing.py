"""Pictures from an application's own code: spaces for vectors made elsewhere, put, updated, removed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import psycopg
import pytest
from click.testing import Result
from integration.filling import new_model, unit_vectors
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql import errors
from clipsql.db.models import add_model, list_models
from clipsql.search.searcher import Searcher

VECTORS = unit_vectors(np.random.default_rng(5), 1000, 32)


@pytest.fixture
def pictures(engine: Engine) -> Searcher:
    """A searcher whose default model is a vector space of 4 dimensions."""
    Searcher(engine).add_model("made elsewhere", dimensions=4)
    return Searcher(engine)


def rows(engine: Engine, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(hide_password=False)) as c:
        return c.execute(statement.encode(), parameters).fetchall()


def best(query: int, *, among: int) -> list[float]:
    """The ten best cosines of one of VECTORS with the first of them, by numpy."""
    return sorted((VECTORS[:among] @ VECTORS[query]).tolist(), reverse=True)[:10]


# The whole life of a space, each time by one door alone; recall is that of numpy.


def test_the_life_of_a_space_in_sql_alone(engine: Engine) -> None:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as sql:
        sql.execute("select clipsql.add_model('space', 32)")
        sql.cursor().executemany(
            "select clipsql.put_image('shop', %s, %s::vector, metadata => %s::jsonb)",
            [(f"id:{n}", str(vector.tolist()), json.dumps({"n": n})) for n, vector in enumerate(VECTORS)],
        )
        stats = "select images, embedded, pending, failed from clipsql.collection_stats where model = 'space'"
        assert sql.execute(stats).fetchall() == [(1000, 1000, 0, 0)]
        for query in range(0, 1000, 50):
            found = sql.execute(
                "select (metadata ->> 'n')::integer, similarity"
                " from clipsql.search(%s::vector, 10, in_collection => 'shop')",
                (str(VECTORS[query].tolist()),),
            ).fetchall()
            assert [similarity for _, similarity in found] == pytest.approx(best(query, among=1000), abs=1e-3)
            assert found[0][0] == query
        gone = sql.execute(
            "select clipsql.remove_images(array(select i.image_id from clipsql.image as i"
            " where (i.metadata ->> 'n')::integer < 400))"
        ).fetchall()
        assert gone == [(400,)]
        assert sql.execute(stats).fetchall() == [(600, 600, 0, 0)]
        assert sql.execute("select count(*) from clipsql.image_embedding").fetchall() == [(600,)]


def test_the_life_of_a_space_in_python_alone(engine: Engine) -> None:
    pictures = Searcher(engine, model="space")
    assert pictures.add_model("space", dimensions=32).dimensions == 32
    ids = {pictures.put("shop", f"id:{n}", embedding=vector): n for n, vector in enumerate(VECTORS[:300])}
    found = pictures.search(VECTORS[7])
    assert ids[found[0].image_id] == 7
    assert [match.similarity for match in found] == pytest.approx(best(7, among=300), abs=1e-3)
    assert pictures.remove([*ids][:100]) == 100
    assert pictures.remove([*ids][:101]) == 1


def test_a_space_is_added_on_the_command_line(clipsql: Callable[..., Result]) -> None:
    added = clipsql("model", "add", "space", "--dimensions", "32")
    assert (
        added.stdout == "Model space: 32 dimensions, logit scale 100.00, vectors from elsewhere, default.\n"
    )
    assert clipsql("model", "add", "space", "--dimensions", "32").stdout == added.stdout
    scaled = clipsql("model", "add", "other", "--dimensions", "4", "--logit-scale", "20", "--use")
    assert "logit scale 20.00" in scaled.stdout
    assert "default" in scaled.stdout
    assert "(vectors from elsewhere)" in clipsql("model", "list").stdout
    refused = clipsql("model", "add", "space", "--logit-scale", "20")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "Error: --logit-scale is that of a space; give --dimensions too.\n",
    )
    assert clipsql("model", "remove", "space", "--yes").exit_code == 0
    assert "space" not in clipsql("model", "list").stdout


# Spaces.


def test_the_first_space_is_the_default_and_a_second_call_changes_nothing(engine: Engine) -> None:
    pictures = Searcher(engine)
    first = pictures.add_model("a", dimensions=3)
    assert (first.location, first.revision, first.is_default) == (None, None, True)
    assert pictures.add_model("a", dimensions=3, logit_scale=5) == first
    assert not pictures.add_model("b", dimensions=4).is_default
    assert [one.name for one in list_models(engine)] == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'', 3", "name of the model is empty"),
        ("null, 3", "name of the model is empty"),
        ("'x', 0", "dimensions must lie between 1 and 4000"),
        ("'x', 4001", "dimensions must lie between 1 and 4000"),
        ("'x', null", "dimensions must lie between 1 and 4000.*null"),
        ("'x', 3, 0", "logit_scale must be positive"),
        ("'x', 3, 'NaN'", "logit_scale must be positive"),
        ("'x', 3, 'infinity'", "logit_scale must be positive"),
        ("'made elsewhere', 5", "already here: a vector space with 4 dimensions"),
        ("'tests/random', 24", "already here: a model with files"),
        ("repeat('x', 1001), 3", "model takes at most 1000"),
    ],
)
@pytest.mark.usefixtures("pictures")
def test_what_is_no_space_is_refused(engine: Engine, arguments: str, message: str) -> None:
    new_model(engine)
    with pytest.raises(psycopg.Error, match=message) as caught:
        rows(engine, f"select clipsql.add_model({arguments})")
    assert caught.value.sqlstate == "CQ004"
    assert len(list_models(engine)) == 2


@pytest.mark.usefixtures("pictures")
def test_a_model_with_files_does_not_take_the_name_of_a_space(engine: Engine) -> None:
    with pytest.raises(errors.ModelError, match="already here, a vector space"):
        add_model(engine, name="made elsewhere", location="/x", revision="1", dimensions=4, logit_scale=1.0)


def test_a_space_says_what_works_where_a_text_does_not(pictures: Searcher, engine: Engine) -> None:
    for ask in (
        lambda: pictures.search_text("red"),
        lambda: pictures.search_hybrid("red"),
        lambda: pictures.search_query("red - blue"),
        lambda: pictures.embed_text("red"),
        lambda: pictures.search_image(Image.new("RGB", (8, 8))),
    ):
        with pytest.raises(errors.ModelError, match=r"vector space without files.*caption_query") as caught:
            ask()
        assert "\n" not in str(caught.value)
    with pytest.raises(psycopg.Error, match="search it by a vector") as refused:
        rows(engine, "select * from clipsql.search_text('red')")
    assert refused.value.sqlstate == "CQ005"


# Putting.


def test_a_picture_is_put_with_all_that_is_known_of_it(pictures: Searcher, engine: Engine) -> None:
    taken_at = dt.datetime(2025, 5, 1, 12, tzinfo=dt.UTC)
    image = pictures.put(
        "shop",
        "https://example.com/1.jpg",
        embedding=[3, 0, 0, 4],
        captions=["A red shoe.", " A left one. ", "A red shoe.", " "],
        caption_embeddings=[[9, 0, 0, 0], None, [0, 1, 0, 0], None],
        metadata={"price": 20},
        taken_at=taken_at,
        longitude=13.4,
        latitude=52.5,
    )
    row = "select collection, url, metadata, taken_at, longitude, latitude, status from clipsql.image"
    assert rows(engine, row) == [
        ("shop", "https://example.com/1.jpg", {"price": 20}, taken_at, 13.4, 52.5, "embedded")
    ]  # fmt: skip
    assert pictures.image_vector(image).tolist() == pytest.approx([0.6, 0, 0, 0.8], abs=1e-3)
    assert rows(engine, "select c.body, c.language, e.embedding::text from clipsql.caption as c"
                        " left join clipsql.caption_embedding as e using (caption_id) order by c.caption_id") == [
        ("A red shoe.", "en", "[1,0,0,0]"),
        ("A left one.", "en", None),
    ]  # fmt: skip
    assert [match.image_id for match in pictures.search([1, 0, 0, 1], caption_query="shoes")] == [image]


def test_what_is_put_again_is_updated_and_what_is_not_given_stays(pictures: Searcher, engine: Engine) -> None:
    def put(**facts: Any) -> int:
        return pictures.put("shop", "id:1", **facts)

    def stored() -> tuple[Any, ...]:
        (row,) = rows(
            engine,
            "select i.metadata, i.taken_at is not null, i.longitude, i.latitude, i.status,"
            " (select array_agg(c.caption_id order by c.caption_id) from clipsql.caption as c),"
            " (select array_agg(c.body order by c.caption_id) from clipsql.caption as c),"
            " (select e.embedding::text from clipsql.image_embedding as e) from clipsql.image as i",
        )
        return row

    full = {
        "embedding": [1, 0, 0, 0],
        "captions": ["one", "two"],
        "metadata": {"a": 1},
        "taken_at": dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
        "longitude": 1.0,
        "latitude": 2.0,
    }
    image = put(**full)
    before = stored()
    assert put(**full) == image
    assert stored() == before
    assert put() == image
    assert stored() == before
    put(embedding=[0, 1, 0, 0])
    assert stored() == (*before[:-1], "[0,1,0,0]")
    put(captions=["three", "two"])
    *_, ids, bodies, _ = stored()
    assert bodies == ["two", "three"]
    assert ids[0] == before[5][1]
    put(captions=[])
    put(metadata={}, longitude=3.0, latitude=4.0)
    assert stored() == ({}, True, 3.0, 4.0, "embedded", None, None, "[0,1,0,0]")


def test_two_collections_have_a_url_apart_and_a_url_may_be_long(pictures: Searcher) -> None:
    long = "https://example.com/" + "x" * 20_000
    one, other = (pictures.put(collection, long, embedding=[1, 0, 0, 0]) for collection in ("a", "b"))
    assert one != other
    assert pictures.put("a", long) == one


@pytest.mark.parametrize(
    ("facts", "error", "message"),
    [
        ({"embedding": [1, 2]}, errors.InvalidVector, "embedding has 2 dimensions, but model made elsewhere has 4"),
        ({"embedding": [0] * 4}, errors.InvalidVector, "embedding is zero"),
        ({"embedding": [float("nan")] * 4}, errors.InvalidVector, "An embedding must have finite numbers"),
        ({"embedding": [float("inf")] * 4}, errors.InvalidVector, "An embedding must have finite numbers"),
        ({"embedding": []}, errors.InvalidVector, "An embedding must have finite numbers"),
        ({"embedding": [1] * 4, "model": "x"}, errors.UnknownModel, 'no model "x"'),
        ({"model": "made elsewhere"}, errors.InvalidVector, "no worker can make the embedding"),
        ({"captions": ["a"], "caption_embeddings": [[1] * 4]}, errors.InvalidVector, "no worker can make the"),
        (
            {"embedding": [1] * 4, "captions": ["a"], "caption_embeddings": []},
            errors.InvalidArgument,
            "1 captions and 0 caption_embeddings",
        ),
        (
            {"embedding": [1] * 4, "caption_embeddings": [None]},
            errors.InvalidArgument,
            "0 captions and 1 caption_embeddings",
        ),
        (
            {"embedding": [1] * 4, "captions": ["a", "b"], "caption_embeddings": [None, [1] * 3]},
            errors.InvalidVector,
            "caption embedding has 3 dimensions",
        ),
        ({"metadata": [1]}, errors.InvalidArgument, "metadata must be a JSON object, not array"),
        ({"taken_at": dt.datetime(2025, 1, 1)}, errors.InvalidArgument, "no time zone"),
        ({"longitude": 1.0}, errors.InvalidArgument, "come together"),
        ({"longitude": 181.0, "latitude": 0.0}, errors.InvalidArgument, "is no place"),
        ({"longitude": float("nan"), "latitude": 0.0}, errors.InvalidArgument, "is no place"),
        ({"captions": ["x"] * 1001}, errors.InvalidArgument, "captions takes at most 1000"),
    ],
)  # fmt: skip
def test_what_cannot_be_put_is_named_and_nothing_is_stored(
    pictures: Searcher, engine: Engine, facts: Any, error: type[errors.ClipsqlError], message: str
) -> None:
    with pytest.raises(error, match=message):
        pictures.put("shop", "id:1", **facts)
    assert rows(engine, "select from clipsql.image") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("null, 'u'", "collection is empty"),
        ("' ', 'u'", "collection is empty"),
        ("repeat('c', 1001), 'u'", "in_collection takes at most 1000"),
        ("'c', null", "url is empty"),
        ("'c', ''", "url is empty"),
        ("'c', 'u', taken_at => 'infinity'", "years 1 to 9999"),
        (
            "'c', 'u', captions => array[(select string_agg(n::text, ' ') from generate_series(1, 300000) as n)]",
            "A caption cannot be stored: string is too long for tsvector",
        ),
        ("'c', 'u', taken_at => '10000-01-01'", "years 1 to 9999"),
        ("'c', 'u', taken_at => '0001-01-01 BC'", "years 1 to 9999"),
    ],
)
def test_what_sql_alone_can_say_wrong_is_named(engine: Engine, arguments: str, message: str) -> None:
    with pytest.raises(psycopg.Error, match=message) as caught:
        rows(engine, f"select clipsql.put_image({arguments})")
    assert caught.value.sqlstate == "CQ004"


def test_an_unknown_fact_is_a_type_error_that_names_it(pictures: Searcher) -> None:
    with pytest.raises(TypeError, match="a picture has no caption; it may have: embedding, captions"):
        pictures.put("shop", "id:1", caption="x")  # type: ignore[call-arg]


# Waiting for workers.


def test_a_picture_without_an_embedding_waits_for_a_worker(engine: Engine) -> None:
    model = new_model(engine)
    waiting = "select collection, model_id from clipsql_private.queue order by collection"
    pictures = Searcher(engine)
    pictures.put("any", "https://example.com/1.jpg")
    pictures.put("this", "https://example.com/1.jpg", model=model.name)
    pictures.put("this", "https://example.com/1.jpg", model=model.name)
    assert rows(engine, waiting) == [("any", None), ("this", model.model_id)]
    assert rows(engine, "select distinct status from clipsql.image") == [("pending",)]
    vector = [1.0] * 24
    for collection in ("any", "this"):
        pictures.put(collection, "https://example.com/1.jpg", embedding=vector)
    assert rows(engine, waiting) == []
    assert rows(engine, "select distinct status from clipsql.image") == [("embedded",)]
    pictures.put("any", "https://example.com/1.jpg", captions=["still embedded"])
    assert rows(engine, waiting) == []


def test_a_picture_that_waits_for_another_model_goes_on_waiting(engine: Engine) -> None:
    first, second = new_model(engine, name="first"), new_model(engine, name="second")
    pictures = Searcher(engine)
    pictures.put("c", "u", embedding=[1.0] * 24, model=first.name)
    pictures.put("c", "u", model=second.name)
    assert rows(engine, "select model_id from clipsql_private.queue") == [(second.model_id,)]
    pictures.put("c", "u", embedding=[2.0] * 24, model=first.name)
    assert rows(engine, "select model_id from clipsql_private.queue") == [(second.model_id,)]
    assert rows(engine, "select status from clipsql.image") == [("pending",)]


def test_a_failed_picture_is_tried_again_when_it_is_put_again(engine: Engine) -> None:
    new_model(engine)
    pictures = Searcher(engine)
    pictures.put("c", "u")
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql_private.queue")
        connection.exec_driver_sql(
            "update clipsql.image set status = 'failed', failure = 'timeout', error = 'The host is slow.'"
        )
    pictures.put("c", "u")
    assert rows(engine, "select status, failure, error from clipsql.image") == [("pending", None, None)]
    assert rows(engine, "select count(*) from clipsql_private.queue") == [(1,)]


# Removing.


def test_what_is_removed_takes_with_it_all_that_hangs_on_it(pictures: Searcher, engine: Engine) -> None:
    kept = pictures.put(
        "c", "kept", embedding=[1, 0, 0, 0], captions=["x"], caption_embeddings=[[1, 0, 0, 0]]
    )
    gone = pictures.put(
        "c", "gone", embedding=[1, 0, 0, 0], captions=["x"], caption_embeddings=[[1, 0, 0, 0]]
    )
    assert pictures.remove([gone, gone, 10**12]) == 1
    for table in ("image", "caption", "image_embedding", "caption_embedding"):
        assert rows(engine, f"select count(*) from clipsql.{table}") == [(1,)]
    assert rows(engine, "select image_id from clipsql.image") == [(kept,)]
    assert rows(engine, "select clipsql.remove_images(null)") == [(0,)]


# One JSON document.


@pytest.fixture
def shop(pictures: Searcher) -> list[int]:
    """Ten pictures on a circle, one on each degree of longitude."""
    return [
        pictures.put(
            "shop", f"id:{n}", embedding=[np.cos(n / 10), np.sin(n / 10), 0, 0], captions=[f"number {n}"],
            metadata={"n": n}, longitude=n, latitude=0,
            taken_at=dt.datetime(2025, 1, 1 + n, tzinfo=dt.UTC),
        )
        for n in range(10)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "numbers"),
    [
        ({"vector": [1, 0, 0, 0], "max_results": 3}, [0, 1, 2]),
        ({"vector": "[1,0,0,0]", "max_results": "2"}, [0, 1]),
        ({"image": 1, "max_results": 2}, [1, 2]),
        ({"image": 1, "except_images": [2], "max_results": 1}, [2]),
        ({"query": "image:1 + image:3", "max_results": 1}, [1]),
        ({"query": "image:1 + image:3", "fusion": "minimum similarity", "max_results": 2}, [1, 3]),
        ({"vector": [1, 0, 0, 0], "having_metadata": {"n": 7}}, [7]),
        ({"vector": [1, 0, 0, 0], "metadata_matches": "$.n > 7"}, [8, 9]),
        ({"vector": [1, 0, 0, 0], "only_images": [4, 5]}, [3, 4]),
        ({"vector": [1, 0, 0, 0], "caption_query": "6"}, [6]),
        ({"vector": [1, 0, 0, 0], "taken_from": "2025-01-09T00:00Z"}, [8, 9]),
        ({"vector": [1, 0, 0, 0], "taken_until": "2025-01-02T00:00Z"}, [0]),
        ({"vector": [1, 0, 0, 0], "daily_from": "01:00", "daily_until": "02:00"}, []),
        ({"vector": [1, 0, 0, 0], "near_longitude": 5, "near_latitude": 0, "within_m": 1000}, [5]),
        ({"vector": [1, 0, 0, 0], "inside": [[2.5, -1], [4.5, -1], [4.5, 1], [2.5, 1]]}, [3, 4]),
        ({"vector": [1, 0, 0, 0], "inside": "((2.5,-1),(4.5,-1),(4.5,1),(2.5,1))"}, [3, 4]),
        ({"vector": [1, 0, 0, 0], "in_collection": "shop", "min_similarity": 0.99}, [0, 1]),
        ({"vector": [1, 0, 0, 0], "distinct_above": 0.9, "max_results": 2}, [0, 5]),
        ({"vector": [1, 0, 0, 0], "min_percentile": 85}, [0]),
        ({"vector": [1, 0, 0, 0], "text": None, "max_results": None, "model": None, "only_images": [1]}, [0]),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_search_is_one_json_document(
    pictures: Searcher, engine: Engine, request_: dict[str, Any], numbers: list[int]
) -> None:
    answer = pictures.search_request(request_)
    assert answer["model"] == "made elsewhere"
    assert [match["metadata"]["n"] for match in answer["matches"]] == numbers
    ((in_sql,),) = rows(engine, "select clipsql.search_request(%s::jsonb)", json.dumps(request_))
    assert in_sql == answer


@pytest.mark.usefixtures("shop")
def test_a_request_says_how_its_terms_become_one(pictures: Searcher) -> None:
    scores = {}
    for fusion in ("weighted sum", "mean similarity", "minimum similarity"):
        found = pictures.search_query("image:1 + image:6", fusion=fusion)
        answer = pictures.search_request({"query": "image:1 + image:6", "fusion": fusion})
        scores[fusion] = [match["score"] for match in answer["matches"]]
        assert scores[fusion] == pytest.approx([match.similarity for match in found])
    assert scores["weighted sum"] != scores["minimum similarity"]


@pytest.mark.usefixtures("shop")
def test_a_match_in_json_has_what_a_row_has(pictures: Searcher) -> None:
    (found,) = pictures.search_request({"vector": [1, 0, 0, 0], "max_results": 1})["matches"]
    (match,) = pictures.search([1, 0, 0, 0], max_results=1)
    assert dt.datetime.fromisoformat(found.pop("taken_at")) == match.taken_at
    assert found == {
        "id": match.image_id, "score": pytest.approx(match.similarity), "rank": 1, "url": "id:0",
        "percentile": match.percentile, "percentile_error": match.percentile_error,
        "caption": "number 0", "longitude": 0, "latitude": 0, "metadata": {"n": 0},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ([], "must be a JSON object, not array"),
        ({}, "one of text, image, vector and query, not for 0"),
        ({"image": 1, "vector": [1]}, "one of text, image, vector and query, not for 2"),
        ({"vector": [1, 0, 0, 0], "limit": 5}, 'no member "limit"; it may have: text, image, .*max_results'),
        ({"image": "x"}, "image is wrong: invalid input syntax for type bigint"),
        ({"image": 10**30}, "image is wrong: value .* out of range"),
        ({"vector": "x"}, "vector is wrong"),
        ({"vector": [1, 0, 0, 0], "taken_from": "soon"}, "taken_from is wrong"),
        ({"vector": [1, 0, 0, 0], "inside": [[1], [2], [3]]}, "inside is wrong"),
        ({"vector": [1, 0, 0, 0], "inside": []}, "inside is wrong"),
        ({"vector": [1, 0, 0, 0], "only_images": "x"}, "only_images is wrong"),
        ({"vector": [1, 0, 0, 0], "metadata_matches": "$.n >"}, "metadata_matches is no JSON path"),
        ({"vector": [1, 0, 0, 0], "max_results": 0}, "max_results must be 1 or more"),
        ({"vector": [1, 0, 0, 0], "fusion": "sum"}, "give it with query"),
    ],
)
@pytest.mark.usefixtures("pictures")
def test_a_wrong_member_of_a_request_is_named(engine: Engine, request_: Any, message: str) -> None:
    with pytest.raises(psycopg.Error, match=message) as caught:
        rows(engine, "select clipsql.search_request(%s::jsonb)", json.dumps(request_))
    assert caught.value.sqlstate == "CQ004"


def test_a_request_takes_what_every_search_takes(engine: Engine) -> None:
    ((members,),) = rows(
        engine,
        "select array_agg(a.attname::text) from pg_attribute as a"
        " where a.attrelid = 'clipsql_private.requested_search'::regclass",
    )
    ((arguments,),) = rows(
        engine, "select p.proargnames::text[] from pg_proc as p where p.oid = 'clipsql.search'::regproc"
    )
    taken = arguments[: arguments.index("model") + 1]
    assert set(members) == {"text", "image", "vector", "fusion", "search_in", "having_label", *taken}
    ((body,),) = rows(
        engine, "select p.prosrc from pg_proc as p where p.oid = 'clipsql_private.run_request'::regproc"
    )
    for name in set(taken) - {"query", "model", "max_results", "metadata_matches", "except_images"}:
        assert body.count(f"{name} => asked.{name}") == 2, name
