"""The memory that all decoding threads share."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from odd_pictures import deep_png, encoded, with_chunk
from PIL import Image

from clipsql.db.pictures.records import StoredPicture
from clipsql.demo import MODEL_FOLDER
from clipsql.encoding.loading import load_encoder
from clipsql.images.decoding import decode, factor
from clipsql.images.formats import open_image
from clipsql.images.memory import Budget, bytes_to_decode
from clipsql.ingest.local_files import kept_content, memory_for_kept
from clipsql.ingest.reading import read_claimed, read_picture
from clipsql.ingest.readings import IngestOptions, ReadOptions
from clipsql.picture import PictureRecord


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


def memory_of(work: Callable[..., object], *arguments: object) -> int:
    """Bytes that the work adds at its peak, in a process of its own: this one frees and takes memory meanwhile."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("needs Linux's /proc; run it on Linux")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_added_by, work, *arguments).result()


def _added_by(work: Callable[..., object], *arguments: object) -> int:
    run = work(*arguments)
    assert callable(run)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _memory("VmRSS")
    run()
    return _memory("VmHWM") - before


def _memory(what: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))


def test_more_threads_need_no_more_memory() -> None:
    """16 pictures of 64 MB each in 8 threads, within a budget of 150 MB."""
    assert 60_000_000 < memory_of(_decode_in_threads) < 250_000_000


def _decode_in_threads() -> Callable[[], object]:
    data = encoded(Image.new("RGBA", (4000, 4000), (200, 30, 30, 255)), "PNG", compress_level=1)

    def run() -> None:
        with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as pool:
            patch.setattr("clipsql.images.decoding.DECODING", Budget(150_000_000))
            sizes = set(pool.map(lambda _: decode(data, target_size=224).pixels.size, range(16)))
        assert sizes == {(500, 500)}

    return run


def test_a_deep_png_needs_no_more_than_is_reserved_for_it() -> None:
    data = deep_png(np.tile(np.arange(4000, dtype=np.uint16)[:, None], (3000, 1, 3)))
    image = open_image(data)
    reserved = bytes_to_decode(image, image.size, factor=factor(image, 224))
    assert 0.8 * reserved < memory_of(_decode_deep, data) < reserved + 10_000_000


def _decode_deep(data: bytes) -> Callable[[], object]:
    decode(deep_png(np.zeros((4, 4, 3), np.uint16)))

    def run() -> None:
        assert decode(data, target_size=224).pixels.size == (667, 500)

    return run


@pytest.mark.parametrize("way", ["of a source", "of the queue"])
@pytest.mark.slow
def test_more_threads_hold_no_more_files(tmp_path: Path, way: str) -> None:
    """16 files of 64 MB in 8 threads, within a budget of 200 MB."""
    file = tmp_path / "x.png"
    picture = encoded(Image.new("RGB", (40, 40)), "PNG")
    file.write_bytes(with_chunk(picture, b"tEXt", b"a\0" + b"x" * 2**26, at_the_end=True))
    assert 60_000_000 < memory_of(_read_in_threads, file, way) < 250_000_000


def _read_in_threads(file: Path, way: str) -> Callable[[], object]:
    encoder = load_encoder(str(MODEL_FOLDER), device="cpu", dtype="float32")
    record = PictureRecord(file.as_uri(), file)
    stored = StoredPicture(
        image_id=1,
        picture=record,
        captions=(),
        is_embedded=False,
        is_checked=False,
        has_thumbnail=False,
        file_to_read=file,
    )

    def read(_number: int) -> str | None:
        if way == "of a source":
            options = IngestOptions(collection="c")
            return read_picture(record, None, encoder=encoder, options=options).picture.format
        with memory_for_kept(stored):
            content = kept_content(stored)
            return read_claimed(stored, content, encoder=encoder, options=ReadOptions()).picture.format

    def run() -> None:
        with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as pool:
            patch.setattr("clipsql.ingest.local_files.READING", Budget(200_000_000))
            assert set(pool.map(read, range(16))) == {"PNG"}

    return run


def test_a_photograph_of_200_megapixels_needs_little_memory() -> None:
    data = encoded(Image.new("RGB", (16320, 12240), (90, 140, 60)), "JPEG", quality=60)
    picture = decode(data, target_size=224)
    assert (picture.width, picture.height, min(picture.pixels.size)) == (16320, 12240, 510)
