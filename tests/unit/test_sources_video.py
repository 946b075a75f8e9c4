"""Frames of videos of every kind: which are taken, at which second, how they look, and what is said of bad ones."""

from __future__ import annotations

import datetime as dt
import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops

pytest.importorskip("av", reason="needs pip install clipsql[video]")

from rendered_videos import still, write_sound, write_video

from clipsql.errors import ConfigurationError, SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import discovery, folder, open_source
from clipsql.sources.inside import read_file
from clipsql.sources.sampling import Sampling
from clipsql.sources.video import VideoReading, digest_of
from clipsql.sources.video_files import VideoFile


@pytest.fixture(scope="module")
def empty() -> Image.Image:
    return still()


@pytest.fixture(scope="module")
def truck() -> Image.Image:
    return still(("red", "truck"))


@pytest.fixture(scope="module")
def bus() -> Image.Image:
    return still(("yellow", "bus"), ("blue", "car"))


def reading(path: Path, sampling: Sampling | None = None, **options: object) -> VideoReading:
    base = PictureRecord(path.as_uri(), path, position=path.name)
    return VideoReading(base=base, digest=digest_of(path), sampling=sampling or Sampling(), **options)  # type: ignore[arg-type]


def spans(records: list[PictureRecord]) -> list[tuple[float, float]]:
    moments = [one.moment for one in records if one.moment is not None]
    return [(round(one.from_s, 3), round(one.until_s, 3)) for one in moments]


def picture(record: PictureRecord) -> Image.Image:
    assert record.content is not None
    return Image.open(io.BytesIO(record.content))


def difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    return float(np.asarray(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean())


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv", ".webm"])
def test_frames_that_look_alike_in_a_row_are_one_with_the_seconds_it_stands(
    tmp_path: Path, ending: str, empty: Image.Image, truck: Image.Image
) -> None:
    video = write_video(tmp_path / f"a{ending}", [empty] * 30 + [truck] * 20 + [empty] * 10)
    records = list(reading(video).frames())
    assert spans(records) == [(0, 3), (3, 5), (5, 6)]
    assert [one.moment.is_last for one in records if one.moment] == [False, False, True]
    for record, shown in zip(records, (empty, truck, empty), strict=True):
        assert difference(picture(record), shown) < 6
    assert [one.url for one in records] == [f"{video.as_uri()}#t={second}" for second in (0, 3, 5)]
    assert [one.file for one in records] == [video / second for second in "035"]
    assert [one.position for one in records] == [f"a{ending} at {second} s" for second in (0, 3, 5)]


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm", ".m2ts"])
def test_a_frame_is_found_again_by_its_path_whatever_was_read_before(
    tmp_path: Path, ending: str, empty: Image.Image, truck: Image.Image, bus: Image.Image
) -> None:
    shown = [empty, truck, bus, truck, empty, bus]
    codec = "libx264" if ending == ".m2ts" else None
    video = write_video(tmp_path / f"a{ending}", [one for one in shown for _ in range(13)], codec=codec)
    records = list(reading(video).frames())
    assert len(records) == len(shown)
    for record in (*reversed(records), *records, records[2], records[2], records[5]):
        assert record.file is not None
        assert read_file(record.file) == record.content
    for wrong in ("0.05", "7.95", "x", "99", "nan"):
        with pytest.raises(FileNotFoundError):
            read_file(video / wrong)


def test_times_are_those_of_a_variable_frame_rate(
    tmp_path: Path, empty: Image.Image, truck: Image.Image
) -> None:
    times = [0, 0.04, 0.9, 1.3, 1.35, 4.75, 4.8, 9.0]
    shown = [empty, empty, empty, truck, truck, empty, empty, truck]
    video = write_video(tmp_path / "a.mkv", shown, times=times)
    starts = [one for one, _ in spans(list(reading(video).frames()))]
    assert starts == pytest.approx([0, 1.3, 4.75, 9.0])
    starts = [one for one, _ in spans(list(reading(video, Sampling(every_s=0.05)).frames()))]
    assert starts == pytest.approx([0, 1.3, 4.75, 9.0])


def test_every_takes_the_first_frame_of_each_interval_from_the_beginning(tmp_path: Path) -> None:
    video = write_video(
        tmp_path / "a.mp4", [Image.new("RGB", (64, 48), (number * 8, 0, 0)) for number in range(30)]
    )
    taken = [one for one, _ in spans(list(reading(video, Sampling(every_s=0.7)).frames()))]
    assert taken == pytest.approx([0, 0.7, 1.4, 2.1, 2.8])
    taken = [one for one, _ in spans(list(reading(video, Sampling(every_s=0.25)).frames()))]
    assert taken[:6] == [0, 0.3, 0.5, 0.8, 1.0, 1.3]
    later = reading(video, Sampling(every_s=0.7), from_s=1.4)
    assert [one for one, _ in spans(list(later.frames()))] == pytest.approx([1.4, 2.1, 2.8])


def test_what_changes_slowly_is_not_one_picture_for_ever(tmp_path: Path, empty: Image.Image) -> None:
    shown = [empty.point(lambda level, dim=number: max(0, level - dim)) for number in range(0, 100, 5)]
    video = write_video(tmp_path / "a.mp4", shown, times=[float(number) for number in range(20)])
    assert 4 <= len(list(reading(video).frames())) <= 7


def test_keyframes_alone_are_taken(tmp_path: Path, empty: Image.Image, truck: Image.Image) -> None:
    shown = [empty] * 20 + [truck] * 20
    options = {"g": "10", "keyint_min": "10", "sc_threshold": "0"}
    video = write_video(tmp_path / "a.mp4", shown, options=options)
    assert spans(list(reading(video, Sampling("keyframes")).frames())) == [(0, 2), (2, 4)]
    late = write_video(tmp_path / "b.mp4", [empty] * 15 + [truck] * 15, options=options)
    assert spans(list(reading(late, Sampling("keyframes")).frames())) == [(0, 2), (2, 3)]


def test_scenes_begin_where_the_picture_changes_as_a_whole(tmp_path: Path, empty: Image.Image) -> None:
    night = empty.point(lambda level: level // 6)
    moving = [
        still(("red", "truck")).transform(empty.size, Image.Transform.AFFINE, (1, 0, -2 * n, 0, 1, 0))
        for n in range(12)
    ]
    video = write_video(tmp_path / "a.mp4", [*moving, *[night] * 11, *[empty] * 9])
    assert spans(list(reading(video, Sampling("scenes")).frames())) == [(0, 1.2), (1.2, 2.3), (2.3, 3.2)]


@pytest.mark.parametrize(
    ("rotation", "turn"),
    [
        pytest.param((90, False), Image.Transpose.ROTATE_90, id="quarter"),
        pytest.param((180, False), Image.Transpose.ROTATE_180, id="half"),
        pytest.param((270, False), Image.Transpose.ROTATE_270, id="three quarters"),
        pytest.param((0, True), Image.Transpose.FLIP_LEFT_RIGHT, id="mirror"),
    ],
)
def test_frames_are_upright(
    tmp_path: Path, bus: Image.Image, rotation: tuple[float, bool], turn: Image.Transpose
) -> None:
    video = write_video(tmp_path / "a.mp4", [bus] * 5, rotation=rotation)
    (record,) = reading(video).frames()
    assert difference(picture(record), bus.transpose(turn)) < 6


def test_pixels_that_are_no_squares_are_made_so(tmp_path: Path, bus: Image.Image) -> None:
    wide = write_video(tmp_path / "a.mp4", [bus] * 3, aspect=Fraction(3, 2))
    assert [picture(one).size for one in reading(wide).frames()] == [(480, 240)]
    high = write_video(tmp_path / "b.mp4", [bus] * 3, aspect=Fraction(2, 3))
    assert [picture(one).size for one in reading(high).frames()] == [(320, 360)]


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        pytest.param("a.mkv", "libx265", "yuv420p10le", id="10 bits"),
        pytest.param("a.mp4", "libx264", "yuv444p", id="full colour"),
        pytest.param("a.mov", "prores_ks", "yuv422p10le", id="ProRes"),
        pytest.param("a.mkv", "ffv1", "bgr0", id="lossless"),
        pytest.param("a.avi", "mjpeg", "yuvj420p", id="Motion JPEG"),
    ],
)
def test_any_depth_and_sampling_of_colours_is_read(
    tmp_path: Path, bus: Image.Image, name: str, codec: str, pixels: str
) -> None:
    video = write_video(tmp_path / name, [bus] * 3, codec=codec, pixels=pixels)
    (record,) = reading(video).frames()
    assert difference(picture(record), bus) < 6


