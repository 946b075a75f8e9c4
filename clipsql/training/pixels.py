"""Decode and resize every picture once, so that each epoch only reads an array from disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from clipsql.processes import helpers
from clipsql.training.examples import Examples

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

_CHUNK = 64


def prepare_pixels(
    examples: Examples,
    image_processor: Any,
    file: Path,
    *,
    workers: int = 1,
    on_prepared: Callable[[int, int], None] | None = None,
) -> Pixels:
    """Pictures as the model sees them before normalisation, uint8 (n, 3, height, width), kept in `file`.

    A complete file of an earlier run is used as it is. Reports (done, all) as it goes. Raises ImageError.
    """
    if file.exists():
        stored: Pixels = np.load(file, mmap_mode="r")
        if len(stored) == len(examples):
            return stored
    partial = file.with_suffix(".partial")
    shape = (len(examples), *_prepare(examples, image_processor, range(1)).shape[1:])
    target = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
    done = 0
    for start, pixels in _chunks(examples, image_processor, workers):
        target[start : start + len(pixels)] = pixels
        done += len(pixels)
        if on_prepared:
            on_prepared(done, len(examples))
    target.flush()
    del target
    partial.replace(file)
    result: Pixels = np.load(file, mmap_mode="r")
    return result


def _chunks(examples: Examples, image_processor: Any, workers: int) -> Iterator[tuple[int, Pixels]]:
    ranges = [range(start, min(start + _CHUNK, len(examples))) for start in range(0, len(examples), _CHUNK)]
    if workers < 2 or len(ranges) < 2 * workers:
        for numbers in ranges:
            yield numbers.start, _prepare(examples, image_processor, numbers)
        return
    with helpers(workers, prepare=partial(_start_worker, examples, image_processor)) as pool:
        yield from zip((numbers.start for numbers in ranges), pool.map(_work, ranges), strict=True)


def _prepare(examples: Examples, image_processor: Any, numbers: range) -> Pixels:
    images = [examples.image(number) for number in numbers]
    output = image_processor(images=images, do_rescale=False, do_normalize=False, return_tensors="np")
    pixels: Pixels = np.asarray(output["pixel_values"]).astype(np.uint8)
    return pixels


_worker_state: tuple[Examples, Any] | None = None


def _start_worker(examples: Examples, image_processor: Any) -> None:
    global _worker_state
    _worker_state = (examples, image_processor)


def _work(numbers: range) -> Pixels:
    assert _worker_state is not None
    return _prepare(*_worker_state, numbers)
