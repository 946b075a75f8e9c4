"""Pictures on the web: rows as a queue, what workers make of them, and what a second run leaves alone."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from local_models import make_clip
from picture_server import PictureServer, picture_bytes
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow
from clipsql.db.pictures import queue
from clipsql.db.pictures.leases import Lease, Scope
from clipsql.db.pictures.records import PictureWrite
from clipsql.db.statements import autocommit_connection
from clipsql.encoding import Encoder
from clipsql.errors import ConfigurationError, FailureClass
from clipsql.ingest.claims import Claims
from clipsql.ingest.indexer import Indexer, IngestOptions, IngestReport, Outcome
from clipsql.ingest.pipeline import threads
from clipsql.ingest.readings import ReadOptions
from clipsql.ingest.worker import Worker
from clipsql.models import register_model
from clipsql.picture import PictureRecord
from clipsql.sources import Source
from clipsql.web.downloading import Downloader, DownloadOptions

DOWNLOADS = DownloadOptions(allow_private_hosts=True, per_host=32, timeout_s=20, retries=1, first_wait_s=0.05)
Ingest = Callable[..., IngestReport]
TABLES = ("image", "caption", "image_embedding", "caption_embedding")


@dataclass(frozen=True)
class Records(Source):
    """Records as they are given."""

    records: Sequence[PictureRecord]

    @property
    def name(self) -> str:
        return "records"

    def count(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[PictureRecord]:
        return iter(self.records)


@pytest.fixture
def ingest(engine: Engine, encoder: Encoder, model: ModelRow) -> Ingest:
    """Ingest records into collection "c" under the tiny model: `ingest(records, retry_failed=True)`."""

    def run(records: Sequence[PictureRecord], **options: Any) -> IngestReport:
        return Indexer(engine, encoder, model, downloads=DOWNLOADS).ingest(
            Records(records), IngestOptions(collection="c", **options)
        )

    return run


@pytest.fixture
def enqueue(engine: Engine, model: ModelRow) -> Ingest:
    """Put records into the queue of collection "c"; this needs no encoder."""

    def run(records: Sequence[PictureRecord], **options: Any) -> IngestReport:
        return Indexer(engine, None, model).ingest(
            Records(records), IngestOptions(collection="c", enqueue_only=True, **options)
        )

    return run


@pytest.fixture
def work(engine: Engine, encoder: Encoder, model: ModelRow) -> Callable[..., IngestReport]:
    """Let a worker empty the queue."""

    def run(**options: Any) -> IngestReport:
        return Worker(engine, encoder, model, downloads=DOWNLOADS, options=ReadOptions(**options)).run(
            until_empty=True
        )

    return run


def rows(engine: Engine, query: str, **parameters: object) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(sa.text(query), parameters))


def one(engine: Engine, query: str, **parameters: object) -> Any:
    (row,) = rows(engine, query, **parameters)
    return tuple(row) if len(row) > 1 else row[0]


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


def versions(engine: Engine, *tables: str) -> dict[str, list[Any]]:
    """Which version of every row is the live one: any write changes it."""
    return {
        table: rows(engine, f"select ctid, xmin from clipsql{table} order by ctid")
        for table in (name if name.startswith("_private.") else f".{name}" for name in tables)
    }


def listed(web: PictureServer, count: int, **facts: Any) -> list[PictureRecord]:
    return [PictureRecord(web.url(n), None, (f"a red car {n}",), **facts) for n in range(count)]


# What goes in


def test_pictures_on_the_web_are_downloaded_embedded_and_described(
    engine: Engine, ingest: Ingest, web: PictureServer, encoder: Encoder
) -> None:
    taken_at = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
    report = ingest(listed(web, 70, taken_at=taken_at, longitude=13.0, latitude=52.0, metadata={"k": 1}))
    assert report.outcomes == {Outcome.ADDED: 70}
    assert report.captions == 70
    found = rows(engine, "select * from clipsql.image order by image_id")
    assert len(found) == 70
    for number, row in enumerate(found):
        assert row.url == web.url(number)
        assert (row.status, row.file, row.error, row.failure) == ("embedded", None, None, None)
        assert row.sha256 == hashlib.sha256(picture_bytes(number)).digest()
        assert (row.width, row.height, row.format) == (16, 12, "PNG")
        assert (row.taken_at, row.longitude, row.latitude, row.metadata) == (taken_at, 13.0, 52.0, {"k": 1})
    picture = Image.open(io.BytesIO(picture_bytes(3)))
    expected = encoder.encode_images([picture])[0]
    stored = one(engine, "select embedding from clipsql.image_embedding where image_id = 4")
    assert float(stored.to_numpy() @ expected) > 0.999
    assert one(engine, "select count(*) from clipsql.caption_embedding") == 70
    assert one(engine, "select count(*) from clipsql_private.queue") == 0
    assert set(web.asked.values()) == {1}


def test_local_and_remote_pictures_may_be_in_one_source(
    engine: Engine, ingest: Ingest, web: PictureServer, tmp_path: Path
) -> None:
    records = listed(web, 20)
    for number in range(20, 40):
        file = tmp_path / f"{number}.png"
        file.write_bytes(picture_bytes(number))
        records.insert(number % 7, PictureRecord(file.as_uri(), file))
    assert ingest(records).outcomes == {Outcome.ADDED: 40}
    assert one(engine, "select count(*) from clipsql.image_embedding") == 40


def test_a_url_that_gives_no_picture_ends_failed_with_its_class(
    engine: Engine, ingest: Ingest, web: PictureServer
) -> None:
    web.contents["/0.png"] = None
    web.contents["/1.png"] = b"<html>gone</html>"
    web.contents["/2.png"] = picture_bytes(2)[:60]
    records = [*listed(web, 4), PictureRecord("no address at all"), PictureRecord("file://[")]
    assert ingest(records).outcomes == {Outcome.ADDED: 1, Outcome.FAILED: 5}
    found = rows(engine, "select status, failure, error from clipsql.image order by image_id")
    assert [(row.status, row.failure) for row in found] == [
        ("failed", "not_found"),
        ("failed", "not_an_image"),
        ("failed", "damaged"),
        ("embedded", None),
        ("failed", "bad_url"),
        ("failed", "bad_url"),
    ]
    for row in found:
        assert row.error is None or len(row.error.splitlines()) == 1
    assert (
        one(engine, "select count(*) from clipsql.caption") == 4
    )  # stored at once, embedded with the picture
    assert one(engine, "select count(*) from clipsql.caption_embedding") == 1


def test_what_sql_inserts_is_worked_on(
    engine: Engine, work: Callable[..., IngestReport], web: PictureServer
) -> None:
    for number in range(2):
        change(engine, f"insert into clipsql.image (collection, url) values ('by hand', '{web.url(number)}')")
    assert work().outcomes == {Outcome.ADDED: 2}


# The queue


def test_a_list_waits_in_the_queue_with_all_that_is_known_and_any_worker_takes_it(
    engine: Engine, enqueue: Ingest, work: Callable[..., IngestReport], web: PictureServer
) -> None:
    assert enqueue(listed(web, 300, metadata={"k": 1})).outcomes == {Outcome.QUEUED: 300}
    assert not web.asked
    assert one(engine, "select count(*) from clipsql.image where status = 'pending'") == 300
    assert one(engine, "select count(*) from clipsql.caption") == 300
    before = versions(engine, "image", "caption", "_private.queue")
    assert enqueue(listed(web, 300, metadata={"k": 1})).outcomes == {Outcome.QUEUED: 300}
    assert versions(engine, "image", "caption", "_private.queue") == before
    assert work().outcomes == {Outcome.ADDED: 300}
    assert one(engine, "select count(*) from clipsql.caption_embedding") == 300


def test_workers_share_the_queue_and_do_nothing_twice(
    engine: Engine, enqueue: Ingest, work: Callable[..., IngestReport], web: PictureServer
) -> None:
    enqueue(listed(web, 400))
    reports: list[IngestReport] = []
    workers = [threading.Thread(target=lambda: reports.append(work())) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sum(report.outcomes[Outcome.ADDED] for report in reports) == 400
    assert set(web.asked.values()) == {1}
    assert one(engine, "select count(*) from clipsql.image where status = 'embedded'") == 400


def test_a_worker_takes_pictures_of_its_collection_only(
    engine: Engine, encoder: Encoder, model: ModelRow, enqueue: Ingest, web: PictureServer
) -> None:
    enqueue(listed(web, 2))
    change(engine, "update clipsql.image set collection = 'other' where image_id = 1")
    worker = Worker(engine, encoder, model, downloads=DOWNLOADS, collection="other")
    assert worker.run(until_empty=True).outcomes == {Outcome.ADDED: 1}
    assert one(engine, "select status from clipsql.image where collection = 'c'") == "pending"


def test_a_worker_whose_lease_ran_out_writes_nothing(
    engine: Engine, model: ModelRow, enqueue: Ingest, work: Callable[..., IngestReport], web: PictureServer
) -> None:
    enqueue(listed(web, 3))
    late = Lease(worker="late", seconds=0.01)
    with autocommit_connection(engine) as connection:
        claimed = queue.claim(connection, Scope(model=model), late, limit=2)
        assert [stored.picture.url for stored in claimed] == [web.url(0), web.url(1)]
        assert work().outcomes == {Outcome.ADDED: 3}
        before = versions(engine, *TABLES)
        writes = [
            PictureWrite(
                picture=replace(stored.picture, status="failed", error="late", failure="timeout"),
                stored=stored,
                embedding=np.ones(model.dimensions, np.float32),
            )
            for stored in claimed
        ]
        assert queue.settle(connection, writes, late, model=model) == set()
        queue.renew(connection, [1, 2], late)
        queue.give_back(connection, [1, 2], late)
    assert versions(engine, *TABLES) == before


def test_a_lease_keeps_others_away_until_it_runs_out_or_is_given_back(
    engine: Engine, model: ModelRow, enqueue: Ingest, web: PictureServer
) -> None:
    enqueue(listed(web, 3))
    first, second = Lease(worker="first", seconds=60), Lease(worker="second", seconds=60)
    scope = Scope(model=model, collection="c")
    with autocommit_connection(engine) as connection:
        assert len(queue.claim(connection, scope, first, limit=2)) == 2
        assert [one.image_id for one in queue.claim(connection, scope, second, limit=2)] == [3]
        assert queue.claim(connection, scope, second, limit=2) == []
        assert not queue.is_empty(connection, scope)
        queue.give_back(connection, [1], first)
        assert [one.image_id for one in queue.claim(connection, scope, second, limit=2)] == [1]
        change(
            engine,
            "update clipsql_private.queue set leased_until = now() - interval '1 s' where image_id = 2",
        )
        queue.renew(connection, [2], first)  # nobody took it: it may go on
        assert queue.claim(connection, scope, second, limit=2) == []


def test_a_living_worker_keeps_its_leases_however_slow_the_web_is(
    engine: Engine, encoder: Encoder, model: ModelRow, enqueue: Ingest
) -> None:
    with PictureServer(latency_s=4) as slow:
        enqueue(listed(slow, 3))
        reports: list[IngestReport] = []

        def work() -> None:
            worker = Worker(engine, encoder, model, downloads=DOWNLOADS, lease_s=3)
            reports.append(worker.run(until_empty=True))

        workers = [threading.Thread(target=work) for _ in range(2)]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
    assert sum(report.outcomes[Outcome.ADDED] for report in reports) == 3
    assert set(slow.asked.values()) == {1}


def test_a_worker_whose_machine_slept_goes_on_with_what_it_has_in_hand(
    engine: Engine, enqueue: Ingest, work: Callable[..., IngestReport]
) -> None:
    with PictureServer(latency_s=3) as slow:
        enqueue(listed(slow, 3))
        reports: list[IngestReport] = []
        worker = threading.Thread(target=lambda: reports.append(work()))
        worker.start()
        while slow.asked.total() < 3:
            time.sleep(0.02)
        change(engine, "update clipsql_private.queue set leased_until = now() - interval '1 s'")
        worker.join()
    assert [report.outcomes for report in reports] == [{Outcome.ADDED: 3}]
    assert set(slow.asked.values()) == {1}


def test_a_worker_that_is_stopped_gives_back_what_it_did_not_do(
    engine: Engine, encoder: Encoder, model: ModelRow, enqueue: Ingest, work: Callable[..., IngestReport]
) -> None:
    with PictureServer(latency_s=0.3) as slow:
        enqueue(listed(slow, 300))
        worker = Worker(engine, encoder, model, downloads=DOWNLOADS)
        report = worker.run(until_empty=False, on_outcome=lambda _outcome: worker.stop())
        done = one(engine, "select count(*) from clipsql.image where status = 'embedded'")
        assert 0 < done < 300
        assert report.outcomes == {Outcome.ADDED: done}
        assert one(engine, "select count(*) from clipsql_private.queue where leased_by is not null") == 0
        slow.latency_s = 0
        assert work().outcomes == {Outcome.ADDED: 300 - done}


def test_a_collection_may_be_dropped_while_a_worker_has_it_in_hand(
    engine: Engine, model: ModelRow, enqueue: Ingest, web: PictureServer
) -> None:
    enqueue(listed(web, 2))
    lease = Lease(worker="w", seconds=60)
    with autocommit_connection(engine) as connection:
        claimed = queue.claim(connection, Scope(model=model), lease, limit=2)
        change(engine, "delete from clipsql.image where image_id = 1")
        change(engine, "delete from clipsql.caption where image_id = 2")
        vector = np.ones(model.dimensions, np.float32)
        writes = [
            PictureWrite(
                picture=replace(stored.picture, status="embedded", sha256=bytes(32)),
                stored=stored,
                embedding=vector,
                caption_embeddings=[(caption.caption_id, vector) for caption in stored.captions],
            )
            for stored in claimed
        ]
        assert queue.settle(connection, writes, lease, model=model) == {2}
    assert [one(engine, f"select count(*) from clipsql.{table}") for table in TABLES] == [1, 0, 1, 0]


# The second run


def test_a_second_run_downloads_nothing_and_writes_nothing(
    engine: Engine, ingest: Ingest, web: PictureServer
) -> None:
    web.contents["/1.png"] = None
    ingest(listed(web, 5))
    asked, before = web.asked.total(), versions(engine, *TABLES)
    assert ingest(listed(web, 5)).outcomes == {Outcome.UNCHANGED: 4, Outcome.FAILED_BEFORE: 1}
    assert (web.asked.total(), versions(engine, *TABLES)) == (asked, before)


def test_changed_metadata_and_captions_need_no_download(
    engine: Engine, ingest: Ingest, enqueue: Ingest, work: Callable[..., IngestReport], web: PictureServer
) -> None:
    ingest(listed(web, 3))
    asked, before = web.asked.total(), versions(engine, "image_embedding")
    changed = [replace(record, metadata={"n": 1}, captions=("a blue dog",)) for record in listed(web, 3)]
    assert ingest(changed[:2]).outcomes == {Outcome.UPDATED: 2}
    assert enqueue(changed).outcomes == {Outcome.UNCHANGED: 2, Outcome.QUEUED: 1}
    assert work().outcomes == {Outcome.UPDATED: 1}
    assert (web.asked.total(), versions(engine, "image_embedding")) == (asked, before)
    assert (
        one(
            engine,
            "select count(*) from clipsql.caption join clipsql.caption_embedding using (caption_id)"
            " where body = 'a blue dog'",
        )
        == 3
    )
    assert one(engine, "select count(*) from clipsql.image where status = 'embedded' and metadata ? 'n'") == 3


def test_failures_are_tried_again_by_class(engine: Engine, ingest: Ingest, web: PictureServer) -> None:
    web.contents |= {"/0.png": None, "/1.png": b"<html>"}
    ingest(listed(web, 3))
    web.contents.clear()
    again = ingest(listed(web, 3), retry_failed=True, retry_class=FailureClass.TIMEOUT)
    assert again.outcomes == {Outcome.UNCHANGED: 1, Outcome.FAILED_BEFORE: 2}
    again = ingest(listed(web, 3), retry_failed=True, retry_class=FailureClass.NOT_FOUND)
    assert again.outcomes == {Outcome.UNCHANGED: 1, Outcome.FAILED_BEFORE: 1, Outcome.ADDED: 1}
    assert ingest(listed(web, 3), retry_failed=True).outcomes == {Outcome.UNCHANGED: 2, Outcome.ADDED: 1}
    assert rows(engine, "select distinct status, error, failure from clipsql.image") == [
        ("embedded", None, None)
    ]
    assert web.asked == {"/0.png": 2, "/1.png": 2, "/2.png": 1}
    assert one(engine, "select count(*) from clipsql.caption_embedding") == 3


def test_refresh_downloads_again_and_embeds_what_changed(
    engine: Engine, ingest: Ingest, web: PictureServer
) -> None:
    ingest(listed(web, 3))
    web.contents["/1.png"] = picture_bytes(99)
    vectors = "select embedding::text from clipsql.image_embedding order by image_id"
    before = rows(engine, vectors)
    assert ingest(listed(web, 3), refresh=True).outcomes == {Outcome.UPDATED: 3}
    assert [old == new for old, new in zip(before, rows(engine, vectors), strict=True)] == [True, False, True]
    assert set(web.asked.values()) == {2}


def test_a_second_model_gets_its_embeddings_and_the_first_keeps_its_own(
    engine: Engine, ingest: Ingest, web: PictureServer, tmp_path: Path
) -> None:
    ingest(listed(web, 4))
    before = versions(engine, "_private.image_embedding_1")
    web.contents["/3.png"] = None
    other, encoder = register_model(engine, str(make_clip(tmp_path / "other", seed=1, dimensions=16)))
    report = Indexer(engine, encoder, other, downloads=DOWNLOADS).ingest(
        Records(listed(web, 4)), IngestOptions(collection="c")
    )
    assert report.outcomes == {Outcome.UPDATED: 3, Outcome.FAILED: 1}
    assert versions(engine, "_private.image_embedding_1") == before
    assert one(engine, "select count(*) from clipsql_private.image_embedding_2") == 3
    # Searches under the first model find it as before.
    assert one(engine, "select status, failure from clipsql.image where image_id = 4") == ("embedded", None)
    assert rows(engine, "select model, image_id, failure from clipsql.model_failure") == [
        (other.name, 4, "not_found")
    ]


def test_a_worker_leaves_what_waits_for_another_model(
    engine: Engine, enqueue: Ingest, web: PictureServer, tmp_path: Path
) -> None:
    enqueue(listed(web, 2))
    other, encoder = register_model(engine, str(make_clip(tmp_path / "other", seed=1, dimensions=16)))
    assert not Worker(engine, encoder, other, downloads=DOWNLOADS).run(until_empty=True).outcomes
    change(engine, "update clipsql_private.queue set model_id = null where image_id = 1")
    report = Worker(engine, encoder, other, downloads=DOWNLOADS).run(until_empty=True)
    assert report.outcomes == {Outcome.ADDED: 1}


def test_pictures_that_wait_for_two_models_get_both_and_are_downloaded_for_each(
    engine: Engine,
    enqueue: Ingest,
    work: Callable[..., IngestReport],
    web: PictureServer,
    tmp_path: Path,
) -> None:
    enqueue(listed(web, 3))
    other, encoder = register_model(engine, str(make_clip(tmp_path / "other", seed=1, dimensions=16)))
    again = Indexer(engine, None, other).ingest(
        Records(listed(web, 3)), IngestOptions(collection="c", enqueue_only=True)
    )
    assert again.outcomes == {Outcome.QUEUED: 3}
    assert work().outcomes == {Outcome.ADDED: 3}
    assert one(engine, "select count(*) from clipsql_private.image_embedding_2") == 0
    report = Worker(engine, encoder, other, downloads=DOWNLOADS).run(until_empty=True)
    assert report.outcomes == {Outcome.UPDATED: 3}
    assert rows(engine, "select model_id, count(*) from clipsql.image_embedding group by 1 order by 1") == [
        (1, 3),
        (2, 3),
    ]
    assert one(engine, "select count(*) from clipsql_private.queue") == 0


def test_a_local_picture_that_waits_is_done_by_the_next_ingest_of_its_folder(
    engine: Engine, ingest: Ingest, enqueue: Ingest, work: Callable[..., IngestReport], tmp_path: Path
) -> None:
    (tmp_path / "local.png").write_bytes(picture_bytes(9))
    local = PictureRecord((tmp_path / "local.png").as_uri(), tmp_path / "local.png")
    assert enqueue([local]).outcomes == {Outcome.QUEUED: 1}
    assert ingest([local]).outcomes == {Outcome.ADDED: 1}
    assert one(engine, "select count(*) from clipsql_private.queue") == 0
    assert not work().outcomes


# Validation


def test_validation_stores_verdicts_and_embeds_nothing(
    engine: Engine, model: ModelRow, work: Callable[..., IngestReport], web: PictureServer, tmp_path: Path
) -> None:
    web.contents |= {"/0.png": None, "/1.png": picture_bytes(1)[:60]}
    (tmp_path / "local.png").write_bytes(picture_bytes(9))
    local = PictureRecord((tmp_path / "local.png").as_uri(), tmp_path / "local.png")
    validate = lambda: Indexer(engine, None, model, downloads=DOWNLOADS).ingest(  # noqa: E731
        Records([*listed(web, 4), local]), IngestOptions(collection="c", validate_only=True)
    )
    assert validate().outcomes == {Outcome.CHECKED: 3, Outcome.FAILED: 2}
    found = rows(
        engine,
        "select i.status, i.failure, i.width, q.is_checked"
        " from clipsql.image as i left join clipsql_private.queue as q using (image_id) order by image_id",
    )
    assert [tuple(row) for row in found] == [
        ("failed", "not_found", None, None),
        ("failed", "damaged", None, None),
        ("pending", None, 16, True),
        ("pending", None, 16, True),
        ("pending", None, 16, True),
    ]
    asked = web.asked.total()
    assert validate().outcomes == {Outcome.QUEUED: 3, Outcome.FAILED_BEFORE: 2}
    assert web.asked.total() == asked
    assert work().outcomes == {Outcome.UPDATED: 3}
    assert one(engine, "select count(*) from clipsql.image_embedding") == 3


# Originals and thumbnails


def test_originals_are_kept_by_content_and_serve_when_the_web_forgets(
    engine: Engine, ingest: Ingest, web: PictureServer, tmp_path: Path
) -> None:
    web.contents["/1.png"] = picture_bytes(0)
    ingest(listed(web, 3), store_images=tmp_path / "kept")
    files = [Path(row.file) for row in rows(engine, "select file from clipsql.image order by image_id")]
    digest = hashlib.sha256(picture_bytes(0)).hexdigest()
    assert files[0] == files[1] == tmp_path / "kept" / digest[:2] / digest[2:4] / f"{digest}.png"
    assert files[2].read_bytes() == picture_bytes(2)
    assert sorted(path for path in (tmp_path / "kept").rglob("*") if path.is_file()) == sorted(set(files))
    assert ingest(listed(web, 3)).outcomes == {Outcome.UNCHANGED: 3}
    asked = web.asked.total()
    other, encoder = register_model(engine, str(make_clip(tmp_path / "other", seed=1, dimensions=16)))
    files[2].write_bytes(b"something else")  # is not taken for the picture
    report = Indexer(engine, encoder, other, downloads=DOWNLOADS).ingest(
        Records(listed(web, 3)), IngestOptions(collection="c")
    )
    assert report.outcomes == {Outcome.UPDATED: 3}
    assert web.asked.total() == asked + 1


def test_a_folder_that_cannot_be_written_ends_ingest_with_a_reason(
    ingest: Ingest, engine: Engine, web: PictureServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigurationError, match=r"cannot be written: .*; make room in it"):
        ingest(listed(web, 1), store_images=tmp_path / "file")
    assert one(
        engine,
        "select i.status, q.leased_by from clipsql.image as i join clipsql_private.queue as q using (image_id)",
    ) == ("pending", None)


def test_thumbnails_are_small_jpegs(
    engine: Engine, ingest: Ingest, web: PictureServer, tmp_path: Path
) -> None:
    held = io.BytesIO()
    Image.new("RGB", (1200, 600), "red").save(held, "JPEG")
    web.contents["/0.png"] = held.getvalue()
    (tmp_path / "local.png").write_bytes(picture_bytes(9))
    local = PictureRecord((tmp_path / "local.png").as_uri(), tmp_path / "local.png")
    ingest([*listed(web, 1), local], thumbnails=True)
    found = rows(
        engine, "select jpeg, t.width, t.height from clipsql_private.thumbnail t order by width desc"
    )
    assert [(row.width, row.height) for row in found] == [(256, 128), (16, 12)]
    for row in found:
        picture = Image.open(io.BytesIO(row.jpeg))
        assert (picture.format, picture.size) == ("JPEG", (row.width, row.height))


def test_copies_that_were_not_kept_before_are_kept_without_embedding_again(
    engine: Engine,
    ingest: Ingest,
    web: PictureServer,
    encoder: Encoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "local.png").write_bytes(picture_bytes(9))
    local = PictureRecord((tmp_path / "local.png").as_uri(), tmp_path / "local.png")
    records = [*listed(web, 2), local]
    ingest(records)
    monkeypatch.setattr(encoder, "encode_pixels", lambda _pixels: pytest.fail("embedded again"))
    assert ingest(records, thumbnails=True).outcomes == {Outcome.UPDATED: 3}
    assert one(engine, "select count(*) from clipsql_private.thumbnail") == 3
    asked = web.asked.total()
    assert ingest(records, thumbnails=True).outcomes == {Outcome.UNCHANGED: 3}
    assert web.asked.total() == asked
    report = ingest(records, thumbnails=True, store_images=tmp_path / "kept")
    assert report.outcomes == {Outcome.UPDATED: 2, Outcome.UNCHANGED: 1}
    assert len([path for path in (tmp_path / "kept").rglob("*") if path.is_file()]) == 2
    assert one(engine, "select count(*) from clipsql.image where status = 'embedded'") == 3


def test_other_content_takes_the_old_thumbnail_away(
    engine: Engine, ingest: Ingest, web: PictureServer
) -> None:
    ingest(listed(web, 1), thumbnails=True)
    web.contents["/0.png"] = picture_bytes(7)
    assert ingest(listed(web, 1), refresh=True).outcomes == {Outcome.UPDATED: 1}
    assert one(engine, "select count(*) from clipsql_private.thumbnail") == 0


# The same picture twice


def test_identical_bytes_are_encoded_once(
    engine: Engine, ingest: Ingest, web: PictureServer, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode = encoder.encode_pixels
    monkeypatch.setattr(
        encoder, "encode_pixels", lambda pixels: encoded.append(len(pixels)) or encode(pixels)
    )
    web.contents |= {f"/{number}.png": picture_bytes(number % 3) for number in range(12)}
    ingest(listed(web, 6))
    ingest(listed(web, 12))
    assert sum(encoded) == 3
    assert one(engine, "select count(*), count(distinct embedding::text) from clipsql.image_embedding") == (
        12,
        3,
    )


def test_what_a_worker_holds_is_given_back_though_its_connection_is_gone(
    engine: Engine, model: ModelRow, encoder: Encoder
) -> None:
    held = "select count(*) from clipsql_private.queue where leased_by is not null"
    with (
        PictureServer(latency_s=5) as web,
        autocommit_connection(engine) as other,
        autocommit_connection(engine) as lookups,
        threads(1) as readers,
        Downloader(DOWNLOADS) as downloader,
    ):
        other.execute("insert into clipsql.image (collection, url) values ('web', %s)", (web.url(0),))
        lease = Lease(worker="w", seconds=60)
        options = {"encoder": encoder, "options": ReadOptions(), "downloader": downloader, "readers": readers}
        with Claims(engine, lookups, Scope(model=model), lease, ahead=64, **options) as claims:
            assert next(claims.stream()) is None  # nothing is here yet
            assert other.execute(held).fetchone() == (1,)
            lookups.close()
        assert other.execute(held).fetchone() == (0,)
