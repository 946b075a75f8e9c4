"""How much memory does decoding take as pictures and cores grow, beside the naive way?

`python benchmarks/decoding.py [--cores 1,2,4,8] [--most-gb 8]`

Every cell is a process of its own: so many threads decode two pictures each, as ingest's readers do, and the peak of
the resident memory is taken, less what the process had before. Naive: Pillow's `open`, `convert("RGB")` and `thumbnail`
in the same threads, without draft decoding and with nothing shared. A naive cell that would need more than --most-gb is
left out. The last table is of one picture at a time: what `bytes_to_decode` reserves, and what was used.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np
import pillow_heif
from PIL import Image

from clipsql.encoding.memory import keep_freed_memory
from clipsql.images import decoding
from clipsql.images.formats import open_image
from clipsql.images.memory import DECODING, bytes_to_decode

TARGET_SIZE = 224
PICTURES: dict[str, tuple[str, tuple[int, int], dict[str, object]]] = {
    "JPEG 12 MP": ("JPEG", (4000, 3000), {}),
    "JPEG 200 MP": ("JPEG", (16320, 12240), {}),
    "progressive JPEG 100 MP": ("JPEG", (11600, 8640), {"progressive": True}),
    "PNG 12 MP": ("PNG", (4000, 3000), {"compress_level": 1}),
    "PNG with alpha 100 MP": ("PNG", (11600, 8640), {"compress_level": 1}),
}
SINGLE: dict[str, tuple[str, dict[str, object]]] = {
    "JPEG": ("JPEG", {}),
    "JPEG, progressive": ("JPEG", {"progressive": True, "subsampling": 0}),
    "PNG": ("PNG", {"compress_level": 1}),
    "WebP": ("WEBP", {"method": 0}),
    "AVIF": ("AVIF", {"speed": 10}),
    "HEIC": ("HEIF", {}),
    "JPEG 2000": ("JPEG2000", {"quality_mode": "rates", "quality_layers": [40]}),
    "GIF": ("GIF", {}),
    "TIFF": ("TIFF", {"compression": "tiff_lzw"}),
    "TIFF, 32-bit float": ("TIFF", {}),
    "BMP": ("BMP", {}),
}


def picture(name: str, size: tuple[int, int], *, title: str, **options: object) -> bytes:
    """A file with soft colours, so that it packs as photographs do."""
    spots = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    image = Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC)
    if "alpha" in title:
        image.putalpha(image.convert("L"))
    if "float" in title:
        image = Image.fromarray(np.asarray(image.convert("L"), dtype=np.float32) / 255)
    held = io.BytesIO()
    if name == "HEIF":
        pillow_heif.from_pillow(image).save(held)
    else:
        image.save(held, name, **options)
    return held.getvalue()


def naive(data: bytes) -> None:
    """What a script does."""
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(io.BytesIO(data)) as image:
        image.convert("RGB").thumbnail((2 * TARGET_SIZE, 2 * TARGET_SIZE))


def memory(what: str) -> int:
    """Bytes of this process: VmRSS now, VmHWM at most since the last reset."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))


def measure(way: str, data: bytes, threads: int, pictures: int) -> None:
    """Decode and print peak megabytes and seconds: the work of a process of its own."""
    keep_freed_memory()  # as the encoder in the same process has it
    work = naive if way == "naive" else lambda held: decoding.decode(held, target_size=TARGET_SIZE)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, started = memory("VmRSS"), time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, [data] * pictures))
    print(f"{(memory('VmHWM') - before) / 1e6:.0f} {time.monotonic() - started:.1f}")


def measured(way: str, file: Path, threads: int, pictures: int) -> tuple[int, float]:
    """Peak megabytes and seconds in a new process."""
    command = [sys.executable, __file__, "--cell", way, str(file), str(threads), str(pictures)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    megabytes, seconds = done.stdout.split()
    return int(megabytes), float(seconds)


@click.command()
@click.option("--cores", default="1,2,4,8", show_default=True, help="Threads, with commas between.")
@click.option("--most-gb", default=8.0, show_default=True, help="Leave out naive cells that need more.")
@click.option("--cell", nargs=4, type=str, hidden=True)
def main(cores: str, most_gb: float, cell: tuple[str, str, str, str] | None) -> None:
    """Print memory against cores and sizes, then the reserve of every format."""
    if cell is not None:
        way, file, threads, pictures = cell
        measure(way, Path(file).read_bytes(), int(threads), int(pictures))
        return
    counts = [int(count) for count in cores.split(",")]
    print(f"Shared by all threads: {DECODING.size / 1e6:,.0f} MB. Peak MB (seconds), two pictures a thread\n")
    print(f"| picture | way | {' | '.join(f'{count} threads' for count in counts)} |")
    print(f"|---|---|{'---|' * len(counts)}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "picture"
        for title, (name, size, options) in PICTURES.items():
            file.write_bytes(picture(name, size, title=title, **options))
            for way in ("clipsql", "naive"):
                cells, each = [], 0.0
                for count in counts:
                    if way == "naive" and each * count > most_gb * 1000:
                        cells.append("left out")
                        continue
                    megabytes, seconds = measured(way, file, count, 2 * count)
                    each = each or megabytes / count
                    cells.append(f"{megabytes:,} ({seconds:.1f} s)")
                print(f"| {title} | {way} | {' | '.join(cells)} |", flush=True)
        print("\n| 48 MP, one alone | reserved, MB | used, MB |\n|---|---|---|")
        for title, (name, options) in SINGLE.items():
            data = picture(name, (8000, 6000), title=title, **options)
            file.write_bytes(data)
            image = open_image(data)
            size = image.size
            decoding.draft(image, TARGET_SIZE)
            reserved = bytes_to_decode(image, size, factor=decoding.factor(image, TARGET_SIZE))
            used, _ = measured("clipsql", file, 1, 1)
            print(f"| {title} | {reserved / 1e6:,.0f} | {used:,} |", flush=True)


if __name__ == "__main__":
    main()
