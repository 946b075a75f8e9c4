"""The pictures of duplicates.py: made copies, and drawn product photos of clothing on the same ground."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

Rendering = Callable[[Image.Image], bytes]


@dataclass(frozen=True)
class Sample:
    """A picture file; those of the same source are the same photograph, `made_as` says how a copy was made of it."""

    name: str
    data: bytes
    source: str
    made_as: str | None = None


def _saved(image: Image.Image, format_name: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_name, **options)
    return stream.getvalue()


def _scaled(image: Image.Image, factor: float) -> Image.Image:
    size = (round(image.width * factor), round(image.height * factor))
    return image.resize(size, Image.Resampling.LANCZOS)


def _cropped(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(left * width), round(top * height), round(width * (1 - right)), round(height * (1 - bottom)))
    )


COPIES: dict[str, Rendering] = {
    "the same bytes": lambda _: b"",
    "JPEG quality 90": lambda image: _saved(image, "JPEG", quality=90),
    "JPEG quality 60": lambda image: _saved(image, "JPEG", quality=60),
    "JPEG quality 30": lambda image: _saved(image, "JPEG", quality=30),
    "1.5 times the size": lambda image: _saved(_scaled(image, 1.5), "JPEG", quality=85),
    "half the size": lambda image: _saved(_scaled(image, 0.5), "JPEG", quality=85),
    "a quarter of the size": lambda image: _saved(_scaled(image, 0.25), "JPEG", quality=85),
    "PNG": lambda image: _saved(image, "PNG"),
    "WebP quality 60": lambda image: _saved(image, "WEBP", quality=60),
    "GIF of 256 colours": lambda image: _saved(image.quantize(256), "GIF"),
    "cropped by 1 % a side": lambda image: _saved(_cropped(image, *[0.01] * 4), "JPEG", quality=85),
    "cropped by 2 % a side": lambda image: _saved(_cropped(image, *[0.02] * 4), "JPEG", quality=85),
    "cropped by 5 % at the left": lambda image: _saved(_cropped(image, 0.05, 0, 0, 0), "JPEG", quality=85),
    "cropped by 5 % a side": lambda image: _saved(_cropped(image, *[0.05] * 4), "JPEG", quality=85),
}


def with_copies(originals: Sequence[Sample], *, each: int) -> Iterator[Sample]:
    """The originals, and of the first `each` x len(COPIES) one copy each, in turn of every kind."""
    yield from originals
    kinds = list(COPIES.items())
    for number, original in enumerate(originals[: each * len(kinds)]):
        made_as, render = kinds[number % len(kinds)]
        image = Image.open(io.BytesIO(original.data)).convert("RGB")
        # No ending: what the bytes are decides the format.
        data = render(image) or original.data
        yield Sample(f"copy-{number:04}", data, source=original.source, made_as=made_as)


GROUND = (214, 207, 196)
COLOURS = {
    "white": (240, 240, 238),
    "grey": (140, 140, 145),
    "navy": (32, 42, 80),
    "red": (170, 35, 40),
    "dark red": (140, 28, 34),
    "green": (45, 110, 70),
    "sand": (205, 180, 140),
    "black": (28, 28, 30),
}
CUTS = {
    "shirt": [
        *((50, 21), (58, 16), (70, 20), (88, 38), (78, 48), (69, 40), (69, 88)),
        *((31, 88), (31, 40), (22, 48), (12, 38), (30, 20), (42, 16)),
    ],
    "dress": [(40, 14), (46, 20), (54, 20), (60, 14), (61, 44), (76, 92), (24, 92), (39, 44)],
    "trousers": [(34, 12), (66, 12), (70, 90), (56, 90), (50, 36), (44, 90), (30, 90)],
}
PRINTS = ("plain", "stripes", "pocket", "badge", "dots", "letters")


def garments(size: int = 640) -> list[Sample]:
    """Every cut in every colour with every print, once each: what a shop has of clothing, on the same ground."""
    made = []
    for cut in CUTS:
        for colour in COLOURS:
            for print_ in PRINTS:
                name = f"{cut}-{colour}-{print_}".replace(" ", "-")
                image = _garment(cut, COLOURS[colour], print_, size=size, chance=random.Random(name))
                made.append(Sample(name, _saved(image, "JPEG", quality=90), source=name))
    return made


def _garment(
    cut: str, colour: tuple[int, int, int], print_: str, *, size: int, chance: random.Random
) -> Image.Image:
    image = Image.new("RGB", (size, size), GROUND)
    mask = Image.new("L", (size, size))
    ImageDraw.Draw(mask).polygon([(x * size / 100, y * size / 100) for x, y in CUTS[cut]], fill=255)
    shadow = mask.filter(ImageFilter.GaussianBlur(size / 40)).point(lambda level: level // 4)
    image.paste((90, 84, 76), (size // 100, size // 60), shadow)
    cloth = Image.new("RGB", (size, size), colour)
    draw = ImageDraw.Draw(cloth)
    ink = tuple(255 - level // 2 if sum(colour) < 380 else level // 3 for level in colour)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return left * size / 100, top * size / 100, right * size / 100, bottom * size / 100

    if print_ == "stripes":
        for y in range(14, 92, 6):
            draw.rectangle(box(0, y, 100, y + 2), fill=ink)
    elif print_ == "pocket":
        draw.rectangle(box(53, 40, 60, 48), outline=ink, width=max(1, size // 200))
    elif print_ == "badge":
        draw.ellipse(box(56, 36, 59, 39), fill=ink)
    elif print_ == "dots":
        for x in range(14, 90, 8):
            for y in range(14, 92, 8):
                draw.ellipse(box(x, y, x + 2, y + 2), fill=ink)
    elif print_ == "letters":
        draw.text((42 * size / 100, 42 * size / 100), "HELLO", fill=ink, font_size=size / 20)
    image.paste(cloth, (0, 0), mask)
    noise = Image.effect_noise((size, size), chance.uniform(6, 9)).convert("RGB")
    return Image.blend(image, noise, 0.04)
