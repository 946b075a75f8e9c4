"""Everything of `clipsql.orm` on asyncpg, an engine that knows nothing of clipsql."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from integration.filling import keep_up
from sqlalchemy.engine import Engine, make_url

from clipsql import errors, orm
from clipsql.search.searcher import Searcher

pytest.importorskip("asyncpg", reason="needs pip install asyncpg")
pytest.importorskip("greenlet", reason='needs pip install "sqlalchemy[asyncio]"')

RED = [1.0, 0.0, 0.0]
MOMENT = dt.datetime(2025, 1, 2, 3, tzinfo=dt.UTC)
FILTERS: dict[str, Any] = {
    "in_collection": "c",
    "taken_from": MOMENT - dt.timedelta(hours=1),
    "taken_until": MOMENT + dt.timedelta(days=1),
    "daily_from": dt.time(0),
    "daily_until": dt.time(23, 59),
    "near_longitude": 3.0,
    "near_latitude": 4.0,
    "within_m": 1000.0,
    "inside": [(2.0, 3.0), (4.0, 3.0), (4.0, 5.0), (2.5, 5.5)],
    "having_metadata": {"n": 1},
    "metadata_matches": '$.n < 2 && $.of == "Ä"',
    "caption_query": "red",
    "only_images": [1, 2],
    "except_images": [2],
    "model": "space",
}
NEAREST = {**FILTERS, "max_results": 3, "min_similarity": -1.0}
SEARCH = {**NEAREST, "min_percentile": 0.0, "distinct_above": 0.999}
TEXT = {"model": "space"}
"""A space has no text tower: what needs one is refused by the database, once all arguments have arrived there."""
THING = sa.Table(
    "thing", sa.MetaData(), sa.Column("id", sa.Text, primary_key=True), sa.Column("url", sa.Text)
)

CALLS: dict[str, Callable[[], Any]] = {
    "search": lambda: sa.select(orm.search(RED, **SEARCH).c.url),
    "search_similar": lambda: sa.select(orm.search_similar(2, **SEARCH | {"except_images": None}).c.url),
    "search_query": lambda: sa.select(orm.search_query("image:2", **SEARCH | {"except_images": None}).c.url),
    "search_vectors": lambda: sa.select(
        orm.search_vectors([RED, [1, 1, 0]], weights=[1, 0.5], **SEARCH).c.url
    ),
    "search_hybrid": lambda: sa.select(
        orm.search_hybrid("red", **SEARCH, query_vector=RED, text_weight=1, vector_weight=0.5).c.url
    ),
    "search_rows": lambda: sa.select(
        orm.search_rows(THING, None, query_vector=RED, only_rows=["red"], **SEARCH).c.id
    ),
    "search_moments": lambda: sa.select(
        orm.search_moments("red", **SEARCH, query_vector=RED, max_gap=dt.timedelta(seconds=3)).c.url
    ),
    "search_regions": lambda: sa.select(orm.search_regions(RED, **NEAREST, having_label="van").c.url),
    "region_vector": lambda: sa.select(orm.region_vector(1, model="space")),
    "search_captions": lambda: sa.select(orm.search_captions(RED, **NEAREST).c.caption),
    "suggest_captions": lambda: sa.select(
        orm.suggest_captions(2, **NEAREST | {"except_images": None}).c.caption
    ),
    "image_vector": lambda: sa.select(orm.image_vector(1, model="space")),
    "mix": lambda: sa.select(orm.mix([RED, RED], weights=[0.5, 0.5])),
    "search_text": lambda: sa.select(orm.search_text("red", **SEARCH).c.url),
    "embed_text": lambda: sa.select(orm.embed_text("red", **TEXT)),
    "explain_text": lambda: sa.select(orm.explain_text("red", **TEXT)),
    "match": lambda: sa.select(orm.match(1, "red", **TEXT)),
    "classify": lambda: sa.select(orm.classify(1, ["red", "blue"], templates=["a {}"], **TEXT)),
    "classify_images": lambda: sa.select(orm.classify_images(["red", "blue"], template="a {}", **FILTERS)),
}
ANSWERS = {
    **dict.fromkeys(["search", "search_similar", "search_query", "search_vectors", "search_hybrid"], "red"),
    "search_rows": "red",
    "search_moments": "red#t=1,2.5",
    "search_regions": "red",
    **dict.fromkeys(["search_captions", "suggest_captions"], "red"),
    **dict.fromkeys(["image_vector", "region_vector", "mix"], RED),
}


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Two pictures of a space, with the ids 1 and 2, which a table of things has, too."""
    pictures = Searcher(engine)
    pictures.add_model("space", dimensions=3)
    for url, vector in (("red", RED), ("orange", [1.0, 1.0, 0.0])):
        pictures.put(
            "c", url, embedding=vector, captions=[url], caption_embeddings=[vector], taken_at=MOMENT,
            longitude=3, latitude=4, metadata={"n": 1, "of": "Ä"},
        )  # fmt: skip
    THING.create(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into clipsql.video_frame values (1, 'red', sha256(''), 'scenes', 1, 2.5, true)"
        )
        connection.exec_driver_sql(
            "insert into clipsql.image_region (image_id, box, label) values (1, '{0,0,2,2}', 'van');"
            " insert into clipsql.region_embedding (region_id, image_id, model_id, embedding)"
            " select 1, e.image_id, e.model_id, e.embedding from clipsql.image_embedding as e where e.image_id = 1"
        )
        connection.execute(THING.insert(), [{"id": url, "url": url} for url in ("red", "orange")])
    pictures.attach("thing", "url", collection="c")
    keep_up(engine)
    return engine


