"""Decode a video file: its frames in order with their times, upright pixels of some, what it says of itself."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime, tzinfo
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from PIL import Image

from clipsql.errors import SourceError
from clipsql.extras import require_extra
from clipsql.images.colours import to_rgb
from clipsql.images.decoding import MAX_PIXELS
from clipsql.images.times import read_time

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

SAME_S = 1e-6
"""Seconds: nearer times are the same, as they are written with so many digits."""

# Only what is a video by itself: a list of parts would have other files read, or addresses.
_DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,ogg,asf,flv"

_UPRIGHT = {
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
}
"""Signs of a display matrix -> what turns the stored picture upright."""

_HD_LINES = 720
_UNSAID = 2  # AVCOL_SPC_UNSPECIFIED
_CREATED = ("com.apple.quicktime.creationdate", "creation_time")
_PLACES = ("com.apple.quicktime.location.ISO6709", "location")
_ISO_6709 = re.compile(r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)(?:[+-].*)?/?")
_UNSET_CLOCKS_END = 1971
"""Containers count from 1904 or 1970: what was never set lies there."""


class VideoFile:
    """An open video; `times` are in seconds since it begins, as players count them, in microseconds exactly.

    `damaged` counts the packets that could not be decoded so far, `ends_s` is where the last one that was read ends.
    """

    def __init__(self, file: Path, *, max_pixels: int = MAX_PIXELS, only_keyframes: bool = False) -> None:
        """Raises SourceError for what is no video that can be decoded, or a larger one than wanted."""
        require_extra("video", f"Reading {file.name}")
        self.file = file
        self.damaged = 0
        self.ends_s = 0.0
        try:
            self._bytes: BinaryIO = file.open("rb")
        except OSError as error:
            raise SourceError(f"{file.name} cannot be read ({error.strerror}); check the file.") from error
        self._max_pixels = max_pixels
        self._only_keyframes = only_keyframes
        self._was_read = False
        try:
            self._container, self._stream = self._opened()
        except BaseException:
            self._bytes.close()
            raise
        start = self._container.start_time
        self._starts_s = 0.0 if start is None else start / 1e6
        rate = self._stream.average_rate or self._stream.guessed_rate
        self._frame_s = 1 / float(rate) if rate else 0.04

    def _opened(self) -> tuple[InputContainer, VideoStream]:
        import av

        name = self.file.name
        try:
            # From its bytes, so that no name is ever taken for an address.
            container = av.open(
                self._bytes,
                "r",
                container_options={"format_whitelist": _DEMUXERS},
                metadata_errors="replace",
            )
        except (av.FFmpegError, OSError) as error:
            raise SourceError(
                f"{name} is no video that can be read ({error.strerror}): it is damaged, or was cut off before its "
                "index was written; get the file again."
            ) from error
        stream = next(iter(container.streams.video), None)
        if stream is None:
            raise SourceError(f"{name} has no video stream; leave it out, or name one that has pictures.")
        if stream.codec_context is None:
            raise SourceError(
                f"{name} is encrypted or of a codec that is not decoded; decrypt it, or convert it to H.264 or VP9."
            )
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > self._max_pixels:
            raise SourceError(
                f"{name} is {width} x {height}, {width * height / 1e6:,.0f} megapixels; at most "
                f"{self._max_pixels / 1e6:,.0f} are decoded, so scale it down or raise --max-megapixels."
            )
        stream.thread_type = "AUTO"
        if self._only_keyframes:
            stream.codec_context.skip_frame = "NONKEY"
        return container, stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._container.close()
        self._bytes.close()

    @property
    def duration_s(self) -> float | None:
        """How long the video is by its own account; None when it does not say."""
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        said = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", self._stream.metadata.get("DURATION", ""))
        if said:
            return 3600 * int(said[1]) + 60 * int(said[2]) + float(said[3])
        duration: int | None = self._container.duration
        return None if duration is None else duration / 1e6

    def recorded_at(self, timezone: tzinfo) -> datetime | None:
        """When the recording began, by the container; None when it does not say, or its clock was never set."""
        said = {**self._stream.metadata, **self._container.metadata}
        for name in _CREATED:
            time = read_time(said.get(name, ""))
            if time is not None and time.year >= _UNSET_CLOCKS_END:
                return time if time.tzinfo else time.replace(tzinfo=timezone)
        return None

    @property
    def place(self) -> tuple[float, float] | None:
        """Longitude and latitude in degrees where it was recorded; None when the container does not say."""
        for name in _PLACES:
            said = _ISO_6709.fullmatch(self._container.metadata.get(name, ""))
            if said and abs(float(said[1])) <= 90 and abs(float(said[2])) <= 180:
                return float(said[2]), float(said[1])
        return None

    def frames(self, from_s: float = 0.0) -> Iterator[tuple[float, VideoFrame]]:
        """Whole frames with their times, in order, from the one at `from_s` on; of a damaged video what there is."""
        seen = self._decoded(from_s)
        first = next(seen, None)
        if from_s > 0 and (first is None or first[0] > from_s + SAME_S):
            # In some containers only places are found that lie behind the wanted one, or before no keyframe.
            seen = self._decoded(0.0)
            first = next(seen, None)
        last_s = from_s - 2 * SAME_S
        for time_s, frame in chain(() if first is None else (first,), seen):
            if time_s > last_s + SAME_S:  # where a clock went back, its times would be of two frames
                last_s = time_s
                yield time_s, frame

    def _decoded(self, seek_s: float) -> Iterator[tuple[float, VideoFrame]]:
        """Frames from a keyframe at or before `seek_s` on."""
        import av

        if seek_s > 0:
            assert self._stream.time_base is not None
            place = int((seek_s + self._starts_s) / self._stream.time_base)
            try:
                self._container.seek(place, stream=self._stream)
            except av.FFmpegError:
                return
        elif self._was_read:
            self._container.close()
            self._bytes.seek(0)
            self._container, self._stream = self._opened()
        self._was_read = True
        time_s = -self._frame_s
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError):  # its tail is cut off, or lies on a disk that fails
                packet = None
            if packet is not None and packet.is_corrupt:  # cut off in its middle
                self.damaged += 1
                continue
            if packet is not None:
                self._note_end(packet)
            for frame in self._frames_in(packet):
                time_s = self._time(frame, time_s + self._frame_s)
                self.ends_s = max(self.ends_s, time_s)
                if not frame.is_corrupt and (frame.key_frame or not self._only_keyframes):
                    yield time_s, frame
            if packet is None:
                return

    def _frames_in(self, packet: Packet[Any] | None) -> list[VideoFrame]:
        """The frames that a packet completes; None completes those that the decoder still has."""
        import av

        try:
            return self._stream.codec_context.decode(packet)
        except EOFError:  # it gave all before
            return []
        except av.FFmpegError:
            self.damaged += 1
            return []

    def _time(self, frame: VideoFrame, otherwise: float) -> float:
        assert self._stream.time_base is not None
        time_s = (
            otherwise if frame.pts is None else float(frame.pts * self._stream.time_base) - self._starts_s
        )
        return max(0.0, round(time_s, 6))

    def _note_end(self, packet: Packet[Any]) -> None:
        if packet.pts is not None and self._stream.time_base is not None:
            lasts = float((packet.duration or 0) * self._stream.time_base) or self._frame_s
            ends_s = float(packet.pts * self._stream.time_base) - self._starts_s + lasts
            self.ends_s = max(self.ends_s, round(ends_s, 6))

    def picture(self, frame: VideoFrame) -> bytes:
        """A frame as a picture file: upright, its pixels square, alpha over white; the same bytes each time."""
        pixels = _pixels(frame, self._stream.sample_aspect_ratio)
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
        if matrix is not None:
            turn = _UPRIGHT.get(_signs(bytes(matrix)))
            pixels = pixels if turn is None else pixels.transpose(turn)
        held = io.BytesIO()
        pixels.save(held, "BMP")
        return held.getvalue()


def _pixels(frame: VideoFrame, aspect: Any) -> Image.Image:
    from av.video.reformatter import Interpolation

    width, height = frame.width, frame.height
    if aspect and aspect > 1:
        width = round(width * aspect)
    elif aspect and 0 < aspect < 1:
        height = round(height / aspect)
    has_alpha = any(component.is_alpha for component in frame.format.components)
    # By convention what says nothing of its colours is BT.709 in HD, which no decoder takes into account.
    is_hd = frame.colorspace == _UNSAID and frame.height >= _HD_LINES
    converted = frame.reformat(
        width,
        height,
        "rgba" if has_alpha else "rgb24",
        src_colorspace="ITU709" if is_hd else None,
        # The same bytes on every processor: they are what the picture is known by.
        interpolation=Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT,
    )
    plane = converted.planes[0]
    mode = "RGBA" if has_alpha else "RGB"
    pixels = Image.frombytes(mode, (width, height), bytes(plane), "raw", mode, plane.line_size, 1)
    return to_rgb(pixels) if has_alpha else pixels


def _signs(matrix: bytes) -> tuple[int, int, int, int]:
    """Which way a display matrix turns the axes: its numbers a, b, c and d, of nine, in halves of 1."""
    numbers = [int.from_bytes(matrix[4 * n : 4 * n + 4], "little", signed=True) for n in (0, 1, 3, 4)]
    a, b, c, d = ((number > 1 << 15) - (number < -(1 << 15)) for number in numbers)
    return a, b, c, d
