"""A second model beside the default one: every picture is embedded under both, and searches go on."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import Result
from local_models import make_clip
from picture_server import PictureServer, picture_bytes
from PIL import Image
from sqlalchemy.engine import Engine
from waiting import until

from clipsql import errors
from clipsql.db.models import ModelRow, add_space
from clipsql.db.shadows import (
    begin_shadow,
    coverage,
    model_changes,
    model_failures,
    retire_model,
    use_model,
)
from clipsql.ingest import backfill
from clipsql.ingest.worker import Worker
from clipsql.ingest.workers import Workers
from clipsql.models import load_known, register_model
from clipsql.search.searcher import Searcher
from clipsql.web.downloading import DownloadOptions

DOWNLOADS = DownloadOptions(allow_private_hosts=True, per_host=32, timeout_s=20, retries=0)

COUNTS = """
    select (select count(*) from clipsql.image_embedding as e where e.model_id = m.model_id),
           (select count(*) from clipsql.caption_embedding as e where e.model_id = m.model_id)
    from clipsql.model as m order by m.model_id
"""


@pytest.fixture
def web() -> Iterator[PictureServer]:
    with PictureServer() as web:
        yield web


@pytest.fixture(scope="session")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("other"), seed=1, dimensions=20)


@pytest.fixture
def models(engine: Engine, model_folder: Path, other_folder: Path) -> tuple[ModelRow, ModelRow]:
    old, _ = register_model(engine, str(model_folder), name="old", dtype="float32")
    new, _ = register_model(engine, str(other_folder), name="new", dtype="float32")
    return old, new


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.png").write_bytes(picture_bytes(number))
    (folder / "captions.tsv").write_text(
        "file\tcaption\n" + "".join(f"{number}.png\ta red car {number}\n" for number in range(12))
    )
    return folder


def rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


def worker(engine: Engine, model: ModelRow, **options: Any) -> Worker:
    return Worker(engine, load_known(model, dtype="float32"), model, downloads=DOWNLOADS, **options)


def workers(engine: Engine, model: ModelRow) -> Workers:
    return Workers(
        engine,
        worker(engine, model, follows_default=True),
        model,
        lambda other: worker(engine, other, follows_default=True, keeps_attached=False),
    )


def insert(engine: Engine, *urls: str, collection: str = "c") -> None:
    with engine.begin() as connection:
        for url in urls:
            connection.execute(
                sa.text("insert into clipsql.image (collection, url) values (:collection, :url)"),
                {"collection": collection, "url": url},
            )


def waiting(engine: Engine) -> list[Any]:
    return rows(
        engine,
        "select i.url, m.name, q.is_fresh from clipsql_private.queue as q"
        " join clipsql.image as i using (image_id) left join clipsql.model as m using (model_id) order by 1, 2",
    )


# What comes in


def test_pictures_and_captions_that_were_there_follow_by_a_worker(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    old, new = models
    with engine.begin() as connection:
        pictures = Searcher(connection, model="old")
        for number in range(3):
            pictures.put("c", web.url(number), captions=[f"a red car {number}"])
    workers(engine, old).run(until_empty=True)
    before = rows(engine, COUNTS)
    assert before == [(3, 3), (0, 0)]
    begin_shadow(engine, "new")
    report = workers(engine, old).run(until_empty=True)
    assert (report.outcomes.total(), report.failed) == (3, 0)
    assert rows(engine, COUNTS) == [(3, 3), (3, 3)]
    assert waiting(engine) == []
    (told,) = model_changes(engine)
    assert (told.model, told.pictures, told.embedded, told.failed, told.waiting) == ("new", 3, 3, 0, 0)
    assert told.time_left is not None
    assert told.time_left.total_seconds() == 0
    vector = Searcher(engine, model="new").image_vector(1)
    expected = load_known(new, dtype="float32").encode_images([_pixels(0)])[0]
    assert np.dot(vector, expected) > 0.999


def _pixels(number: int) -> Image.Image:
    return Image.open(io.BytesIO(picture_bytes(number))).convert("RGB")


def test_what_is_ingested_from_files_is_embedded_under_both_at_once(
    engine: Engine, models: tuple[ModelRow, ModelRow], photos: Path, clipsql: Callable[..., Result]
) -> None:
    begin_shadow(engine, "new")
    done = clipsql("ingest", photos, "--collection", "c", "--dtype", "float32")
    assert done.exit_code == 0, done.stderr
    assert "12 added" in done.stdout
    assert "Embedded 12 pictures under model new, too." in done.stderr
    assert rows(engine, COUNTS) == [(12, 12), (12, 12)]
    (photos / "0.png").write_bytes(picture_bytes(77))
    (photos / "captions.tsv").write_text("file\tcaption\n1.png\ta green tree\n")
    assert clipsql("ingest", photos, "--collection", "c", "--dtype", "float32").exit_code == 0
    assert rows(engine, COUNTS)[1][0] == 12
    stale = "select count(*) from clipsql.caption as c where not exists (select from clipsql.caption_embedding as e"
    assert rows(engine, f"{stale} where e.caption_id = c.caption_id and e.model_id = 2)") == [(0,)]
    similar = Searcher(engine, model="new")
    encoder = load_known(models[1], dtype="float32")
    (first,) = rows(engine, "select image_id from clipsql.image where url like '%%/0.png'")[0]
    assert np.dot(similar.image_vector(first), encoder.encode_images([_pixels(77)])[0]) > 0.999


def test_files_that_were_there_are_read_again_by_their_content(
    engine: Engine, models: tuple[ModelRow, ModelRow], photos: Path, clipsql: Callable[..., Result]
) -> None:
    assert clipsql("ingest", photos, "--collection", "c", "--dtype", "float32").exit_code == 0
    (photos / "3.png").write_bytes(picture_bytes(99))
    (photos / "4.png").unlink()
    begin_shadow(engine, "new")
    report = workers(engine, models[0]).run(until_empty=True)
    assert report.failed == 2
    assert rows(engine, COUNTS) == [(12, 12), (10, 10)]
    assert rows(engine, "select distinct status from clipsql.image") == [("embedded",)]
    failed = model_failures(engine, models[1], most=9)
    assert [Path(one.url).name for one in failed] == ["3.png", "4.png"]
    assert {(one.failure, one.error) for one in failed} == {
        ("no_file", "its file does not lie on this machine as it was when it was embedded; ingest it again")
    }
    assert clipsql("ingest", photos, "--collection", "c", "--dtype", "float32").exit_code == 0
    assert rows(engine, COUNTS)[1] == (11, 11)
    assert [Path(one.url).name for one in model_failures(engine, models[1], most=9)] == ["4.png"]


def test_dead_addresses_stay_searchable_and_are_named_and_counted(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer, clipsql: Callable[..., Result]
) -> None:
    insert(engine, web.url(0), web.url(1), web.url(2))
    worker(engine, models[0]).run(until_empty=True)
    change(
        engine,
        "update clipsql.image set url = replace(url, '127.0.0.1', 'nowhere.invalid') where image_id > 1",
    )
    begin_shadow(engine, "new")
    workers(engine, models[0]).run(until_empty=True)
    assert rows(engine, "select status, failure, error from clipsql.image") == [("embedded", None, None)] * 3
    assert rows(engine, COUNTS) == [(3, 0), (1, 0)]
    lacking = coverage(engine, *models)
    assert (lacking.pictures, lacking.waiting, lacking.failed) == (3, 0, 2)
    assert len(Searcher(engine, model="old").search_similar(1)) == 2
    used = clipsql("model", "use", "new")
    assert used.exit_code == 0
    assert "2 of 3 pictures could not be had or read for new; searches under it miss them:" in used.stderr
    assert "nowhere.invalid" in used.stderr


def test_what_could_not_be_had_is_tried_again_when_a_shadow_is_asked_for_again(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    insert(engine, web.url(0))
    worker(engine, models[0]).run(until_empty=True)
    change(engine, "update clipsql.image set url = url || 'x'")
    begin_shadow(engine, "new")
    running = worker(engine, models[1])
    running.run(until_empty=True)
    assert rows(engine, "select failure from clipsql.model_failure") != []
    change(engine, "update clipsql.image set url = left(url, -1)")
    running.run(until_empty=True)
    assert rows(engine, COUNTS) == [(1, 0), (0, 0)]
    begin_shadow(engine, "new")
    running.run(until_empty=True)
    assert rows(engine, COUNTS) == [(1, 0), (1, 0)]
    assert rows(engine, "select failure from clipsql.model_failure") == []


def test_a_picture_whose_vector_was_given_keeps_it(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    given = np.eye(24, dtype=np.float32)[0]
    Searcher(engine, model="old").put("c", web.url(0), embedding=given)
    begin_shadow(engine, "new")
    workers(engine, models[0]).run(until_empty=True)
    assert rows(engine, COUNTS) == [(1, 0), (1, 0)]
    assert Searcher(engine, model="old").image_vector(1)[0] == 1


def test_what_was_there_follows_in_stretches_to_the_last_picture(
    engine: Engine,
    models: tuple[ModelRow, ModelRow],
    web: PictureServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backfill, "_STRETCH_ROWS", 2)
    insert(engine, *map(web.url, range(5)))
    worker(engine, models[0]).run(until_empty=True)
    begin_shadow(engine, "new")
    change(engine, "select clipsql_private.queue_missing(2, 2, 2)")  # by a worker that died since
    assert worker(engine, models[1]).run(until_empty=True).outcomes.total() == 5
    assert rows(engine, COUNTS) == [(5, 0), (5, 0)]


def test_what_comes_in_goes_before_what_was_there(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    insert(engine, web.url(0), web.url(1))
    worker(engine, models[0]).run(until_empty=True)
    begin_shadow(engine, "new")
    change(engine, "select clipsql_private.queue_missing(2, 0, 9)")
    insert(engine, web.url(2))
    worker(engine, models[0]).run(until_empty=True)
    assert waiting(engine) == [(web.url(number), "new", number == 2) for number in range(3)]
    worker(engine, models[1], only_fresh=True).run(until_empty=True)
    assert rows(engine, COUNTS) == [(3, 0), (1, 0)]


def test_a_picture_that_waited_for_the_shadow_alone_and_cannot_be_had_waits_no_more(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    insert(engine, web.url(0))
    worker(engine, models[0]).run(until_empty=True)
    web.contents["/0.png"] = None
    with engine.begin() as connection:
        connection.exec_driver_sql("select clipsql.put_image('c', %s, model => 'new')", (web.url(0),))
    assert rows(engine, "select status from clipsql.image") == [("pending",)]
    assert worker(engine, models[1]).run(until_empty=True).failed == 1
    assert rows(engine, "select status, failure from clipsql.image") == [("embedded", None)]
    assert rows(engine, "select failure from clipsql.model_failure") == [("not_found",)]


def test_whoever_writes_a_picture_under_either_model_leaves_it_out_of_neither(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    begin_shadow(engine, "new")
    with engine.begin() as connection:
        for number, name in enumerate(("old", "new")):
            connection.exec_driver_sql(
                "select clipsql.put_image('c', %s, model => %s)", (web.url(number), name)
            )
    worker(engine, models[1]).run(until_empty=True)
    assert rows(engine, COUNTS) == [(0, 0), (1, 0)]
    assert waiting(engine) == [(web.url(0), "old", False), (web.url(1), "old", True)]
    workers(engine, models[0]).run(until_empty=True)
    assert rows(engine, COUNTS) == [(2, 0), (2, 0)]


def test_only_the_worker_of_the_default_model_takes_what_waits_for_any(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    insert(engine, web.url(0))
    assert worker(engine, models[1], follows_default=True).run(until_empty=True).outcomes.total() == 0
    assert worker(engine, models[0], follows_default=True).run(until_empty=True).outcomes.total() == 1


def test_a_picture_that_is_fetched_anew_in_vain_has_failed_under_whatever_models(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    begin_shadow(engine, "new")
    insert(engine, web.url(0))
    workers(engine, models[0]).run(until_empty=True)
    web.contents["/0.png"] = None
    change(engine, "update clipsql.image set status = 'pending'")
    worker(engine, models[0]).run(until_empty=True)
    assert rows(engine, "select status, failure from clipsql.image") == [("failed", "not_found")]
    assert rows(engine, "select failure from clipsql.model_failure") == []


def test_a_shadow_of_one_collection_leaves_the_others_to_the_default_model(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    begin_shadow(engine, "new", collection="c")
    insert(engine, web.url(0))
    insert(engine, web.url(1), web.url(2), collection="d")
    assert worker(engine, models[1]).run(until_empty=True).outcomes.total() == 0
    workers(engine, models[0]).run(until_empty=True)
    assert rows(engine, COUNTS) == [(3, 0), (1, 0)]
    assert [(one.collection, one.pictures) for one in model_changes(engine)] == [("c", 1)]


def test_a_content_that_changes_while_the_shadow_has_it_in_hand_is_embedded_as_it_is_then(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    from clipsql.db.pictures import queue
    from clipsql.db.pictures.leases import Lease, Scope
    from clipsql.db.statements import autocommit_connection

    insert(engine, web.url(0))
    worker(engine, models[0]).run(until_empty=True)
    begin_shadow(engine, "new")
    change(engine, "select clipsql_private.queue_missing(2, 0, 9)")
    with autocommit_connection(engine) as connection:
        slow = Lease(worker="slow", seconds=60)
        assert len(queue.claim(connection, Scope(model=models[1]), slow, limit=9)) == 1
        change(engine, "delete from clipsql.image_embedding")
        change(engine, "insert into clipsql_private.queue (image_id, collection) values (1, 'c')")
        worker(engine, models[0]).run(until_empty=True)
        assert queue.claim(connection, Scope(model=models[1]), Lease(worker="b", seconds=9), limit=9)
        held = "select leased_by, is_fresh from clipsql_private.queue"
        assert connection.execute(held).fetchall() == [("b", True)]


def test_a_shadow_waits_for_those_who_are_writing_and_overlooks_none(
    engine: Engine, models: tuple[ModelRow, ModelRow]
) -> None:
    old = models[0]
    with engine.connect() as writer, writer.begin():
        writer.exec_driver_sql(
            "insert into clipsql.image (collection, url, status) values ('c', 'x', 'embedded')"
        )
        writer.exec_driver_sql(
            f"insert into clipsql.image_embedding values (1, {old.model_id}, array_fill(1, '{{24}}'::int[])::halfvec)"
        )
        beginning = threading.Thread(target=begin_shadow, args=(engine, "new"))
        beginning.start()
        beginning.join(0.5)
        assert beginning.is_alive()
    beginning.join(20)
    assert rows(engine, "select m.queued from clipsql_private.queue_missing(2, 0, 9) as m") == [(1,)]


@pytest.mark.usefixtures("models")
def test_a_shadow_is_no_default_model_and_no_vector_space(engine: Engine) -> None:
    add_space(engine, "space", dimensions=3)
    with pytest.raises(errors.ModelError, match="old is the default"):
        begin_shadow(engine, "old")
    with pytest.raises(errors.ModelError, match="space has no files here"):
        begin_shadow(engine, "space")
    with pytest.raises(errors.UnknownModel):
        begin_shadow(engine, "none")
    assert model_changes(engine) == []


def test_workers_begin_and_end_with_the_models_that_pictures_are_kept_under(
    engine: Engine, models: tuple[ModelRow, ModelRow], web: PictureServer
) -> None:
    running = workers(engine, models[0])
    reports: list[Any] = []
    thread = threading.Thread(target=lambda: reports.append(running.run(until_empty=False)))
    thread.start()
    try:
        insert(engine, web.url(0))
        until(lambda: rows(engine, COUNTS) == [(1, 0), (0, 0)], seconds=30)
        begin_shadow(engine, "new")
        until(lambda: rows(engine, COUNTS) == [(1, 0), (1, 0)], seconds=30)
        use_model(engine, "new", keeps_old=True)
        insert(engine, web.url(1))
        until(lambda: rows(engine, COUNTS) == [(2, 0), (2, 0)], seconds=30)
        retire_model(engine, "old")
        insert(engine, web.url(2))
        until(lambda: rows(engine, COUNTS)[1] == (3, 0), seconds=30)
        begin_shadow(engine, "old")
        until(lambda: rows(engine, COUNTS) == [(3, 0), (3, 0)], seconds=30)
    finally:
        running.stop()
        thread.join(20)
    assert not thread.is_alive()
    assert reports[0].outcomes.total() == 6
