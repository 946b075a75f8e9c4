"""The client of Pinecone from PyPI, as it is, against `clipsql serve`: create, upsert, query, statistics, delete."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from serving import served
from sqlalchemy.engine import URL

from clipsql.db import keys
from clipsql.db.engine import create_engine

pinecone = pytest.importorskip("pinecone", reason="needs pip install pinecone")

WRITER = f"clipsql_test_{os.getpid()}_pinecone"
OWNER = f"clipsql_test_{os.getpid()}_pinecone_owner"
GENRES = ("drama", "comedy", "noir")


@contextmanager
def connected(key: str, host: str) -> Iterator[Any]:
    """Pinecone's client, who warns that nothing is encrypted on the way to this machine itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = pinecone.Pinecone(api_key=key, host=host)
        yield client
        client.close()


@pytest.fixture(scope="module")
def address(owner_url: URL) -> Iterator[tuple[str, str]]:
    """The server's address, with an index that its owner has made, and a key of a writer."""
    engine = create_engine(owner_url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create role {WRITER} in role clipsql_writer")
        connection.exec_driver_sql(f'create role {OWNER} in role clipsql_writer, "{owner_url.username}"')
    key = keys.add_key(engine, "pinecone", role=WRITER)
    with served(owner_url.render_as_string(hide_password=False)) as client:
        host = str(client.base_url).rstrip("/")
        with connected(keys.add_key(engine, "pinecone owner", role=OWNER), host) as owner:
            owner.create_index(
                name="films",
                dimension=3,
                metric="cosine",
                spec=pinecone.ServerlessSpec(cloud="aws", region="here"),
            )
        yield host, key
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop owned by {WRITER}, {OWNER}; drop role {WRITER}, {OWNER}")
    engine.dispose()


@pytest.fixture
def index(address: tuple[str, str]) -> Iterator[object]:
    """An index of three dimensions with thirty films in two namespaces."""
    host, key = address
    with connected(key, host) as client:
        index = client.Index(host=client.describe_index("films").host)
    rng = np.random.default_rng(7)
    films = [
        {
            "id": f"film-{number}",
            "values": rng.normal(size=3).tolist(),
            "metadata": {
                "genre": GENRES[number % 3],
                "year": 1990 + number,
                "tags": ["old", f"t{number % 2}"],
            },
        }
        for number in range(30)
    ]
    assert index.upsert(vectors=films[:20], namespace="cinema").upserted_count == 20
    assert index.upsert(vectors=films[20:]).upserted_count == 10
    yield index
    index.delete(delete_all=True, namespace="cinema")
    index.delete(delete_all=True)
    index.close()


def test_statistics_count_vectors_by_namespace(index: Any) -> None:
    told = index.describe_index_stats()
    assert (told.dimension, told.total_vector_count) == (3, 30)
    assert {name: one.vector_count for name, one in told.namespaces.items()} == {
        "cinema": 20,
        "__default__": 10,
    }


def test_a_query_finds_the_nearest_with_metadata_and_values(index: Any) -> None:
    fetched = index.fetch(ids=[f"film-{number}" for number in range(30)], namespace="cinema").vectors
    assert set(fetched) == {f"film-{number}" for number in range(20)}
    vectors = np.array([fetched[f"film-{number}"].values for number in range(20)])
    asked = [0.2, -0.5, 0.9]
    cosines = vectors @ asked / np.linalg.norm(vectors, axis=1) / np.linalg.norm(asked)
    found = index.query(vector=asked, top_k=5, namespace="cinema", include_metadata=True, include_values=True)
    assert [match.id for match in found.matches] == [f"film-{number}" for number in np.argsort(-cosines)[:5]]
    assert [match.score for match in found.matches] == pytest.approx(np.sort(cosines)[::-1][:5], abs=2e-3)
    best = found.matches[0]
    assert best.metadata == fetched[best.id].metadata
    assert best.values == pytest.approx(fetched[best.id].values)
    assert index.query(vector=asked, top_k=1, namespace="cinema").matches[0].metadata is None
    by_id = index.query(id="film-3", top_k=1, namespace="cinema").matches
    assert [match.id for match in by_id] == ["film-3"]
    assert index.query(vector=asked, top_k=5, namespace="nowhere").matches == []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({"genre": "drama"}, lambda n: n % 3 == 0, id="equal"),
        pytest.param({"genre": {"$eq": "noir"}}, lambda n: n % 3 == 2, id="eq"),
        pytest.param({"genre": {"$ne": "noir"}}, lambda n: n % 3 != 2, id="ne"),
        pytest.param({"genre": {"$in": ["noir", "comedy"]}}, lambda n: n % 3 != 0, id="in"),
        pytest.param({"genre": {"$nin": ["noir", "comedy"]}}, lambda n: n % 3 == 0, id="nin"),
        pytest.param({"year": {"$gt": 2000, "$lte": 2005}}, lambda n: 10 < n <= 15, id="range"),
        pytest.param({"year": {"$gte": 2000}, "genre": "drama"}, lambda n: n >= 10 and n % 3 == 0, id="two names"),
        pytest.param({"$or": [{"year": {"$lt": 1992}}, {"genre": "noir"}]}, lambda n: n < 2 or n % 3 == 2, id="or"),
        pytest.param({"$and": [{"year": {"$lt": 1999}}, {"tags": "t1"}]}, lambda n: n < 9 and n % 2, id="list"),
        pytest.param({"none": {"$exists": False}, "year": {"$exists": True}}, lambda n: n >= 0, id="exists"),
    ],
)  # fmt: skip
def test_a_filter_lets_through_what_pinecone_says(index: Any, condition: dict, expected) -> None:  # type: ignore[no-untyped-def,type-arg]
    found = index.query(vector=[1.0, 0, 0], top_k=100, namespace="cinema", filter=condition).matches
    assert {match.id for match in found} == {f"film-{number}" for number in range(20) if expected(number)}


