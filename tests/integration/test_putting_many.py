"""Many pictures at once: the same rows as one by one, whatever is given and whatever is there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import psycopg
import pytest
from integration.filling import new_model, unit_vectors
from sqlalchemy.engine import Engine

from clipsql import errors
from clipsql.db.pictures.bulk import PutReport
from clipsql.search import writer
from clipsql.search.searcher import Searcher

VECTORS = unit_vectors(np.random.default_rng(9), 12, 4)
DAY = dt.datetime(2025, 5, 1, tzinfo=dt.UTC)

FULL = {
    "embedding": VECTORS[0].tolist(),
    "captions": ["one", "two"],
    "caption_embeddings": [VECTORS[1].tolist(), None],
    "metadata": {"a": 1},
    "taken_at": DAY,
    "longitude": 1.5,
    "latitude": -2.5,
}
ROWS: list[dict[str, Any]] = [
    {**FULL},
    {"embedding": VECTORS[1].tolist()},
    {"embedding": VECTORS[2].tolist(), "captions": []},
    {"embedding": VECTORS[3].tolist(), "captions": [" two ", "", "three", "two"], "metadata": {}},
    {"embedding": (VECTORS[4] * 1e-12).tolist(), "metadata": {"b": [1, {"c": None}]}},
    {"embedding": VECTORS[5].tolist(), "captions": ["one"], "caption_embeddings": [VECTORS[6].tolist()]},
    {"embedding": VECTORS[6].tolist(), "taken_at": DAY, "longitude": 180, "latitude": 90},
]


@pytest.fixture
def pictures(engine: Engine) -> Searcher:
    """A searcher whose default model is a vector space of 4 dimensions."""
    Searcher(engine).add_model("space", dimensions=4)
    return Searcher(engine)


def stored(engine: Engine, collection: str) -> list[tuple[Any, ...]]:
    """All that is stored of a collection, but for ids."""
    with psycopg.connect(
        engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as sql:
        return sql.execute(
            """
            select i.url, i.metadata, i.taken_at, i.longitude, i.latitude, i.status, i.failure, i.error,
                   array(select row(m.name, e.embedding::text)::text from clipsql.image_embedding as e
                         join clipsql.model as m using (model_id) where e.image_id = i.image_id order by 1),
                   array(select row(c.body, c.language, e.embedding::text)::text from clipsql.caption as c
                         left join clipsql.caption_embedding as e using (caption_id)
                         where c.image_id = i.image_id order by c.caption_id),
                   array(select row(q.model_id)::text from clipsql_private.queue as q where q.image_id = i.image_id)
            from clipsql.image as i where i.collection = %s order by i.url
            """,
            (collection,),
        ).fetchall()


def test_many_at_once_are_stored_as_one_by_one_and_over_what_is_there(
    pictures: Searcher, engine: Engine
) -> None:
    for before in (None, *ROWS):
        for after in ROWS:
            for collection in ("one by one", "at once"):
                pictures.remove([int(i) for i in _ids(engine, collection)])
                if before is not None:
                    pictures.put(collection, "u", **before)
            pictures.put("one by one", "u", **after)
            report = pictures.put_many("at once", [{"url": "u", **after}])
            assert (report.added, report.updated) == (before is None, before is not None)
            assert stored(engine, "at once") == stored(engine, "one by one"), (before, after)


def _ids(engine: Engine, collection: str) -> list[int]:
    with engine.connect() as connection:
        return list(
            connection.exec_driver_sql(
                "select image_id from clipsql.image where collection = %s", (collection,)
            ).scalars()
        )


def test_rows_of_every_shape_go_into_one_batch(pictures: Searcher, engine: Engine) -> None:
    rows = [{"url": f"u{number}", **row} for number, row in enumerate(ROWS)]
    for row in rows:
        pictures.put("one by one", **row)
    assert pictures.put_many("at once", rows) == PutReport(added=7, captions=5)
    assert stored(engine, "at once") == stored(engine, "one by one")
    assert pictures.put_many("at once", rows[::-1]) == PutReport(added=0, updated=7, unchanged=7)
    assert stored(engine, "at once") == stored(engine, "one by one")
    turned = [{"url": f"u{number}", **row} for number, row in enumerate([*ROWS[1:], ROWS[0]])]
    for row in turned:  # what one of them does not tell stays as it is stored
        pictures.put("one by one", **row)
    pictures.put_many("at once", turned)
    assert stored(engine, "at once") == stored(engine, "one by one")
    assert pictures.put_many("at once", iter([*rows, {"url": "new", "embedding": [1, 0, 0, 0]}])).added == 1


def test_columns_of_arrays_are_pictures_too(pictures: Searcher, engine: Engine) -> None:
    columns = {
        "url": np.array([f"u{n}" for n in range(5)]).tolist(),
        "embedding": VECTORS[:5].astype(np.float64),
        "captions": ["a", "b", ["c", "d"], None, "e"],
        "caption_embeddings": [VECTORS[0], [VECTORS[1]], VECTORS[2:4], None, None],
        "metadata": [{"n": n} for n in range(5)],
        "taken_at": np.array(
            ["2025-05-01", "NaT", "2025-05-02", "2025-05-03", "2025-05-04"], "datetime64[ns]"
        ),
        "longitude": np.array([1, np.nan, 2, 3, 4.0]),
        "latitude": np.array([1, np.nan, 2, 3, 4.0]),
    }
    assert pictures.put_many("c", columns) == PutReport(added=5, captions=5)
    rows = stored(engine, "c")
    assert [row[1] for row in rows] == columns["metadata"]
    assert [row[2] for row in rows] == [DAY, None, *(DAY + dt.timedelta(days=n) for n in (1, 2, 3))]
    assert [row[3] for row in rows] == [1, None, 2, 3, 4]
    assert [len(row[9]) for row in rows] == [1, 1, 2, 0, 1]
    assert ["," in row[9][0].partition("en")[2][1:] for row in rows if row[9]] == [True, True, True, False]
    assert pictures.search(VECTORS[3], max_results=1)[0].url == "u3"


def test_batches_are_transactions_and_a_run_that_broke_off_is_run_again(
    pictures: Searcher, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_PUT_BATCH", 4)
    told: list[int] = []
    rows = [{"url": f"u{n}", "embedding": VECTORS[n]} for n in range(10)]
    broken = [*rows[:6], {"url": "bad", "embedding": [0, 0, 0, 0]}, *rows[6:]]
    with pytest.raises(errors.InvalidVector, match="Picture bad: the embedding points nowhere"):
        pictures.put_many("c", broken, progress=told.append)
    assert told == [4]
    assert len(stored(engine, "c")) == 4
    assert pictures.put_many("c", rows, progress=told.append) == PutReport(added=6, updated=4, unchanged=4)
    assert told == [4, 4, 8, 10]


def test_of_several_with_one_url_the_last_counts(pictures: Searcher, engine: Engine) -> None:
    rows = [{"url": "u", "embedding": VECTORS[n], "metadata": {"n": n}} for n in range(3)]
    assert pictures.put_many("c", rows) == PutReport(added=1, updated=0)
    assert stored(engine, "c")[0][1] == {"n": 2}


def test_without_embeddings_they_wait_for_workers(engine: Engine) -> None:
    model = new_model(engine)
    pictures = Searcher(engine)
    pictures.put("c", "has one", embedding=[1.0] * 24)
    rows = [{"url": "has one", "metadata": {"n": 1}}, {"url": "new", "captions": "x"}]
    assert pictures.put_many("c", rows) == PutReport(added=1, updated=1, captions=1)
    assert [(row[0], row[5], row[10]) for row in stored(engine, "c")] == [
        ("has one", "embedded", []),
        ("new", "pending", [f"({model.model_id})"]),
    ]
    assert pictures.put_many("c", [{"url": "new", "embedding": [1.0] * 24}]).updated == 1
    assert [(row[5], row[10]) for row in stored(engine, "c")] == [("embedded", []), ("embedded", [])]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"url": "u"}, errors.ModelError, "vector space without files"),
        ({"url": None, "embedding": [1] * 4}, errors.InvalidArgument, "Picture 0 has no url"),
        ({"url": " ", "embedding": [1] * 4}, errors.InvalidArgument, "Picture 0 has no url, but ' '"),
        ({"url": 5, "embedding": [1] * 4}, errors.InvalidArgument, "Picture 0 has no url, but 5"),
        ({"url": "a\0b", "embedding": [1] * 4}, errors.InvalidArgument, "Picture 0 has no url"),
        ({"url": "u", "embedding": [1] * 3}, errors.InvalidVector, "has 3 dimensions, but model space has 4"),
        ({"url": "u", "embedding": [0] * 4}, errors.InvalidVector, "Picture u: the embedding points nowhere"),
        ({"url": "u", "embedding": [float("nan")] * 4}, errors.InvalidVector, "numbers that are not finite"),
        ({"url": "u", "embedding": [1] * 4, "caption": "x"}, TypeError, "no caption; it may have: url, embedding"),
        ({"url": "u", "embedding": [1] * 4, "captions": [1]}, errors.InvalidArgument, "caption must be a text"),
        ({"url": "u", "embedding": [1] * 4, "captions": "a\0"}, errors.InvalidArgument, "caption must be a text"),
        ({"url": "u", "embedding": [1] * 4, "metadata": [1]}, errors.InvalidArgument, "metadata must be a mapping"),
        ({"url": "u", "embedding": [1] * 4, "taken_at": dt.datetime(2025, 1, 1)}, errors.InvalidArgument, "aware"),
        ({"url": "u", "embedding": [1] * 4, "longitude": 1}, errors.InvalidArgument, "come together"),
        ({"url": "u", "embedding": [1] * 4, "longitude": 181, "latitude": 1}, errors.InvalidArgument, "is no place"),
        (
            {"url": "u", "embedding": [1] * 4, "caption_embeddings": [[1] * 4]},
            errors.InvalidArgument,
            "caption_embeddings, but no captions",
        ),
        (
            {"url": "u", "embedding": [1] * 4, "captions": ["a", "b"], "caption_embeddings": [[1] * 4]},
            errors.InvalidArgument,
            "2 captions and 1 caption_embeddings",
        ),
        (
            {"url": "u", "embedding": [1] * 4, "captions": ["a"], "caption_embeddings": [[1] * 3]},
            errors.InvalidVector,
            "caption embedding has 3 dimensions",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_put_is_named_and_its_batch_is_not_stored(
    pictures: Searcher, engine: Engine, given: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        pictures.put_many("c", [given])
    assert stored(engine, "c") == []


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"embedding": VECTORS}, "value for each url; there are: embedding 12"),
        ({"url": ["a"], "embedding": VECTORS}, "there are: url 1, embedding 12"),
        ({}, "there are: none"),
    ],
)
def test_columns_must_be_as_long_as_urls(pictures: Searcher, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=message):
        pictures.put_many("c", columns)


def test_an_array_of_other_dimensions_is_named(pictures: Searcher) -> None:
    for vectors in (VECTORS[:, :3], VECTORS[0]):
        with pytest.raises(errors.InvalidVector, match="dimensions, but model space has 4"):
            pictures.put_many("c", {"url": [f"u{n}" for n in range(len(vectors))], "embedding": vectors})


def test_some_with_and_some_without_an_embedding_is_no_batch(pictures: Searcher) -> None:
    with pytest.raises(errors.InvalidVector, match="Picture v has no embedding, but others have"):
        pictures.put_many("c", [{"url": "u", "embedding": [1] * 4}, {"url": "v"}])
