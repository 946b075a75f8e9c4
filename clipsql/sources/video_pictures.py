"""Read single frames out of video files, each by the second at which it stands."""

from __future__ import annotations

import errno
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from clipsql.errors import SourceError
from clipsql.sources.video_files import SAME_S, VideoFile

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_NEAR_S = 3.0
"""A frame that lies no further ahead is decoded up to: going there by the nearest keyframe would take as long."""

_FILES_KEPT = 4


class _Frames:
    """One open video; what is read in order, or nearly so, is decoded once."""

    def __init__(self, file: Path) -> None:
        self._video = VideoFile(file)
        self._frames: Iterator[tuple[float, VideoFrame]] = iter(())
        self._next_s = float("inf")
        self._last: tuple[float, bytes] | None = None

    def at(self, second: float) -> bytes | None:
        """The frame at a second as a picture file; None where none is."""
        if self._last is not None and abs(self._last[0] - second) <= SAME_S:
            return self._last[1]
        if not self._next_s - SAME_S <= second <= self._next_s + _NEAR_S:
            self._frames = self._video.frames(second)
        for time_s, frame in self._frames:
            self._next_s = time_s + SAME_S
            if time_s >= second - SAME_S:
                if time_s > second + SAME_S:
                    return None
                self._last = time_s, self._video.picture(frame)
                return self._last[1]
        return None

    def close(self) -> None:
        self._video.close()


_open: OrderedDict[tuple[Path, int, int], _Frames] = OrderedDict()
_reading = threading.Lock()


def read_picture(file: Path, inside: tuple[str, ...]) -> bytes:
    """The bytes of the frame whose path goes on so inside a video. Raises OSError."""
    if len(inside) != 1 or not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", inside[0], re.ASCII):
        raise FileNotFoundError
    second = float(inside[0])
    status = file.stat()
    key = (file, status.st_mtime_ns, status.st_size)
    try:
        # A decoder has threads of its own.
        with _reading:
            if key not in _open:
                _open[key] = _Frames(file)
                if len(_open) > _FILES_KEPT:
                    _open.popitem(last=False)[1].close()
            _open.move_to_end(key)
            content = _open[key].at(second)
    except SourceError as error:
        raise OSError(errno.EIO, str(error)) from error
    if content is None:
        raise FileNotFoundError
    return content