def on_asyncpg(engine: Engine, work: Callable[[Any], Any]) -> Any:
    """What the coroutine made of a connection gives."""
    from sqlalchemy.ext.asyncio import create_async_engine

    url = make_url(engine.url).set(drivername="postgresql+asyncpg")

    async def run() -> Any:
        own = create_async_engine(url)
        try:
            async with own.connect() as connection:
                return await work(connection)
        finally:
            await own.dispose()

    return asyncio.run(run())


@pytest.mark.parametrize("name", CALLS)
def test_every_function_of_the_orm_takes_its_arguments(filled: Engine, name: str) -> None:
    async def work(connection: Any) -> Any:
        return (await connection.execute(CALLS[name]())).scalars().all()

    if name in ANSWERS:
        assert on_asyncpg(filled, work) == [ANSWERS[name]]
        return
    with pytest.raises(sa.exc.DBAPIError) as caught:
        on_asyncpg(filled, work)
    assert caught.value.orig.sqlstate == "CQ005"  # type: ignore[union-attr]


def test_every_function_and_every_filter_is_tried() -> None:
    functions = {name for name in orm.__all__ if name[0].islower()}
    assert functions == set(CALLS)
    assert set(SEARCH) == set(orm.SearchOptions.__annotations__)


@pytest.mark.parametrize("name", [name for name in FILTERS if name not in ("model", "within_m")])
def test_a_filter_that_does_not_pass_leaves_nothing(filled: Engine, name: str) -> None:
    others: dict[str, Any] = {
        "in_collection": "d",
        "taken_from": MOMENT + dt.timedelta(hours=1),
        "taken_until": MOMENT,
        "daily_from": dt.time(5),
        "daily_until": dt.time(2),
        "near_longitude": -3.0,
        "near_latitude": -4.0,
        "inside": [(12, 3), (14, 3), (14, 5)],
        "having_metadata": {"n": 2},
        "metadata_matches": "$.n > 2",
        "caption_query": "blue",
        "only_images": [2],
        "except_images": [1, 2],
    }

    async def work(connection: Any) -> Any:
        found = orm.search(RED, **{**SEARCH, name: others[name]})
        return (await connection.execute(sa.select(found.c.url))).scalars().all()

    assert on_asyncpg(filled, work) == []


def test_the_tables_are_read_and_a_searcher_works_within_the_connection(filled: Engine) -> None:
    async def work(connection: Any) -> Any:
        ids = (
            (await connection.execute(sa.select(orm.Image.image_id).order_by(orm.Image.url))).scalars().all()
        )

        def ask(sync: sa.Connection) -> list[str]:
            pictures = Searcher(sync)
            pictures.put("c", "blue", embedding=[0, 0, 1], captions=["blue"], metadata={"n": 3})
            for wrong, kind in (
                (lambda: pictures.search([1.0]), errors.InvalidVector),
                (lambda: pictures.search_text("red"), errors.ModelError),
                (lambda: pictures.search_similar(-1), errors.UnknownImage),
                (lambda: pictures.search(RED, max_results=-1), errors.InvalidArgument),
            ):
                with pytest.raises(kind) as caught:
                    wrong()
                assert "<class" not in str(caught.value)
            return [match.url for match in pictures.search(RED)]

        return ids, await connection.run_sync(ask)

    assert on_asyncpg(filled, work) == ([2, 1], ["red", "orange", "blue"])
    assert len(Searcher(filled).search(RED)) == 2
