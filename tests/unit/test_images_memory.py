"""The memory that all decoding threads share."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from odd_pictures import encoded
from PIL import Image

from clipsql.images.decoding import decode
from clipsql.images.memory import Budget


def test_threads_together_never_hold_more_than_the_budget() -> None:
    budget, held, most, lock = Budget(100), [0], [0], threading.Lock()

    def work(wanted: int) -> None:
        with budget.held(wanted):
            with lock:
                held[0] += wanted
                most[0] = max(most[0], held[0])
            time.sleep(0.002)
            with lock:
                held[0] -= wanted

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [30, 70, 10, 60, 45] * 8))
    assert 45 < most[0] <= 100


def test_who_wants_more_than_there_is_holds_all_of_it_alone() -> None:
    budget, order = Budget(100), []

    def small() -> None:
        with budget.held(1):
            order.append("small")

    with ThreadPoolExecutor(1) as pool, budget.held(1_000):
        waiting = pool.submit(small)
        time.sleep(0.05)
        order.append("large")
    waiting.result()
    assert order == ["large", "small"]


def test_an_error_gives_back_what_was_held() -> None:
    budget = Budget(100)
    with pytest.raises(RuntimeError), budget.held(100):
        raise RuntimeError
    with budget.held(100):
        pass


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc; run it on Linux")
def test_more_threads_need_no_more_memory() -> None:
    """16 pictures of 64 MB each in 8 threads, within a budget of 150 MB."""
    data = encoded(Image.new("RGBA", (4000, 4000), (200, 30, 30, 255)), "PNG", compress_level=1)
    budget = Budget(150_000_000)
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as pool:
        patch.setattr("clipsql.images.decoding.DECODING", budget)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = _memory("VmRSS")
        sizes = list(pool.map(lambda _: decode(data, target_size=224).pixels.size, range(16)))
        used = _memory("VmHWM") - before
    assert set(sizes) == {(500, 500)}
    assert used < 250_000_000


def _memory(what: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))


def test_a_photograph_of_200_megapixels_needs_little_memory() -> None:
    data = encoded(Image.new("RGB", (16320, 12240), (90, 140, 60)), "JPEG", quality=60)
    picture = decode(data, target_size=224)
    assert (picture.width, picture.height, min(picture.pixels.size)) == (16320, 12240, 510)
