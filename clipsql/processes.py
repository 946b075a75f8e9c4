"""Other processes of this program, which share its work and end with it, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor


def helpers(count: int, *, prepare: Callable[[], None] | None = None) -> ProcessPoolExecutor:
    """An executor of `count` processes, each of which first calls `prepare`."""
    # spawn: a forked child would inherit the locks of whatever threads run here, torch's among them.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, context, _start, (prepare,))


def _start(prepare: Callable[[], None] | None) -> None:
    # Nobody tells the helpers of a process that is killed, and they would wait for work for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare is not None:
        prepare()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
