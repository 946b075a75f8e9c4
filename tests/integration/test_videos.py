"""Videos become pictures with their seconds: what a second run leaves alone, goes on with, and takes away."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from PIL import Image
from sqlalchemy.engine import Engine

pytest.importorskip("av", reason="needs pip install clipsql[video]")

from rendered_videos import still, write_video

from clipsql.db.models import ModelRow
from clipsql.db.pictures.lookups import pictures_by_id
from clipsql.db.statements import autocommit_connection
from clipsql.encoding import Encoder
from clipsql.errors import ConfigurationError
from clipsql.images.hashing import content_hash
from clipsql.ingest.indexer import Indexer, IngestOptions, IngestReport
from clipsql.ingest.local_files import kept_content
from clipsql.ingest.worker import Worker
from clipsql.search.searcher import Searcher
from clipsql.sources import open_source
from clipsql.sources.sampling import Sampling
from clipsql.sources.video_files import VideoFile

Ingest = Callable[..., IngestReport]
STILLS = [
    still(("red", "truck")),
    still(),
    still(("yellow", "bus")),
    still(("blue", "car"), ("white", "van")),
]
BEGAN = dt.datetime(2026, 3, 16, 8, tzinfo=dt.UTC)


def film(path: Path, numbers: Sequence[int], *, each: int = 10) -> Path:
    """A video that shows a second of each of these stills."""
    return write_video(path, [STILLS[number] for number in numbers for _ in range(each)])


@pytest.fixture
def ingest(engine: Engine, encoder: Encoder, model: ModelRow) -> Ingest:
    def run(path: Path, *, recorded_at: dt.datetime | None = None, **options: Any) -> IngestReport:
        source = open_source(path, recorded_at=recorded_at)
        return Indexer(engine, encoder, model).ingest(source, IngestOptions(collection="c", **options))

    return run


def frames(engine: Engine) -> list[dict[str, Any]]:
    """Every stored frame, in the order of videos and their seconds."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            """
            select i.image_id, i.url, i.file, i.status, i.taken_at, i.width, i.height, i.sha256, f.video, f.sampling,
                   f.from_s, f.until_s, f.is_last,
                   exists (select from clipsql.image_embedding as e where e.image_id = i.image_id) as is_embedded,
                   exists (select from clipsql_private.thumbnail as t where t.image_id = i.image_id) as has_thumbnail
            from clipsql.image as i join clipsql.video_frame as f on f.image_id = i.image_id order by f.video, f.from_s
            """
        )
        return [dict(row) for row in rows.mappings()]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """From which second on videos were decoded."""
    seconds: list[float] = []
    whole = VideoFile.frames

    def noted(self: VideoFile, from_s: float = 0.0) -> Any:
        seconds.append(from_s)
        return whole(self, from_s)

    monkeypatch.setattr(VideoFile, "frames", noted)
    return seconds


def test_frames_of_a_video_become_pictures_once(
    ingest: Ingest, engine: Engine, tmp_path: Path, decoded: list[float]
) -> None:
    video = film(tmp_path / "gate.mp4", [0, 0, 1, 2])
    report = ingest(video, recorded_at=BEGAN)
    assert dict(report.outcomes) == {"added": 3}
    found = frames(engine)
    assert [(one["from_s"], one["until_s"], one["is_last"]) for one in found] == [
        (0, 2, False),
        (2, 3, False),
        (3, 4, True),
    ]
    assert [one["url"] for one in found] == [f"{video.as_uri()}#t={second}" for second in (0, 2, 3)]
    assert [one["taken_at"] for one in found] == [
        BEGAN + dt.timedelta(seconds=second) for second in (0, 2, 3)
    ]
    for one in found:
        assert (one["status"], one["is_embedded"], one["has_thumbnail"]) == ("embedded", True, True)
        assert (one["video"], one["sampling"]) == (video.as_uri(), "every 1 s")
        assert (one["width"], one["height"]) == (320, 240)
    assert decoded == [0]
    assert dict(ingest(video, recorded_at=BEGAN).outcomes) == {"unchanged": 3}
    assert dict(ingest(video, recorded_at=BEGAN + dt.timedelta(hours=1)).outcomes) == {"updated": 3}
    assert decoded == [0]
    later = frames(engine)
    assert [one["image_id"] for one in later] == [one["image_id"] for one in found]
    assert later[2]["taken_at"] == BEGAN + dt.timedelta(hours=1, seconds=3)


def test_a_video_half_done_goes_on_where_it_stopped(
    ingest: Ingest, engine: Engine, tmp_path: Path, decoded: list[float]
) -> None:
    video = film(tmp_path / "gate.mkv", [0, 1, 2, 3, 3, 0, 1])
    ingest(video)
    whole = frames(engine)
    assert len(whole) == 6
    with engine.begin() as connection:  # as a crash leaves it
        connection.exec_driver_sql(
            "delete from clipsql.image where image_id in (select image_id from clipsql.video_frame where from_s >= 3)"
        )
    report = ingest(video)
    assert dict(report.outcomes) == {"unchanged": 3, "added": 3}
    assert decoded == [0, 2]
    ids = {"image_id"}
    without = [{name: value for name, value in one.items() if name not in ids} for one in whole]
    assert [
        {name: value for name, value in one.items() if name not in ids} for one in frames(engine)
    ] == without


def test_frames_that_are_not_embedded_are_read_again(
    ingest: Ingest, engine: Engine, tmp_path: Path, decoded: list[float]
) -> None:
    video = film(tmp_path / "gate.mp4", [0, 1, 2, 3])
    ingest(video)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "delete from clipsql.image_embedding where image_id in"
            " (select image_id from clipsql.video_frame where from_s = 2)"
        )
    ingest(video)
    assert decoded == [0, 2]
    assert all(one["is_embedded"] for one in frames(engine))


def test_another_version_or_sampling_of_a_video_takes_the_place_of_the_one_before(
    ingest: Ingest, engine: Engine, tmp_path: Path
) -> None:
    other = film(tmp_path / "other.mp4", [0, 1])
    video = film(tmp_path / "gate.mp4", [0, 1, 2, 3])
    ingest(tmp_path)
    film(video, [0, 3])
    report = ingest(tmp_path)
    assert dict(report.outcomes) == {"updated": 2, "unchanged": 2}
    assert [(one["video"], one["from_s"], one["until_s"]) for one in frames(engine)] == [
        (video.as_uri(), 0, 1),
        (video.as_uri(), 1, 2),
        (other.as_uri(), 0, 1),
        (other.as_uri(), 1, 2),
    ]
    ingest(video, sampling=Sampling("scenes"))
    assert {(one["video"], one["sampling"]) for one in frames(engine)} == {
        (video.as_uri(), "scenes"),
        (other.as_uri(), "every 1 s"),
    }


def test_a_video_that_cannot_be_read_keeps_nothing_else_out(
    ingest: Ingest, engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    film(tmp_path / "b.mp4", [0, 1])
    STILLS[2].save(tmp_path / "c.png")
    (tmp_path / "a.mp4").write_bytes(b"no video")
    whole = film(tmp_path / "d.mkv", [0, 1, 2, 3, 0, 1])
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with caplog.at_level(logging.WARNING):
        report = ingest(tmp_path)
    assert report.outcomes["unusable"] == 1
    assert [problem.reason for problem in report.problems] == [
        "a.mp4 is no video that can be read (Invalid data found when processing input): it is damaged, or was cut "
        "off before its index was written; get the file again."
    ]
    assert report.outcomes["added"] == 2 + 1 + len([one for one in frames(engine) if "d.mkv" in one["url"]])
    assert [line for line in caplog.messages if "its tail is cut off" in line]


def test_a_list_may_name_videos_and_what_it_tells_holds_for_their_frames(
    ingest: Ingest, engine: Engine, tmp_path: Path
) -> None:
    film(tmp_path / "gate.mp4", [0, 1])
    rows = "file,caption,camera,taken_at\ngate.mp4,the gate,K12,2026-03-16T08:00:00Z\nmissing.mp4,gone,K13,\n"
    (tmp_path / "list.csv").write_text(rows)
    report = ingest(tmp_path / "list.csv")
    assert (report.outcomes["added"], report.outcomes["unusable"]) == (2, 1)
    assert "missing.mp4" in report.problems[0].reason
    with engine.connect() as connection:
        told = connection.exec_driver_sql(
            "select metadata->>'camera', caption, extract(second from taken_at)::int from clipsql.picture order by url"
        ).fetchall()
    assert [tuple(row) for row in told] == [("K12", "the gate", 0), ("K12", "the gate", 1)]


@pytest.mark.parametrize("name", ["gate.mp4", ""])
def test_pruning_removes_the_frames_of_videos_that_are_gone_and_no_others(
    clipsql: Callable[..., Result], engine: Engine, tmp_path: Path, model_folder: Path, name: str
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    video = film(folder / "gate.mp4", [0, 1])
    film(folder / "other.mp4", [2, 3])
    assert clipsql("ingest", folder, "--model", model_folder).exit_code == 0
    again = clipsql("ingest", folder / name, "--model", model_folder, "--prune", "--yes")
    assert "0 pictures that are gone" in again.stdout
    assert len(frames(engine)) == 4
    video.unlink()
    clipsql("ingest", folder, "--model", model_folder, "--prune", "--yes")
    assert {Path(one["video"]).name for one in frames(engine)} == {"other.mp4"}


def test_pruning_spares_the_frames_of_a_video_that_cannot_be_read_today(
    ingest: Ingest, engine: Engine, tmp_path: Path
) -> None:
    video = film(tmp_path / "gate.mp4", [0, 1])
    (tmp_path / "list.csv").write_text("file\ngate.mp4\n")
    ingest(tmp_path / "list.csv")
    video.rename(tmp_path / "away.mp4")
    assert list(ingest(tmp_path / "list.csv", find_gone=True).gone) == []
    (tmp_path / "list.csv").write_text("file\naway.mp4\n")
    assert len(ingest(tmp_path / "list.csv", find_gone=True).gone) == 2
    assert len(frames(engine)) == 4


def test_a_worker_reads_frames_from_their_video(
    ingest: Ingest, engine: Engine, encoder: Encoder, model: ModelRow, tmp_path: Path
) -> None:
    video = film(tmp_path / "gate.mp4", [0, 1, 2])
    ingest(video)
    embedded = frames(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image")
    report = ingest(video, enqueue_only=True)
    assert report.outcomes["queued"] == 3
    Worker(engine, encoder, model).run(until_empty=True)
    assert [one["sha256"] for one in frames(engine)] == [one["sha256"] for one in embedded]
    assert [(one["status"], one["is_embedded"]) for one in frames(engine)] == [("embedded", True)] * 3


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        pytest.param((), [0, 1, 2], id="by default"),
        pytest.param(("--every", "2s"), [0, 2], id="every"),
        pytest.param(("--keyframes",), [0], id="keyframes"),
        pytest.param(("--scenes",), [0], id="scenes"),
    ],
)
def test_the_command_says_which_frames_are_taken(
    clipsql: Callable[..., Result],
    engine: Engine,
    tmp_path: Path,
    model_folder: Path,
    options: tuple[str, ...],
    seconds: list[int],
) -> None:
    video = write_video(
        tmp_path / "gate.mp4", [STILLS[n // 10] for n in range(30)], options={"g": "900", "sc_threshold": "0"}
    )
    done = clipsql(
        *("ingest", video, "--model", model_folder, *options),
        *("--recorded-at", "2026-03-16T08:00", "--timezone", "Asia/Shanghai"),
    )
    assert done.exit_code == 0, done.output
    assert [one["from_s"] for one in frames(engine)] == seconds
    assert frames(engine)[0]["taken_at"] == dt.datetime(2026, 3, 16, tzinfo=dt.UTC)


def test_options_that_contradict_each_other_are_refused(
    clipsql: Callable[..., Result], tmp_path: Path, engine: Engine
) -> None:
    STILLS[0].save(tmp_path / "a.png")
    assert "exclude each other" in clipsql("ingest", tmp_path, "--keyframes", "--scenes").output
    assert "leave --recorded-at out" in clipsql("ingest", tmp_path, "--recorded-at", "2026-01-01").output
    refused = clipsql("ingest", "--query", "select 1", "--recorded-at", "2026-01-01")
    assert "--recorded-at is of a video" in refused.output
    assert "write --every 1s" in clipsql("ingest", tmp_path, "--every", "0s").output
    assert frames(engine) == []


def test_frames_of_a_video_that_is_on_the_web_too_are_read_from_its_file(
    ingest: Ingest, engine: Engine, tmp_path: Path
) -> None:
    film(tmp_path / "gate.mp4", [0, 1])
    (tmp_path / "list.csv").write_text("url,file\nhttps://films.example/gate,gate.mp4\n")
    ingest(tmp_path / "list.csv")
    found = frames(engine)
    assert [one["url"] for one in found] == [f"https://films.example/gate#t={second}" for second in (0, 1)]
    with autocommit_connection(engine) as connection:
        for stored in pictures_by_id(connection, [one["image_id"] for one in found], model=None):
            content = kept_content(stored)
            assert content is not None
            assert content_hash(content) == stored.picture.sha256


def test_a_program_says_in_words_which_frames_are_taken(
    engine: Engine, tmp_path: Path, model_folder: Path
) -> None:
    video = film(tmp_path / "gate.mp4", [0, 1, 2])
    pictures = Searcher(engine, model=str(model_folder))
    pictures.ingest(video, collection="c", sampling="every 2 s", recorded_at=BEGAN)
    assert [(one["from_s"], one["sampling"], one["taken_at"]) for one in frames(engine)] == [
        (0, "every 2 s", BEGAN),
        (2, "every 2 s", BEGAN + dt.timedelta(seconds=2)),
    ]
    with pytest.raises(ConfigurationError, match='write it as "every 2 s"'):
        pictures.ingest(video, collection="c", sampling="now and then")


def test_a_frame_that_is_removed_takes_its_seconds_with_it(
    ingest: Ingest, engine: Engine, tmp_path: Path
) -> None:
    ingest(film(tmp_path / "gate.mp4", [0, 1]))
    with engine.begin() as connection:
        connection.execute(sa.text("delete from clipsql.image"))
        assert connection.scalar(sa.text("select count(*) from clipsql.video_frame")) == 0
    assert isinstance(STILLS[0], Image.Image)
