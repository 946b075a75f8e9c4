"""Records out of a video: the frames that are wanted of it, near-identical ones in a row as one, read as a stream."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clipsql.errors import ClipsqlError, SourceError, unexpected
from clipsql.images.decoding import MAX_PIXELS
from clipsql.picture import Moment, PictureRecord
from clipsql.sources.sampling import Sampling
from clipsql.sources.video_files import SAME_S, VideoFile

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_SMALL = (64, 48)
_SAME_LEVELS = 16
"""Of 255. Frames are near-identical when none of the 64 x 48 parts of the picture is further apart in any colour.

What compression makes of a scene that stands still is 8 apart at most; a thing of 8 x 16 pixels in 320 x 240 is 80.
"""

_NEW_SCENE = 0.25
"""Of FFmpeg's measure of a change of scene, which its filters select and scdet have.

It is how far the brightness of a frame is from that of the frame before, on average over its pixels, or how much
further than that one was from the one before it, if that is less; 1 is 100 levels of 255. The default bound of scdet,
a tenth of all levels, is this.
"""

_MOST_FRAMES = 100_000
_READ_BYTES = 2**20
_TOLD_LATE_S = 1.0
"""A container's own duration may be so far off."""

_TIME_IN_NAME = re.compile(
    r"(?<!\d)(\d{4})[-_.]?(\d\d)[-_.]?(\d\d)[-_ T.]{0,3}(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)(?!\d)",
    re.IGNORECASE,
)


@dataclass(kw_only=True)
class VideoReading:
    """A video to be read from `from_s` on, of which `base` tells what holds for all of its frames; then its `remarks`.

    `digest` is that of its file, `timezone` holds for times without an offset.
    """

    base: PictureRecord
    digest: bytes
    sampling: Sampling
    from_s: float = 0.0
    timezone: dt.tzinfo = dt.UTC
    max_pixels: int = MAX_PIXELS
    remarks: list[str] = field(default_factory=list)

    def frames(self) -> Generator[PictureRecord]:
        """A record of each frame that is taken, with its bytes, once it is known until when it stands.

        Holds two frames at a time. Raises SourceError when nothing can be decoded, or there would be too many.
        """
        try:
            yield from self._frames()
        except ClipsqlError:
            raise
        except Exception as error:  # whatever a video makes of its decoder, it is left out alone
            raise SourceError(f"{self.base.position}: {unexpected(error)}") from error

    def _frames(self) -> Iterator[PictureRecord]:
        file = self.base.file
        assert file is not None
        with VideoFile(
            file, max_pixels=self.max_pixels, only_keyframes=self.sampling.kind == "keyframes"
        ) as video:
            base = _with_facts(self.base, video, self.timezone)
            held: tuple[float, bytes] | None = None
            for count, (time_s, frame) in enumerate(self._changes(video)):
                if held is not None:
                    yield self._record(base, held, time_s, is_last=False)
                held = time_s, video.picture(frame)
                if count == _MOST_FRAMES:
                    raise SourceError(
                        f"{file.name} gives more than {_MOST_FRAMES:,} frames; take fewer by a longer --every."
                    )
            if held is None:
                raise SourceError(
                    f"Nothing of {file.name} can be decoded: it has no whole frame, or is encrypted; "
                    "get the file again."
                )
            until_s = max(video.ends_s, held[0] + SAME_S)
            self._remark(video, until_s)
            yield self._record(base, held, until_s, is_last=True)

    def _changes(self, video: VideoFile) -> Iterator[tuple[float, VideoFrame]]:
        """The frames that are taken, without those that look like the one taken before."""
        if self.sampling.kind == "scenes":
            yield from _scenes(video.frames(self.from_s))
            return
        frames = video.frames(self.from_s)
        if self.sampling.kind == "every":
            frames = _every(frames, self.sampling.every_s, self.from_s)
        before: NDArray[np.int16] | None = None
        for time_s, frame in frames:
            look = _look(frame)
            if before is None or np.abs(look - before).max() > _SAME_LEVELS:
                before = look
                yield time_s, frame

    def _record(
        self, base: PictureRecord, held: tuple[float, bytes], until_s: float, *, is_last: bool
    ) -> PictureRecord:
        moment = Moment(base.url, self.digest, str(self.sampling), held[0], until_s, is_last)
        return replace(record_of(base, moment), content=held[1])

    def _remark(self, video: VideoFile, ended_s: float) -> None:
        name = self.base.position or video.file.name
        if video.duration_s is not None and ended_s < video.duration_s - _TOLD_LATE_S:
            self.remarks.append(
                f"{name} ends at {ended_s:.1f} s, though it should have {video.duration_s:.1f} s: its tail is cut off; "
                "what there is was read."
            )
        elif video.damaged:
            self.remarks.append(
                f"{name} is damaged: {video.damaged:,} packets of it could not be decoded; the rest was read."
            )


