"""The public views: what each shows, to whom, and that a filter on them is planned well."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from integration.filling import Filled, fill, new_model, picture, write
from sqlalchemy.engine import URL, Connection, Engine

from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.partitions import partition

JPEG = bytes(range(256)) * 4  # long enough for PostgreSQL's base64 to break lines


@pytest.fixture(scope="module")
def filled(new_database: Callable[..., URL], template: str) -> Iterator[Filled]:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    filled = fill(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into clipsql_private.thumbnail select image_id, '', 1, 1 from clipsql.image"
        )
        connection.exec_driver_sql("analyze clipsql.caption, clipsql_private.thumbnail")
    yield filled
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def rows(connection: Connection, statement: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.exec_driver_sql(statement).mappings()]


def value(connection: Connection, statement: str) -> Any:
    return connection.exec_driver_sql(statement).scalar_one()


def small_world(engine: Engine) -> None:
    """Two pictures under a model and one that failed; the first has two captions, a place and a thumbnail."""
    model = new_model(engine, dimensions=3)
    write(
        engine,
        model,
        [
            picture(
                "one",
                [1, 0, 0],
                captions=[("A red truck.", "en"), ("Another.", "en")],
                longitude=13.5,
                latitude=52.25,
                metadata={"camera": "K1"},
            ),
            picture("two", [0, 1, 0]),
            picture("bad", None),
        ],
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into clipsql_private.thumbnail select image_id, decode(%s, 'base64'), 4, 4"
            " from clipsql.image where url = 'one'",
            (base64.b64encode(JPEG).decode(),),
        )


def test_a_picture_is_one_row_with_its_captions(engine: Engine, connection: Connection) -> None:
    small_world(engine)
    one, two, bad = rows(connection, "select * from clipsql.picture order by image_id")
    assert list(one) == [
        "image_id", "collection", "url", "file", "caption", "captions", "taken_at", "place", "metadata", "width",
        "height", "format", "status", "error", "added_at", "has_thumbnail", "picture_url", "description",
    ]  # fmt: skip
    assert (one["caption"], one["captions"]) == ("A red truck.", ["A red truck.", "Another."])
    assert (one["place"], one["metadata"], one["has_thumbnail"]) == ("(13.5,52.25)", {"camera": "K1"}, True)
    assert (two["caption"], two["captions"], two["place"], two["has_thumbnail"]) == (None, [], None, False)
    assert (bad["status"], bad["error"]) == ("failed", "cannot be read")


def test_the_first_caption_is_the_oldest_however_they_lie(engine: Engine, connection: Connection) -> None:
    small_world(engine)
    connection.exec_driver_sql("update clipsql.caption set body = 'First.' where body = 'A red truck.'")
    connection.exec_driver_sql(
        "drop index clipsql.caption_image_id_idx"
    )  # rows as they lie: the new version last
    assert rows(connection, "select caption, captions from clipsql.picture where url = 'one'") == [
        {"caption": "First.", "captions": ["First.", "Another."]}
    ]


def test_a_thumbnail_is_a_data_uri_without_line_breaks(engine: Engine, connection: Connection) -> None:
    small_world(engine)
    uris = dict(
        connection.exec_driver_sql("select url, clipsql.thumbnail_uri(image_id) from clipsql.picture").all()
    )
    assert uris == {
        "one": "data:image/jpeg;base64," + base64.b64encode(JPEG).decode(),
        "two": None,
        "bad": None,
    }
    assert value(connection, "select clipsql.thumbnail_uri(null)") is None
    assert value(connection, "select clipsql.thumbnail_uri(-1)") is None


def test_no_view_or_thumbnail_shows_a_hidden_picture(engine: Engine, connection: Connection) -> None:
    small_world(engine)
    role = f"clipsql_test_viewer_{os.getpid()}"
    for statement in (
        f"create role {role} in role clipsql_reader",
        "alter table clipsql.image enable row level security",
        f"create policy others on clipsql.image for select to {role} using (url <> 'one')",
        f"set local role {role}",
    ):
        connection.exec_driver_sql(statement)
    assert rows(connection, "select url, captions from clipsql.picture order by url") == [
        {"url": "bad", "captions": []},
        {"url": "two", "captions": []},
    ]
    assert value(connection, "select clipsql.thumbnail_uri(1)") is None
    (stats,) = rows(connection, "select * from clipsql.collection_stats")
    assert (stats["images"], stats["embedded"], stats["captions"]) == (2, 1, 0)
    connection.exec_driver_sql("reset role")
    assert value(connection, "select clipsql.thumbnail_uri(1)") is not None
    connection.rollback()


def test_every_view_asks_with_the_rights_of_its_reader(connection: Connection) -> None:
    options = rows(
        connection,
        "select relname, reloptions from pg_class where relkind = 'v' and relnamespace = 'clipsql'::regnamespace",
    )
    assert len(options) == 8
    assert all(one["reloptions"] == ["security_invoker=true"] for one in options), options


@pytest.mark.parametrize(
    ("question", "reads"),
    [
        pytest.param("select * from clipsql.picture where image_id = 42", 1, id="by id"),
        pytest.param(
            "select * from clipsql.picture where collection = 'streets' order by taken_at limit 10",
            10,
            id="the earliest of a collection",
        ),
        pytest.param(
            "select p.url, p.captions from clipsql.search(clipsql.image_vector(1), max_results => 20) as s"
            " join clipsql.picture as p on p.image_id = s.image_id order by s.rank",
            20,
            id="joined with a search",
        ),
        pytest.param("select count(*) from clipsql.picture", 0, id="counted"),
        pytest.param(
            "select collection, count(*) from clipsql.picture group by collection",
            0,
            id="counted by collection",
        ),
    ],
)
def test_captions_are_read_only_of_the_pictures_that_are_shown(
    filled: Filled, question: str, reads: int
) -> None:
    with filled.engine.connect() as connection:
        plan = value(connection, f"explain (analyze, format json, timing off) {question}")[0]["Plan"]
    scans = [node for node in nodes(plan) if node.get("Relation Name") in ("caption", "thumbnail")]
    # A picture has two captions at most.
    assert all(node["Actual Loops"] * node["Actual Rows"] <= 2 * reads for node in scans), plan
    assert bool(scans) is bool(reads)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan with all below it that were run."""
    if plan.get("Actual Loops", 0) > 0:
        yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def test_a_collection_is_shown_under_the_models_that_it_uses(engine: Engine, connection: Connection) -> None:
    first, second = (new_model(engine, dimensions=3, name=name) for name in ("first", "second"))
    new_model(engine, dimensions=3, name="unused")
    write(engine, first, [picture("a", [1, 0, 0], captions=[("x", "en")] * 2), picture("b", [0, 1, 0])])
    write(engine, second, [picture("c", [1, 0, 0])])
    write(engine, second, [picture("d", [1, 0, 0])], collection="other")
    write(engine, first, [picture("e", None, captions=[("y", "en")])], collection="none embedded")
    assert rows(
        connection,
        "select collection, model, images, embedded, pending, failed, captions from clipsql.collection_stats"
        " order by collection, model",
    ) == [
        dict(zip(("collection", "model", "images", "embedded", "pending", "failed", "captions"), row, strict=True))
        for row in (
            ("c", "first", 3, 2, 0, 0, 2),
            ("c", "second", 3, 1, 0, 0, 2),
            ("none embedded", None, 1, 0, 0, 1, 1),
            ("other", "second", 1, 1, 0, 0, 0),
        )
    ]  # fmt: skip


