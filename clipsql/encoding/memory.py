"""Keep the C library from giving memory back to the system between two layers of a model, only to ask for it again."""

from __future__ import annotations

import ctypes
import functools
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt(3)
_LARGEST = 2**31 - 1


@functools.cache
def keep_freed_memory() -> None:
    """Let freed memory stay with this process, where glibc is the C library; peak memory stays the same.

    By itself glibc returns every large tensor at once, and the system clears each page of the next one: half of the
    time of MobileNetV2 on two cores.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST)
        mallopt(_M_TRIM_THRESHOLD, _LARGEST)