def facts_of(base: PictureRecord, timezone: dt.tzinfo) -> PictureRecord:
    """What is told of a video and what its file says, without decoding it. Raises SourceError."""
    assert base.file is not None
    with VideoFile(base.file) as video:
        return _with_facts(base, video, timezone)


def _with_facts(base: PictureRecord, video: VideoFile, timezone: dt.tzinfo) -> PictureRecord:
    """What is told of a video, with when and where it was recorded by its container, else when by its name."""
    place = video.place if base.longitude is None else (base.longitude, base.latitude)
    longitude, latitude = place or (None, None)
    recorded_at = base.taken_at or video.recorded_at(timezone) or _time_in(video.file.stem, timezone)
    return replace(base, taken_at=recorded_at, longitude=longitude, latitude=latitude)


def record_of(base: PictureRecord, moment: Moment) -> PictureRecord:
    """The record of a frame: its address is that of the video with the second it begins at (W3C Media Fragments)."""
    assert base.file is not None
    second = f"{moment.from_s:.6f}".rstrip("0").rstrip(".")
    try:
        taken_at = base.taken_at and base.taken_at + dt.timedelta(seconds=moment.from_s)
    except OverflowError:  # what a clock says that was never set
        taken_at = None
    return replace(
        base,
        url=f"{base.url}#t={second}",
        file=base.file / second,
        taken_at=taken_at,
        position=f"{base.position} at {second} s",
        moment=moment,
    )


def digest_of(file: Path) -> bytes:
    """SHA-256 of a file's bytes, however many. Raises OSError."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while part := stream.read(_READ_BYTES):
            digest.update(part)
    return digest.digest()


def _every(
    frames: Iterator[tuple[float, VideoFrame]], every_s: float, from_s: float
) -> Iterator[tuple[float, VideoFrame]]:
    """The first frame of each interval, counted from the beginning of the video."""
    due_s = from_s
    for time_s, frame in frames:
        if time_s > due_s - SAME_S:
            yield time_s, frame
            due_s = (int((time_s + SAME_S) / every_s) + 1) * every_s


def _scenes(frames: Iterator[tuple[float, VideoFrame]]) -> Iterator[tuple[float, VideoFrame]]:
    """The first frame of each scene, as FFmpeg's filter select tells them."""
    from av import filter as filters

    graph: filters.Graph | None = None
    for time_s, frame in frames:
        if graph is None:
            graph = filters.Graph()
            graph.link_nodes(
                graph.add_buffer(
                    width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
                ),
                graph.add("scale", f"{frame.width}:{frame.height}"),  # a stream may change its size
                graph.add("select", f"eq(n,0)+gt(scene,{_NEW_SCENE})"),
                graph.add("buffersink"),
            ).configure()
        graph.vpush(frame)
        try:
            graph.vpull()
        except BlockingIOError:  # the same scene goes on
            continue
        yield time_s, frame


def _look(frame: VideoFrame) -> NDArray[np.int16]:
    """What a frame looks like: each of so few pixels is the mean of a part of it, so that noise is none."""
    return frame.reformat(*_SMALL, "rgb24", interpolation="AREA").to_ndarray().astype(np.int16)


def _time_in(name: str, timezone: dt.tzinfo) -> dt.datetime | None:
    """The time that the name of a file tells, as cameras write it: VID_20260316_080000, 2026-03-16 08.00.00."""
    found = _TIME_IN_NAME.search(name)
    if found is None:
        return None
    try:
        return dt.datetime(*map(int, found.groups()), tzinfo=timezone)  # type: ignore[arg-type, misc]
    except ValueError:
        return None