def test_an_index_is_missing_then_building_then_valid_for_every_reader(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    write(engine, model, [picture("one", [1, 0, 0]), picture("two", [0, 1, 0])])

    def stats() -> dict[str, tuple[int, bool, str]]:
        """What a reader sees, who owns nothing: rows, whether there is a size, state."""
        with engine.begin() as connection:
            connection.exec_driver_sql("set local role clipsql_reader")
            found = rows(connection, "select * from clipsql.index_stats")
        assert {one["model"] for one in found} == {model.name}
        return {one["embeddings"]: (one["rows"], one["bytes"] is not None, one["state"]) for one in found}

    assert stats() == {
        "image_embedding": (2, False, "missing"),
        "caption_embedding": (0, False, "missing"),
        "region_embedding": (0, False, "missing"),
    }
    table = partition("image_embedding", model.model_id).as_string(None)
    with engine.connect() as building:
        building.exec_driver_sql(
            f"create index half_built on {table} using hnsw ((embedding::halfvec(3)) halfvec_cosine_ops)"
        )
        assert stats()["image_embedding"] == (2, False, "building")
        assert stats()["caption_embedding"] == (0, False, "missing")
        building.rollback()
    ensure_index(engine, model, table="image_embedding")
    assert stats()["image_embedding"] == (2, True, "valid")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update pg_index set indisvalid = false where indexrelid = %s::regclass",
            (f"clipsql_private.image_embedding_{model.model_id}_hnsw",),
        )
    assert stats()["image_embedding"] == (2, True, "invalid")


def test_the_recall_of_an_index_is_that_over_all_collections(engine: Engine, connection: Connection) -> None:
    model = new_model(engine, dimensions=3)
    connection.exec_driver_sql(
        "insert into clipsql_private.search_tuning"
        " (model_id, collection, ef_search, target_recall, measured_recall, queries)"
        f" values ({model.model_id}, 'c', 100, 0.9, 0.91, 5), ({model.model_id}, null, 100, 0.9, 0.97, 5)"
    )
    found = connection.exec_driver_sql(
        "select embeddings, recall from clipsql.index_stats order by embeddings"
    )
    assert found.all() == [("caption_embedding", None), ("image_embedding", 0.97), ("region_embedding", None)]


def test_a_reader_may_not_change_what_a_view_shows(connection: Connection) -> None:
    connection.exec_driver_sql("set local role clipsql_reader")
    with pytest.raises(Exception) as caught:  # noqa: PT011  its cause says more
        connection.exec_driver_sql("update clipsql.picture set url = 'x'")
    assert isinstance(caught.value.__cause__, psycopg.errors.InsufficientPrivilege)
    connection.rollback()
