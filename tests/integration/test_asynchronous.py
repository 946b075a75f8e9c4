"""Programs that await get the same answers and errors: on psycopg and asyncpg, on an engine and in a transaction."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from integration.filling import Filled, embed_captions, embed_regions, fill
from PIL import Image
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

import clipsql
from clipsql import AsyncSearcher, errors
from clipsql.db.engine import create_engine
from clipsql.demo import MATCHING_FOLDER, MODEL_FOLDER
from clipsql.models import register_model
from clipsql.search.searcher import Searcher

DRIVERS = ("psycopg", "asyncpg")


@pytest.fixture(scope="module")
def filled(new_database: Callable[..., URL], template: str) -> Any:
    """Pictures under the model in the box, so that texts are embedded, too."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    model, _ = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
    filled = fill(engine, rows=400, model=model)
    embed_captions(engine, model)
    embed_regions(engine, model)
    Searcher(engine).watch("w", image=7, min_percentile=90, once_per=dt.timedelta(days=30))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update clipsql.image_embedding set embedding = embedding"
        )  # raises alarms
    yield filled
    engine.dispose()


def url(engine: Engine, driver: str) -> str:
    return engine.url.set(drivername=f"postgresql+{driver}").render_as_string(hide_password=False)


def run(question: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(question)


CALLS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "search": (([1.0] * 128,), {"max_results": 3, "having_metadata": {"night": True}}),
    "search_text": (("a red truck",), {"taken_from": dt.datetime(2025, 3, 1, tzinfo=dt.UTC), "caption_query": "truck"}),
    "search_similar": ((5,), {"inside": [(-180, -90), (-180, 90), (180, 90), (180, -90)], "daily_from": dt.time(8)}),
    "search_hybrid": (("a red truck",), {"max_results": 4}),
    "search_query": (("red truck + image:7",), {"near_longitude": 13.4, "near_latitude": 52.5, "within_m": 1e6}),
    "search_moments": (("a red truck",), {"max_gap": dt.timedelta(seconds=20), "max_results": 4}),
    "search_image": ((Image.new("RGB", (64, 48), (200, 30, 30)),), {"metadata_matches": "$.at.lane == 2"}),
    "search_regions": (("a red truck",), {"max_results": 4, "having_label": "truck"}),
    "search_regions_like": ((Image.new("RGB", (64, 48), (200, 30, 30)),), {"crop": (8, 8, 40, 30), "max_results": 4}),
    "search_reranked": (("a red truck",), {"rerank": str(MATCHING_FOLDER), "candidates": 3, "max_results": 3}),
    "search_request": (({"text": "a red truck", "max_results": 2},), {}),
    "search_captions": (([1.0] * 128,), {"max_results": 3}),
    "suggest_captions": ((5,), {"max_results": 3}),
    "classify": ((5, ["dog", "truck"]), {}),
    "classify_images": ((["dog", "truck"],), {"only_images": [1, 2, 3]}),
    "match": ((5, "a red truck"), {}),
    "embed_text": (("a red truck",), {}),
    "embed_image": ((Image.new("RGB", (64, 48), (200, 30, 30)),), {}),
    "image_vector": ((5,), {}),
    "region_vector": ((5,), {}),
    "explain_text": (("a red truck",), {}),
    "files": (([1, 2],), {}),
    "thumbnails": (([1, 2],), {}),
    "attachments": ((), {}),
    "watches": ((), {}),
    "alerts": (("w",), {"max_results": 3}),
    "count_matches": (("a red truck",), {"by": "month", "min_similarity": 0.2, "having_metadata": {"night": True}}),
    "next_to_check": (("red truck + image:7",), {"max_results": 4, "in_collection": "streets"}),
    "backtest": (("w", dt.datetime(2025, 3, 1, tzinfo=dt.UTC)), {}),
}  # fmt: skip
WATCHES = {"watch", "unwatch", "move_watches", "pause_watch", "resume_watch", "judge_alert", "judge_match"}
ATTACHMENTS = {"attach", "reattach", "detach"}
WRITES = {"put", "put_many", "remove", "add_model", "explain_image", "ingest", *WATCHES, *ATTACHMENTS}


