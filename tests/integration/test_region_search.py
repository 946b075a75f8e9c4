"""Searching regions: equal to brute force, folded to pictures, under filters, with an index or none, for tenants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from integration.filling import fill, unit_vectors
from sqlalchemy.engine import URL, Engine

from clipsql import Searcher, errors, orm
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index, index_stats
from clipsql.db.models import ModelRow

Vectors = np.ndarray[Any, np.dtype[np.float64]]
LABELS = ("truck", "bus", None)


@dataclass(frozen=True, kw_only=True)
class World:
    """Regions 1 to n: their pictures, labels and vectors as half precision keeps them."""

    engine: Engine
    model: ModelRow
    images: Vectors
    labels: list[str | None]
    vectors: Vectors

    def best(
        self, query: Any, allowed: Callable[[int], bool] = lambda _region: True
    ) -> list[tuple[int, float]]:
        """(image_id, similarity) of every picture by its nearest allowed region, nearest first."""
        similarities = self.vectors @ (np.asarray(query, np.float64) / np.linalg.norm(query))
        best: dict[int, float] = {}
        for region, similarity in enumerate(similarities):
            if allowed(region):
                image = int(self.images[region])
                best[image] = max(similarity, best.get(image, -2))
        return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))


@pytest.fixture(scope="module")
def world(new_database: Callable[..., URL], template: str) -> Iterator[World]:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    random = np.random.default_rng(3)
    filled = fill(engine, rows=300)
    images = np.repeat([one.image_id for one in filled.pictures], random.integers(0, 6, len(filled.pictures)))
    vectors = unit_vectors(random, len(images), filled.model.dimensions)
    vectors[1::7] = vectors[0]  # many regions alike, of many pictures
    labels = [LABELS[number] for number in random.integers(0, 3, len(images))]
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "insert into clipsql.image_region (image_id, box, label)"
                " values (:image_id, array[cast(:place as int), 0, 5, 5], :label)"
            ),
            [
                {"image_id": int(image), "place": place, "label": label}
                for place, (image, label) in enumerate(zip(images, labels, strict=True))
            ],
        )
        connection.execute(
            sa.text(
                "insert into clipsql.region_embedding (region_id, model_id, image_id, embedding)"
                " select r.region_id, :model, r.image_id, cast(:vector as halfvec) from clipsql.image_region as r"
                " where r.box[1] = :place"
            ),
            [
                {
                    "place": place,
                    "model": filled.model.model_id,
                    "vector": str([float(value) for value in vector]),
                }
                for place, vector in enumerate(vectors)
            ],
        )
    halved = vectors.astype(np.float16).astype(np.float64)
    yield World(
        engine=engine,
        model=filled.model,
        images=images,
        labels=labels,
        vectors=halved / np.linalg.norm(halved, axis=1, keepdims=True),
    )
    engine.dispose()


@pytest.fixture(scope="module", params=["compared", "walked"])
def ready(request: pytest.FixtureRequest, world: World) -> World:
    """Without an HNSW index, and then with one."""
    if request.param == "walked":
        assert ensure_index(world.engine, world.model, table="region_embedding")
    return world


def found(world: World, query: Any, **options: Any) -> list[tuple[int, float]]:
    matches = Searcher(world.engine).search_regions([float(value) for value in query], **options)
    assert [match.rank for match in matches] == list(range(1, len(matches) + 1))
    for match in matches:
        assert int(world.images[match.box[0]]) == match.image_id
        assert world.labels[match.box[0]] == match.label
        assert match.region_id == match.box[0] + 1
    return [(match.image_id, match.similarity) for match in matches]


def same(one: list[tuple[int, float]], other: list[tuple[int, float]]) -> None:
    assert [image for image, _ in one] == [image for image, _ in other]
    assert np.allclose([value for _, value in one], [value for _, value in other], atol=2e-3)


@pytest.mark.parametrize("max_results", [1, 10, 100, 1000])
@pytest.mark.parametrize("place", [0, 17])
def test_each_picture_is_found_once_by_its_nearest_region(ready: World, max_results: int, place: int) -> None:
    query = ready.vectors[place]
    expected = ready.best(query)[:max_results]
    # Equal ones are in the order of their pictures.
    same(found(ready, query, max_results=max_results), expected)


def test_filters_are_of_pictures_and_labels_of_regions(ready: World) -> None:
    query = ready.vectors[3]
    some = sorted({int(image) for image in ready.images})[::3]
    same(
        found(ready, query, only_images=some, max_results=500),
        ready.best(query, lambda region: int(ready.images[region]) in some),
    )
    same(
        found(ready, query, having_label="bus", max_results=500),
        ready.best(query, lambda region: ready.labels[region] == "bus"),
    )
    same(
        found(ready, query, having_label="bus", only_images=some, max_results=500, min_similarity=0.1),
        [
            pair
            for pair in ready.best(
                query, lambda region: ready.labels[region] == "bus" and int(ready.images[region]) in some
            )
            if pair[1] >= 0.1
        ],
    )
    same(found(ready, query, having_label=" "), ready.best(query)[:10])
    assert found(ready, query, having_label="tram") == []
    streets = found(ready, query, in_collection="streets", max_results=500)
    assert 0 < len(streets) < len(ready.best(query))


def test_a_request_in_json_asks_for_regions_as_the_function_does(ready: World) -> None:
    searcher = Searcher(ready.engine)
    some = sorted({int(image) for image in ready.images})
    other = some[7]
    vector = [float(value) for value in searcher.image_vector(some[0])]
    away = [float(value) for value in searcher.image_vector(some[0]) - searcher.image_vector(other)]
    filters: dict[str, Any] = {"only_images": some[::2], "having_label": "bus", "min_similarity": -0.5}
    for asked, query, options in (
        ({"vector": vector}, vector, {}),
        ({"vector": vector, "max_results": 7, **filters}, vector, {"max_results": 7, **filters}),
        ({"image": some[0], "except_images": [some[3]]}, vector, {"except_images": [some[0], some[3]]}),
        ({"image": some[0], "max_results": 500}, vector, {"except_images": [some[0]], "max_results": 500}),
        ({"query": f"image:{some[0]} - image:{other}"}, away, {"except_images": [some[0], other]}),
    ):
        answer = searcher.search_request({"search_in": "regions", **asked})
        assert answer["model"] == searcher.model.name
        assert [
            (
                one["rank"],
                one["id"],
                one["score"],
                one["region_id"],
                tuple(one["box"]),
                one["label"],
                one["url"],
            )
            for one in answer["matches"]
        ] == [
            (
                one.rank,
                one.image_id,
                pytest.approx(one.similarity, abs=1e-6),
                one.region_id,
                one.box,
                one.label,
                one.url,
            )
            for one in searcher.search_regions(query, **options)
        ]
        assert "percentile" not in answer["matches"][0]
    whole = searcher.search_request({"search_in": "pictures", "vector": vector})
    assert whole == searcher.search_request({"vector": vector})
    assert "box" not in whole["matches"][0]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"search_in": "boxes"}, "it is pictures, the default, or regions, not boxes"),
        ({"having_label": "bus"}, "having_label is of regions"),
        ({"search_in": "pictures", "having_label": "bus"}, "having_label is of regions"),
        ({"search_in": "regions", "distinct_above": 0.9}, "of whole pictures"),
        ({"search_in": "regions", "min_percentile": 0.9}, "of whole pictures"),
        ({"search_in": "regions", "fusion": "weighted sum"}, "give it with query"),
        ({"search_in": "regions", "vector": None, "query": "image:1 + image:2", "fusion": "minimum similarity"},
         "leave fusion out"),
    ],
)  # fmt: skip
def test_what_a_request_for_regions_cannot_have_is_named(
    world: World, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.InvalidArgument, match=message):
        Searcher(world.engine).search_request({"vector": [1.0] * 24, **asked})


def test_the_vector_of_a_region_finds_its_picture(ready: World) -> None:
    searcher = Searcher(ready.engine)
    vector = searcher.region_vector(18)
    assert np.allclose(vector, ready.vectors[17], atol=2e-3)
    assert searcher.search_regions(vector, max_results=1)[0].region_id == 18
    with pytest.raises(errors.UnknownImage, match=r"There is no region 99999\."):
        searcher.region_vector(99999)
    with ready.engine.connect() as connection:
        rows = connection.execute(sa.select(orm.search_regions(orm.region_vector(18), max_results=2))).all()
    assert rows[0].region_id == 18
    assert [row.url for row in rows] == [
        match.url for match in searcher.search_regions(vector, max_results=2)
    ]


def test_a_region_that_waits_is_told(ready: World) -> None:
    with ready.engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql("delete from clipsql.region_embedding where region_id = 18")
        with pytest.raises(
            sa.exc.DBAPIError, match=r'Region 18 has no embedding under model .*; run "clipsql worker"'
        ):
            connection.execute(sa.select(orm.region_vector(18)))
        transaction.rollback()


def test_bad_arguments_are_refused(ready: World) -> None:
    searcher = Searcher(ready.engine)
    query = [1.0] * ready.model.dimensions
    with pytest.raises(errors.InvalidArgument, match="having_label takes at most 200 characters"):
        searcher.search_regions(query, having_label="x" * 201)
    with pytest.raises(errors.InvalidArgument, match="max_results must be 1 or more"):
        searcher.search_regions(query, max_results=0)
    with pytest.raises(errors.InvalidVector):
        searcher.search_regions([1.0])
    with pytest.raises(errors.UnknownCollection):
        searcher.search_regions(query, in_collection="none")


def test_the_index_of_regions_is_told_with_the_others(world: World) -> None:
    tables = [(one.embeddings, one.rows) for one in index_stats(world.engine)]
    assert tables == [
        ("image_embedding", 300), ("caption_embedding", 0), ("region_embedding", len(world.images)),
    ]  # fmt: skip


def test_tenants_find_and_write_the_regions_of_their_own_pictures_only(world: World) -> None:
    query = str([float(value) for value in world.vectors[0]])
    with world.engine.connect() as connection, connection.begin() as transaction:

        def ask(statement: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

        for statement in (
            "alter table clipsql.image enable row level security",
            "create policy of_tenant on clipsql.image to clipsql_reader, clipsql_writer"
            " using (collection = current_setting('app.tenant', true))",
            "revoke create on schema public from public",
            "select clipsql.enable_tenants()",
        ):
            connection.exec_driver_sql(statement)
        # As the other searches: its filters use their indexes, whatever the policies say.
        assert ask("select prosecdef from pg_proc where oid = 'clipsql.search_regions'::regproc") == [(True,)]
        own = {row[0] for row in ask("select image_id from clipsql.image where collection = 'holidays'")}
        # Under a model that came when tenants were kept apart already, too.
        ask("select clipsql.add_model('later', 3)")
        all_regions = ask("select count(*) from clipsql.image_region")[0][0]
        foreign = ask(
            f"select region_id from clipsql.image_region where not image_id = any (array{sorted(own)})"
        )
        connection.exec_driver_sql("set local app.tenant = 'holidays'")
        connection.exec_driver_sql("set local role clipsql_reader")
        matches = ask(f"select image_id from clipsql.search_regions('{query}', 1000)")
        assert matches
        assert {row[0] for row in matches} <= own
        assert set(matches) == {(int(image),) for image in world.images if int(image) in own}
        labelled = ask(f"select label from clipsql.search_regions('{query}', 1000, having_label => 'bus')")
        assert set(labelled) == {("bus",)}
        for table in ("image_region", "region_embedding"):
            counted = ask(
                f"select count(*), bool_and(image_id = any (array{sorted(own)})) from clipsql.{table}"
            )
            assert 0 < counted[0][0] < all_regions
            assert counted[0][1]
        for statement in (
            f"select clipsql.region_vector({foreign[0][0]})",
            "select * from clipsql_private.region_embedding_1",
            "insert into clipsql.image_region (image_id, box) values (1, '{0,0,1,1}')",
        ):
            with pytest.raises(sa.exc.DBAPIError), connection.begin_nested():
                ask(statement)
        connection.exec_driver_sql("reset role")
        connection.exec_driver_sql("set local role clipsql_writer")
        ask(
            f"insert into clipsql.image_region (image_id, box) values ({min(own)}, '{{0,0,1,1}}') returning 1"
        )
        stranger = min(set(range(1, 301)) - own)
        with pytest.raises(sa.exc.DBAPIError, match="row-level security"), connection.begin_nested():
            ask(
                f"insert into clipsql.image_region (image_id, box) values ({stranger}, '{{0,0,1,1}}') returning 1"
            )
        transaction.rollback()