def test_odd_sizes_are_read(tmp_path: Path, bus: Image.Image) -> None:
    odd = bus.resize((331, 187))
    video = write_video(tmp_path / "a.mkv", [odd] * 3, codec="ffv1", pixels="yuv420p")
    (record,) = reading(video).frames()
    assert difference(picture(record), odd) < 6


def test_what_is_transparent_lies_over_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    clear.paste((200, 0, 0, 255), (0, 0, 32, 48))
    video = write_video(tmp_path / "a.mov", [clear] * 3, codec="qtrle", pixels="argb")
    (record,) = reading(video).frames()
    assert [picture(record).getpixel(at) for at in ((8, 24), (56, 24))] == [(200, 0, 0), (255, 255, 255)]


def test_colours_of_hd_are_those_of_its_own_standard(tmp_path: Path) -> None:
    green = Image.new("RGB", (1280, 720), (20, 200, 40))
    video = write_video(tmp_path / "a.mkv", [green] * 2, codec="ffv1", pixels="yuv420p")  # encoded as SD is
    (record,) = reading(video).frames()
    # What BT.601 wrote is otherwise in BT.709, by which HD is read that says nothing.
    assert picture(record).getpixel((640, 360)) != pytest.approx((20, 200, 40), abs=8)
    small = write_video(tmp_path / "b.mkv", [green.resize((640, 360))] * 2, codec="ffv1", pixels="yuv420p")
    (record,) = reading(small).frames()
    assert picture(record).getpixel((320, 180)) == pytest.approx((20, 200, 40), abs=3)


def test_one_keyframe_for_all_of_a_long_video_is_enough(
    tmp_path: Path, empty: Image.Image, truck: Image.Image
) -> None:
    shown = [empty] * 200 + [truck] * 20 + [empty] * 100
    video = write_video(tmp_path / "a.mp4", shown, options={"g": "10000", "sc_threshold": "0"})
    records = list(reading(video).frames())
    assert spans(records) == [(0, 20), (20, 22), (22, 32)]
    assert [read_file(one.file) == one.content for one in records if one.file] == [True] * 3


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_of_a_video_whose_tail_is_cut_off_the_rest_is_read_and_where_it_ended_is_said(
    tmp_path: Path, ending: str, empty: Image.Image, truck: Image.Image
) -> None:
    whole = write_video(
        tmp_path / f"a{ending}",
        [empty, truck] * 50,
        container={"movflags": "faststart"} if ending == ".mp4" else {},
    )
    cut = tmp_path / f"cut{ending}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    sampling = Sampling(every_s=0.1)
    of_whole = reading(whole, sampling)
    everything = [one.content for one in of_whole.frames()]
    assert of_whole.remarks == []
    of_cut = reading(cut, sampling)
    records = list(of_cut.frames())
    assert 10 < len(records) < 100
    assert [one.content for one in records] == everything[: len(records)]
    assert len(list(reading(cut, Sampling("keyframes")).frames())) == 1
    ended_s = spans(records)[-1][1]
    assert ended_s == pytest.approx(len(records) / 10, abs=0.3)
    assert of_cut.remarks == [
        f"cut{ending} ends at {ended_s:.1f} s, though it should have 10.0 s: its tail is cut off; "
        "what there is was read."
    ]