@pytest.mark.parametrize(
    "condition", [{"year": {"$near": 3}}, {"$not": [{"a": 1}]}, {"a": {"$in": 3}}, {}, {"a": None}]
)
def test_a_filter_that_is_none_is_refused_by_its_name(index: Any, condition: dict[str, Any]) -> None:
    with pytest.raises(pinecone.PineconeException):
        index.query(vector=[1.0, 0, 0], top_k=3, namespace="cinema", filter=condition or {"$and": []})


def test_vectors_are_changed_listed_and_deleted(index: Any) -> None:
    index.update(id="film-1", set_metadata={"year": 3000}, namespace="cinema")
    changed = index.fetch(ids=["film-1"], namespace="cinema").vectors["film-1"]
    assert (changed.metadata["year"], changed.metadata["genre"]) == (3000, "comedy")
    index.upsert(vectors=[("film-1", [1.0, 0.0, 0.0])], namespace="cinema")
    changed = index.fetch(ids=["film-1"], namespace="cinema").vectors["film-1"]
    assert (changed.values, changed.metadata or {}) == ([1.0, 0.0, 0.0], {})
    listed = [
        one.id for page in index.list(prefix="film-1", namespace="cinema", limit=4) for one in page.vectors
    ]
    assert sorted(listed) == sorted(f"film-{number}" for number in (1, *range(10, 20)))
    index.delete(ids=["film-1", "film-2", "none"], namespace="cinema")
    index.delete(filter={"genre": "noir"}, namespace="cinema")
    left = {match.id for match in index.query(vector=[1.0, 0, 0], top_k=100, namespace="cinema").matches}
    assert left == {f"film-{number}" for number in range(20) if number not in (1, 2) and number % 3 != 2}
    assert index.describe_index_stats().namespaces["__default__"].vector_count == 10


def test_without_a_key_or_a_right_the_client_is_told_so(address: tuple[str, str]) -> None:
    refused = pytest.raises(pinecone.PineconeException, match="opens nothing")
    with connected("clipsql_wrong", address[0]) as client, refused:
        client.describe_index("films")
    spec = pinecone.ServerlessSpec(cloud="aws", region="here")
    refused = pytest.raises(pinecone.PineconeException, match="Only the owner")
    with connected(address[1], address[0]) as client, refused:
        client.create_index(name="other", dimension=3, metric="cosine", spec=spec)