def test_every_method_is_there_and_called_below() -> None:
    methods = {
        name for name, _ in inspect.getmembers(Searcher, inspect.isfunction) if not name.startswith("_")
    }
    assert methods - WRITES == set(CALLS)
    for name in methods:
        call = getattr(AsyncSearcher, name)
        assert inspect.iscoroutinefunction(call)
        assert call.__doc__ == getattr(Searcher, name).__doc__


@pytest.mark.parametrize("driver", DRIVERS)
def test_watches_are_made_and_changed_by_awaiting(filled: Filled, driver: str) -> None:
    async def watch() -> None:
        async with clipsql.connect_async(url(filled.engine, driver)) as pictures:
            options = {"min_similarity": 0.999, "once_per": dt.timedelta(hours=1), "in_collection": driver}
            await pictures.watch(driver, "red truck + image:7", **options)
            await pictures.pause_watch(driver)
            await pictures.resume_watch(driver)
            assert await pictures.move_watches() == 0
            vector = await pictures.embed_text("a dog")
            await pictures.watch(driver, query_vector=vector, **options)
            await pictures.put(driver, "u", embedding=vector)
            [alert] = await pictures.alerts(driver)
            await pictures.judge_alert(alert.alert_id, True)
            [alert] = await pictures.alerts(driver)
            assert (alert.verdict, alert.repeats) == (True, 0)
            for one in await pictures.next_to_check(driver, max_results=12):
                await pictures.judge_match(driver, one.image_id, one.rank == 1)
            [whole] = await pictures.count_matches(driver, by="all")
            assert (whole.checked, (whole.matches or 0) >= 1) == (12, True)
            await pictures.unwatch(driver)
            with pytest.raises(errors.UnknownWatch):
                await pictures.alerts(driver)
            await pictures.remove([alert.image_id])

    run(watch())


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("name", CALLS)
def test_what_is_awaited_is_what_is_returned(filled: Filled, driver: str, name: str) -> None:
    args, options = CALLS[name]
    expected = getattr(Searcher(filled.engine), name)(*args, **options)

    async def ask() -> Any:
        async with clipsql.connect_async(url(filled.engine, driver)) as pictures:
            return await getattr(pictures, name)(*args, **options)

    found = run(ask())
    if isinstance(expected, np.ndarray):
        assert np.array_equal(found, expected)
    else:
        assert found == expected
        assert type(found) is type(expected)


@asynccontextmanager
async def transaction(engine: Engine, driver: str) -> AsyncIterator[AsyncConnection]:
    """A connection of an application's own, in a transaction that is taken back."""
    own = create_async_engine(make_url(url(engine, driver)))
    async with own.connect() as connection:
        yield connection
        await connection.rollback()
    await own.dispose()