def test_a_video_that_is_damaged_in_its_middle_is_read_around_it(
    tmp_path: Path, empty: Image.Image, truck: Image.Image
) -> None:
    video = write_video(tmp_path / "a.mkv", [empty] * 20 + [truck] * 20 + [empty] * 20, codec="mpeg4")
    content = bytearray(video.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    video.write_bytes(content)
    read = reading(video, Sampling(every_s=0.1))
    assert spans(list(read.frames()))[-1][1] == pytest.approx(6, abs=0.2)


def test_when_and_where_it_was_recorded_is_told_by_the_container_else_by_the_name(
    tmp_path: Path, empty: Image.Image, truck: Image.Image
) -> None:
    shown = [empty] * 20 + [truck] * 10
    told = {"creation_time": "2026-03-16T08:00:00.000000Z", "location": "+31.2304+121.4730/"}
    video = write_video(tmp_path / "VID_20200101_000000.mp4", shown, metadata=told)
    records = list(reading(video).frames())
    assert [one.taken_at for one in records] == [
        dt.datetime(2026, 3, 16, 8, 0, second, tzinfo=dt.UTC) for second in (0, 2)
    ]
    assert {(one.longitude, one.latitude) for one in records} == {(121.473, 31.2304)}
    shanghai = dt.timezone(dt.timedelta(hours=8))
    for name in ("VID_20260316_080000.mkv", "2026-03-16 08.00.00 gate.mkv", "cam-20260316T080000.mkv"):
        video = write_video(tmp_path / name, shown)
        found = [one.taken_at for one in reading(video, timezone=shanghai).frames()]
        assert found == [dt.datetime(2026, 3, 16, 8, 0, second, tzinfo=shanghai) for second in (0, 2)]
    late = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    video = write_video(tmp_path / "late.mp4", shown, metadata={"title": "A" * 20})
    video.write_bytes(video.read_bytes().replace(b"A" * 20, b"\xff" * 20))
    (told,) = open_source(video, recorded_at=late)
    assert isinstance(told, PictureRecord)
    read = VideoReading(base=told, digest=bytes(32), sampling=Sampling())
    assert [one.taken_at for one in read.frames()] == [late, None]
    unset = {"creation_time": "1970-01-01T00:00:00.000000Z"}
    for name, metadata in (("1234567890123456.mkv", unset), ("20261316_250000.mp4", {})):
        video = write_video(tmp_path / name, shown, metadata=metadata)
        assert {one.taken_at for one in reading(video).frames()} == {None}


def _without_content(video: bytes) -> bytes:
    begins, ends = video.index(b"mdat") + 4, video.index(b"moov") - 4
    return video[:begins] + bytes(ends - begins) + video[ends:]


def test_what_nobody_foresaw_of_a_video_is_said_of_it_alone(
    tmp_path: Path, bus: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = write_video(tmp_path / "a.mp4", [bus] * 2)
    monkeypatch.setattr(VideoFile, "picture", lambda *_: 1 / 0)
    with pytest.raises(SourceError, match=r"^a\.mp4: ZeroDivisionError: division by zero; report it"):
        list(reading(video).frames())


BAD = [
    pytest.param(lambda path: write_sound(path), "has no video stream", id="sound alone"),
    pytest.param(lambda path: path.write_bytes(b""), "is no video that can be read", id="empty"),
    pytest.param(lambda path: path.write_bytes(b"no video" * 99), "is no video that can be read", id="text"),
    pytest.param(
        lambda path: path.write_bytes(write_video(path, [still()] * 9).read_bytes()[:4000]),
        "cut off before its index was written",
        id="without its index",
    ),
    pytest.param(
        lambda path: path.write_bytes(
            write_video(path, [still()] * 2).read_bytes().replace(b"avc1", b"zzzz")
        ),
        "is encrypted or of a codec that is not decoded",
        id="unknown codec",
    ),
    pytest.param(
        lambda path: path.write_bytes(
            write_video(path, [still()] * 2).read_bytes().replace(b"avc1", b"encv")
        ),
        "is encrypted or of a codec that is not decoded",
        id="encrypted",
    ),
    pytest.param(
        lambda path: write_video(path.with_suffix(".mkv"), []).rename(path),
        "is no video that can be read",
        id="no frame at all",
    ),
    pytest.param(
        lambda path: path.write_bytes(_without_content(write_video(path, [still()] * 3).read_bytes())),
        "Nothing of a.mp4 can be decoded",
        id="no whole frame",
    ),
    pytest.param(
        lambda path: path.write_text(
            f"ffconcat version 1.0\nfile {write_video(path.with_name('b.mp4'), [still()] * 2).name}\n"
        ),
        "is no video that can be read",
        id="a list of parts",
    ),
    pytest.param(
        lambda path: path.write_text(f"#EXTM3U\n#EXTINF:1,\n{path.with_name('b.mp4')}\n#EXT-X-ENDLIST\n"),
        "is no video that can be read",
        id="a list of other files",
    ),
]


@pytest.mark.parametrize(("make", "problem"), BAD)
def test_what_is_no_video_is_named_with_a_remedy(
    tmp_path: Path, make: object, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    video = tmp_path / "a.mp4"
    make(video)  # type: ignore[operator]
    with pytest.raises(SourceError) as caught:
        list(reading(video).frames())
    assert "a.mp4" in str(caught.value)
    assert problem in str(caught.value)
    assert str(caught.value).count("\n") == 0
    with pytest.raises(OSError, match=r"a\.mp4|No such file|^$"):
        read_file(video / "0")


def test_a_video_of_larger_frames_than_wanted_is_refused(tmp_path: Path, bus: Image.Image) -> None:
    video = write_video(tmp_path / "a.mp4", [bus] * 2)
    assert list(reading(video, max_pixels=320 * 240).frames())
    with pytest.raises(SourceError, match=r"a\.mp4 is 320 x 240, .* raise --max-megapixels"):
        list(reading(video, max_pixels=320 * 240 - 1).frames())


def test_a_folder_and_a_video_are_sources_with_what_lies_beside_them(
    tmp_path: Path, bus: Image.Image
) -> None:
    video = write_video(tmp_path / "gate.mp4", [bus] * 2)
    bus.save(tmp_path / "a.png")
    (tmp_path / "gate.json").write_text('{"camera": "K12", "taken_at": "2026-03-16T08:00:00Z"}')
    (tmp_path / "gate.txt").write_text("the gate\n")
    source = open_source(tmp_path)
    rows = [row for row in source if isinstance(row, PictureRecord)]
    assert [row.file for row in rows] == [tmp_path / "a.png", video]
    assert source.count() is None
    assert source.passed_over() == {}
    (alone,) = open_source(video)
    for row in (rows[1], alone):
        assert isinstance(row, PictureRecord)
        assert (row.url, row.metadata, row.captions) == (video.as_uri(), {"camera": "K12"}, ("the gate",))
        assert row.taken_at == dt.datetime(2026, 3, 16, 8, tzinfo=dt.UTC)
    began = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    (told,) = open_source(video, recorded_at=began)
    assert isinstance(told, PictureRecord)
    assert told.taken_at == began
    (tmp_path / "gate.json").write_text("{")
    wrong, _ = open_source(video)
    assert isinstance(wrong, UnusableRow)
    with pytest.raises(SourceError, match="is no video, whose beginning could be given"):
        open_source(tmp_path, recorded_at=began)


def test_without_the_extra_videos_in_a_folder_are_passed_over_and_that_is_said(
    tmp_path: Path, bus: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus.save(tmp_path / "a.png")
    (tmp_path / "b.mp4").write_bytes(b"")
    assert open_source(tmp_path).warnings() == ()
    monkeypatch.setattr(discovery, "_ENDINGS", discovery.PICTURE_ENDINGS)
    monkeypatch.setattr(folder, "missing_packages", lambda _extra: ["av"])
    source = open_source(tmp_path)
    assert (source.count(), source.passed_over()) == (1, {".mp4": 1})
    assert source.warnings() == (
        'Videos are passed over: to read them needs the package av; run: pip install "clipsql[video]"',
    )


@pytest.mark.parametrize("every_s", [0, -1, 0.0001, 1e9, float("nan")])
def test_an_interval_that_is_none_is_refused(every_s: float) -> None:
    with pytest.raises(ConfigurationError, match="write --every 1s"):
        Sampling(every_s=every_s)
