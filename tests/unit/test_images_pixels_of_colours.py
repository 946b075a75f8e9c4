"""Deep colours of PNGs, gammas and the profiles of printers are followed."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from odd_pictures import deep_png, encoded, printer_profile, swapped_profile, with_chunk
from PIL import Image

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.scenes import draw_scene, random_scene
from clipsql.encoding.encoder import Encoder
from clipsql.encoding.loading import load_encoder
from clipsql.errors import FailureClass, ImageError
from clipsql.images.decoding import decode

PLAIN = draw_scene(random_scene(5))
RGB = np.asarray(PLAIN)
GREY = np.asarray(PLAIN.convert("L"))[:, :, None]
WHOLE = np.full_like(GREY, 255)
INKS = (2, 0, 1, 3)
Samples = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(str(MODEL_FOLDER), device="cpu", dtype="float32")


def twelve(values: Samples) -> Samples:
    return (values.astype(np.uint32) * 4095 // 255).astype(np.uint16)


def gamma(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">L", round(value * 100_000))


def with_gamma(value: float) -> Samples:
    """The plain picture with values made by another gamma than that of sRGB, 0 to 1."""
    srgb = RGB / 255
    light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(light**value)


def printed() -> Image.Image:
    """The plain picture for a printer whose inks are in another order."""
    plain = np.asarray(PLAIN.convert("CMYK"))
    swapped = np.empty_like(plain)
    swapped[..., INKS] = plain
    return Image.frombytes("CMYK", PLAIN.size, swapped.tobytes())


CASES = {
    "png 16 bits": deep_png(RGB.astype(np.uint16) * 257),
    "png 12 bits in 16": deep_png(twelve(RGB)),
    "png 12 bits in 16, interlaced": deep_png(twelve(RGB), interlaced=True),
    "png 12 bits in 16, alpha of 12": deep_png(twelve(np.concatenate([RGB, WHOLE], 2))),
    "png 12 bits in 16, alpha of 16": deep_png(
        np.concatenate([twelve(RGB), np.full_like(WHOLE, 65535, np.uint16)], 2)
    ),
    "png greys of 12 bits in 16 with alpha": deep_png(twelve(np.concatenate([GREY, WHOLE], 2))),
    "png gamma of light itself": deep_png((with_gamma(1) * 65535).astype(np.uint16), gamma(1)),
    "png gamma of old screens": encoded(
        Image.fromarray((with_gamma(1 / 1.4) * 255).round().astype(np.uint8)), "PNG"
    ),
    "jpeg for a printer": encoded(printed(), "JPEG", quality=97, icc_profile=printer_profile(INKS)),
    "tiff for a printer": encoded(printed(), "TIFF", icc_profile=printer_profile(INKS)),
}
CASES["png gamma of old screens"] = with_chunk(CASES["png gamma of old screens"], *gamma(1 / 1.4))


@pytest.mark.parametrize("name", CASES)
def test_an_odd_file_means_the_same_to_a_model_as_the_plain_picture(name: str, encoder: Encoder) -> None:
    plain = GREY.repeat(3, 2) if "greys" in name else RGB
    found = decode(CASES[name])
    assert (found.width, found.height) == PLAIN.size
    first, second = encoder.encode_images([found.pixels, Image.fromarray(plain)])
    assert float(first @ second) >= 0.98
    assert np.abs(np.asarray(found.pixels, int) - plain).mean() < 4


def test_colours_of_12_bits_fill_8_of_them() -> None:
    found = np.asarray(decode(CASES["png 12 bits in 16"]).pixels, int)
    assert np.abs(found - RGB).max() <= 1
    assert np.array_equal(found, np.asarray(decode(CASES["png 12 bits in 16, interlaced"]).pixels))


def test_one_bright_value_in_one_channel_shows_that_16_bits_are_used() -> None:
    values = twelve(RGB)
    values[3, 4, 1] = 4096
    found = np.asarray(decode(deep_png(values)).pixels, int)
    assert np.array_equal(found, values >> 8)


@pytest.mark.parametrize("depth", [12, 16])
def test_the_transparent_one_of_deep_colours_lies_over_white(depth: int) -> None:
    values = np.full((20, 30, 3), (1000, 2000, 3000), np.uint16) << (depth - 12)
    values[5:, :, 2] += 1  # differs in the last bit only
    data = deep_png(values, (b"tRNS", values[0, 0].astype(">u2").tobytes()))
    found = np.asarray(decode(data).pixels)
    assert found[2, 3].tolist() == [255, 255, 255]
    expected = (
        values[9, 9].astype(int) * 255 // 4095 if depth == 12 else values[9, 9].astype(int) * 255 // 65535
    )
    assert np.abs(found[9, 9] - expected).max() <= 0


@pytest.mark.parametrize("alpha", [pytest.param(2048, id="of 12 bits"), pytest.param(32768, id="of 16 bits")])
def test_half_transparent_deep_colours_are_half_white(alpha: int) -> None:
    values = np.full((20, 30, 4), (0, 0, 0, alpha), np.uint16)
    assert np.abs(np.asarray(decode(deep_png(values)).pixels, int) - 128).max() <= 1


@pytest.mark.parametrize(
    ("chunks", "changes"),
    [
        ([gamma(1)], True),
        ([gamma(0.6)], True),
        ([gamma(0.45455)], False),
        ([gamma(0.45)], False),
        ([gamma(0)], False),
        ([gamma(0.01)], False),
        ([gamma(200)], False),
        ([gamma(1), (b"sRGB", b"\0")], False),
    ],
)
def test_a_gamma_counts_unless_it_is_none_or_something_better_is_there(
    chunks: list[tuple[bytes, bytes]], changes: bool
) -> None:
    data = encoded(PLAIN, "PNG")
    for kind, body in chunks:
        data = with_chunk(data, kind, body)
    assert np.array_equal(np.asarray(decode(data).pixels), RGB) is not changes


def test_a_profile_is_better_than_a_gamma() -> None:
    data = encoded(Image.fromarray(RGB[..., ::-1]), "PNG", icc_profile=swapped_profile())
    assert np.abs(np.asarray(decode(with_chunk(data, *gamma(1))).pixels, int) - RGB).mean() < 3


def test_a_printers_colours_without_its_profile_are_others() -> None:
    """The profile is what makes the picture right in the cases above."""
    assert np.abs(np.asarray(decode(encoded(printed(), "JPEG")).pixels, int) - RGB).mean() > 15


def test_a_deep_png_that_is_cut_short_is_damaged() -> None:
    with pytest.raises(ImageError) as caught:
        decode(CASES["png 12 bits in 16"][:5_000])
    assert caught.value.failure is FailureClass.DAMAGED