@pytest.mark.parametrize("driver", DRIVERS)
def test_on_a_connection_all_is_in_its_transaction(filled: Filled, driver: str) -> None:
    async def ask() -> tuple[list[str], list[str]]:
        async with transaction(filled.engine, driver) as connection:
            pictures = AsyncSearcher(connection)
            vector = await pictures.embed_text("a red truck")
            image = await pictures.put("c", "id:1", embedding=vector, captions=["new"])
            inside = [match.url for match in await pictures.search_text("a red truck", max_results=1)]
            assert await pictures.remove([image]) == 1
            await pictures.put("c", "id:2", embedding=vector)
        async with clipsql.connect_async(url(filled.engine, driver)) as others:
            return inside, [match.url for match in await others.search_text("a red truck", max_results=1)]

    inside, outside = run(ask())
    assert inside == ["id:1"]
    assert outside[0].startswith("file:")


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_life_of_a_space_awaited(engine: Engine, driver: str) -> None:
    vectors = np.eye(4, dtype=np.float32)

    async def live() -> None:
        async with clipsql.connect_async(url(engine, driver), model="space") as pictures:
            assert (await pictures.add_model("space", dimensions=4)).dimensions == 4
            ids = [
                await pictures.put(
                    "c", f"id:{n}", embedding=vector, captions=["x"], caption_embeddings=[vector]
                )
                for n, vector in enumerate(vectors)
            ]
            both = await asyncio.gather(*(pictures.search(vector, max_results=1) for vector in vectors))
            assert [found[0].image_id for found in both] == ids
            put = await pictures.put_many("c", {"url": ["id:0", "id:9"], "embedding": vectors[:2]})
            assert (put.added, put.updated) == (1, 1)
            assert await pictures.remove(ids) == 4
            assert (await pictures.model()).name == "space"

    run(live())


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_ingest_awaited_brings_its_model(
    engine: Engine, driver: str, model_folder: Path, tmp_path: Path
) -> None:
    for number in range(3):
        Image.new("RGB", (64, 48), (number * 90, 90, 200)).save(tmp_path / f"{number}.png")

    async def bring() -> tuple[int, int]:
        async with clipsql.connect_async(url(engine, driver), model=str(model_folder)) as pictures:
            report = await pictures.ingest(tmp_path, collection="c")
            return report.outcomes["added"], len(await pictures.search_similar(1))

    assert run(bring()) == (3, 2)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("name", "args", "options", "error", "message"),
    [
        ("search_text", ("",), {}, errors.InvalidText, "The text is empty"),
        ("search_text", ("a\ud800",), {}, errors.InvalidText, "half of a surrogate pair"),
        ("search_text", ("a\0b",), {}, errors.InvalidText, "cannot be stored"),
        ("search_similar", (10**9,), {}, errors.UnknownImage, "There is no image"),
        ("search", ([1.0],), {}, errors.InvalidVector, "has 1 dimensions"),
        (
            "search",
            ([1.0] * 128,),
            {"max_results": 0},
            errors.InvalidArgument,
            "max_results must be 1 or more",
        ),
        (
            "search",
            ([1.0] * 128,),
            {"in_collection": "nope"},
            errors.UnknownCollection,
            'no collection "nope"',
        ),
        ("search", ([1.0] * 128,), {"metadata_matches": "$.a <"}, errors.InvalidArgument, "no JSON path"),
        ("put", ("c", "u"), {"embedding": [0.0] * 128}, errors.InvalidVector, "points nowhere"),
        ("search", ([1.0] * 128,), {"limit": 5}, TypeError, "limit"),
    ],
)
def test_errors_are_the_same(
    filled: Filled, driver: str, name: str, args: Any, options: Any, error: type[Exception], message: str
) -> None:
    async def ask() -> None:
        async with clipsql.connect_async(url(filled.engine, driver)) as pictures:
            await getattr(pictures, name)(*args, **options)

    with pytest.raises(error, match=message) as caught:
        run(ask())
    assert "\n" not in str(caught.value)


def test_a_driver_that_cannot_await_is_named(database_url: str) -> None:
    async def ask(given: str) -> None:
        async with clipsql.connect_async(given):
            pass

    with pytest.raises(errors.ConfigurationError, match=r"no asynchronous driver postgresql\+psycopg2"):
        run(ask(database_url.replace("postgresql:", "postgresql+psycopg2:")))
    with pytest.raises(errors.DatabaseUnreachable):
        run(ask("postgresql+asyncpg://u:p@127.0.0.1:1/x"))


def test_the_loop_goes_on_while_a_picture_is_encoded(filled: Filled) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    async def ask() -> None:
        async with clipsql.connect_async(url(filled.engine, "asyncpg")) as pictures:
            ticking = asyncio.create_task(tick())
            before = ticks
            await pictures.embed_image(Image.new("RGB", (64, 48)))
            assert ticks - before > 20
            ticking.cancel()

    run(ask())
