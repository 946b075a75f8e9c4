"""Right pixels of every format and mode, or a refusal that says what the file is: never wrong ones without a word."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from odd_pictures import (
    array_tiff,
    encoded,
    small_frame_gif,
    swapped_profile,
    tiff,
    with_chunk,
    with_segment,
    without_jfif,
)
from PIL import Image, ImageCms

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.scenes import draw_scene, random_scene
from clipsql.encoding.encoder import Encoder
from clipsql.encoding.loading import load_encoder
from clipsql.errors import FailureClass, ImageError
from clipsql.images.decoding import decode

PLAIN = draw_scene(random_scene(5))
GREY = PLAIN.convert("L")
RGB = np.asarray(PLAIN)
FEW = PLAIN.quantize(64)
DEEP = RGB.astype(np.uint16) * 257
HEIGHT, WIDTH = RGB.shape[:2]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(str(MODEL_FOLDER), device="cpu", dtype="float32")


def lab() -> np.ndarray[Any, Any]:
    """CIE L*, a* and b* of the plain picture, as floats."""
    profiles = [ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")]
    found = ImageCms.profileToProfile(PLAIN, *profiles, outputMode="LAB")
    assert found is not None
    values = np.asarray(found)
    colours = values[..., 1:].view(np.int8).astype(np.float32)  # Pillow packs them as signed bytes
    return np.concatenate([values[..., :1] / np.float32(2.55), colours], axis=-1)


def bytes_of_lab() -> np.ndarray[Any, Any]:
    values = lab()
    levels = [values[..., 0] * 2.55, values[..., 1] % 256, values[..., 2] % 256]
    return np.stack([level.round().astype(np.uint8) for level in levels], axis=-1)


def bits_of(values: np.ndarray[Any, Any], bits: int) -> bytes:
    """Samples of so many bits, packed, every row to a whole byte."""
    unpacked = (values[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(unpacked.reshape(len(values), -1).astype(np.uint8), axis=1).tobytes()


def tags(bits: int, photometric: int, count: int = 1, **more: Any) -> dict[int, Any]:
    told = {256: WIDTH, 257: HEIGHT, 258: (bits,) * count, 262: photometric, 277: count, 278: HEIGHT}
    return {**told, **{int(tag[1:]): value for tag, value in more.items()}}


def palette_tiff() -> bytes:
    few = FEW
    colours = np.zeros((256, 3), int)
    colours[:64] = np.asarray(few.getpalette()).reshape(-1, 3)[:64]
    return tiff([few.tobytes()], tags(8, 3, t320=tuple(map(int, colours.T.ravel()))))


def predicted(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Differences of neighbours, as the predictor of a TIFF writes them."""
    found = values.copy()
    found[:, 1:] -= values[:, :-1]
    return found


def libtiff(image: Image.Image, **options: Any) -> bytes:
    return encoded(image, "TIFF", **options)


TWELVE = (np.asarray(GREY).astype(np.uint32) * 4095 // 255).astype(np.uint16)
FLOATS = RGB.astype(np.float32) / 255
CASES: dict[str, tuple[Callable[[], bytes], Image.Image]] = {
    "tiff 16 bits": (lambda: array_tiff(DEEP, 2), PLAIN),
    "tiff 16 bits in planes": (lambda: array_tiff(DEEP, 2, planar=True), PLAIN),
    "tiff 16 bits in planes, big-endian": (lambda: array_tiff(DEEP, 2, planar=True, order=">"), PLAIN),
    "tiff 16 bits in packed planes": (lambda: array_tiff(DEEP, 2, planar=True, pack=True), PLAIN),
    "tiff 16 bits, differences": (
        lambda: array_tiff(predicted(DEEP), 2, pack=True, order=">", tags={317: 2}),
        PLAIN,
    ),
    "tiff 8 bits in planes": (lambda: array_tiff(RGB, 2, planar=True), PLAIN),
    "tiff 16 bits with alpha": (
        lambda: array_tiff(
            np.concatenate([DEEP, np.full_like(DEEP[:, :, :1], 65535)], 2), 2, tags={338: (2,)}
        ),
        PLAIN,
    ),
    "tiff float": (lambda: array_tiff(FLOATS, 2), PLAIN),
    "tiff float in planes": (lambda: array_tiff(FLOATS, 2, planar=True), PLAIN),
    "tiff float of 16 bits": (lambda: array_tiff(FLOATS.astype(np.float16), 2), PLAIN),
    "tiff float of 64 bits, big-endian": (lambda: array_tiff(FLOATS.astype(np.float64), 2, order=">"), PLAIN),
    "tiff float greys": (lambda: array_tiff(FLOATS[:, :, :1], 1), Image.fromarray(RGB[:, :, 0])),
    "tiff 32 bits": (lambda: array_tiff(RGB.astype(np.uint32) * 16843009, 2), PLAIN),
    "tiff signed greys": (
        lambda: array_tiff((DEEP[:, :, :1].astype(int) - 32768).astype(np.int16), 1),
        Image.fromarray(RGB[:, :, 0]),
    ),
    "tiff 16 bits, white is zero": (
        lambda: array_tiff(65535 - DEEP[:, :, :1], 0),
        Image.fromarray(RGB[:, :, 0]),
    ),
    "tiff CIELab": (lambda: array_tiff(bytes_of_lab(), 8, tags={339: (1, 1, 1)}), PLAIN),
    "tiff CIELab in planes": (lambda: array_tiff(bytes_of_lab(), 8, planar=True), PLAIN),
    "tiff ICCLab": (
        lambda: array_tiff(bytes_of_lab() ^ np.array([0, 128, 128], np.uint8), 9),
        PLAIN,
    ),
    "tiff Lab of floats": (lambda: array_tiff(lab(), 8), PLAIN),
    "tiff 12 bits packed": (lambda: tiff([bits_of(TWELVE, 12)], tags(12, 1)), GREY),
    "tiff RGB of 4 bits": (lambda: tiff([bits_of((RGB >> 4), 4)], tags(4, 2, 3)), PLAIN),
    "tiff 12 bits in 16": (lambda: array_tiff(TWELVE[:, :, None], 1), GREY),
    "tiff 10 bits in 16, as it says": (
        lambda: array_tiff((TWELVE // 4)[:, :, None], 1, tags={281: (1000,)}),
        GREY,
    ),
    "tiff colour map of 8 bits": (palette_tiff, FEW.convert("RGB")),
    "tiff CMYK of 16 bits in planes": (
        lambda: array_tiff(np.asarray(PLAIN.convert("CMYK")).astype(np.uint16) * 257, 5, planar=True),
        PLAIN,
    ),
    "tiff YCbCr": (lambda: libtiff(PLAIN, compression="jpeg"), PLAIN),
    "tiff LZW": (lambda: libtiff(PLAIN, compression="tiff_lzw"), PLAIN),
    "tiff two colours": (lambda: libtiff(PLAIN.convert("1"), compression="group4"), PLAIN.convert("1")),
    "png 16-bit greys": (
        lambda: encoded(Image.fromarray(DEEP[:, :, 0]), "PNG"),
        Image.fromarray(RGB[:, :, 0]),
    ),
    "png 12 bits in 16": (lambda: encoded(Image.fromarray(TWELVE), "PNG"), GREY),
    "png greys with alpha": (lambda: encoded(GREY.convert("LA"), "PNG"), GREY),
    "png palette": (lambda: encoded(PLAIN.quantize(128), "PNG"), PLAIN),
    "png two colours": (lambda: encoded(PLAIN.convert("1"), "PNG"), PLAIN.convert("1")),
    "png animated": (
        lambda: encoded(PLAIN, "PNG", save_all=True, append_images=[Image.new("RGB", PLAIN.size)]),
        PLAIN,
    ),
    "jpeg CMYK": (lambda: encoded(PLAIN.convert("CMYK"), "JPEG", quality=95), PLAIN),
    "jpeg colours by profile": (
        lambda: encoded(Image.fromarray(RGB[..., ::-1]), "JPEG", quality=95, icc_profile=swapped_profile()),
        PLAIN,
    ),
    "png colours by profile": (
        lambda: encoded(Image.fromarray(RGB[..., ::-1]), "PNG", icc_profile=swapped_profile()),
        PLAIN,
    ),
    "tiff colours by profile": (
        lambda: array_tiff(DEEP[..., ::-1], 2, planar=True, tags={34675: swapped_profile()}),
        PLAIN,
    ),
    "webp colours by profile": (
        lambda: encoded(Image.fromarray(RGB[..., ::-1]), "WEBP", quality=95, icc_profile=swapped_profile()),
        PLAIN,
    ),
    "avif colours by profile": (
        lambda: encoded(Image.fromarray(RGB[..., ::-1]), "AVIF", quality=95, icc_profile=swapped_profile()),
        PLAIN,
    ),
    "heic": (lambda: encoded(PLAIN, "HEIF", quality=90), PLAIN),
    "webp animated": (
        lambda: encoded(
            PLAIN, "WEBP", save_all=True, append_images=[Image.new("RGB", PLAIN.size)], quality=95
        ),
        PLAIN,
    ),
    "jpeg 2000": (lambda: encoded(PLAIN, "JPEG2000"), PLAIN),
    "jpeg 2000 codestream": (lambda: encoded(PLAIN, "JPEG2000", no_jp2=True), PLAIN),
    "bmp": (lambda: encoded(PLAIN, "BMP"), PLAIN),
}


@pytest.mark.parametrize("name", CASES)
def test_an_odd_file_means_the_same_to_a_model_as_the_plain_picture(name: str, encoder: Encoder) -> None:
    build, plain = CASES[name]
    picture = decode(build(), target_size=encoder.image_size)
    expected = decode(encoded(plain, "PNG"), target_size=encoder.image_size)
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    first, second = encoder.encode_images([picture.pixels, expected.pixels])
    assert float(first @ second) >= 0.98
    difference = np.asarray(picture.pixels, int) - np.asarray(expected.pixels, int)
    assert np.abs(difference).mean() < 9


def test_a_grey_picture_that_uses_its_16_bits_is_not_stretched() -> None:
    dark = np.full((20, 30), 4096, np.uint16)
    assert decode(encoded(Image.fromarray(dark), "PNG")).pixels.getpixel((5, 5)) == (15, 15, 15)
    assert decode(array_tiff(dark[:, :, None], 1)).pixels.getpixel((5, 5)) == (16, 16, 16)


def test_samples_above_what_a_tiff_says_are_not_clipped() -> None:
    values = np.full((20, 30, 1), 40_000, np.uint16)
    assert decode(array_tiff(values, 1, tags={281: (255,)})).pixels.getpixel((5, 5)) == (156, 156, 156)


@pytest.mark.parametrize("missing", [np.nan, np.inf, -9999.0])
def test_what_is_no_value_does_not_stretch_the_others(missing: float) -> None:
    ramp = np.tile(np.linspace(100, 200, 256).astype(np.float32), (20, 1))[:, :, None].copy()
    ramp[0, 0] = missing
    found = np.asarray(decode(array_tiff(ramp, 1, tags={42113: b"-9999\0"})).pixels)[5, :, 0]
    assert np.abs(found.astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("mode", ["transparent", "premultiplied"])
def test_transparent_samples_of_a_tiff_lie_over_white(mode: str) -> None:
    clear = np.zeros((20, 30, 4), np.uint16)
    data = array_tiff(clear, 2, tags={338: (1 if mode == "premultiplied" else 2,)})
    assert decode(data).pixels.getpixel((5, 5)) == (255, 255, 255)


def test_a_transparent_grey_of_16_bits_lies_over_white() -> None:
    data = encoded(Image.fromarray(np.full((20, 30), 500, np.uint16)), "PNG")
    data = with_chunk(data, b"tRNS", (500).to_bytes(2))
    assert decode(data).pixels.getpixel((5, 5)) == (255, 255, 255)


def test_around_a_first_frame_that_is_smaller_than_its_canvas_it_is_white() -> None:
    picture = decode(small_frame_gif(PLAIN))
    assert (picture.width, picture.height) == (WIDTH + 40, HEIGHT + 40)
    assert picture.pixels.getpixel((5, 5)) == (255, 255, 255)
    inside = np.asarray(picture.pixels)[20:-20, 20:-20].astype(int)
    assert np.abs(inside - RGB).mean() < 9


@pytest.mark.parametrize("profile", [b"no profile at all", swapped_profile()[:300], b"\0" * 4000])
def test_a_broken_profile_counts_as_absent(profile: bytes) -> None:
    data = encoded(PLAIN, "PNG", icc_profile=profile)
    assert np.array_equal(np.asarray(decode(data).pixels), RGB)


def test_a_profile_of_another_colour_space_counts_as_absent() -> None:
    data = encoded(GREY, "PNG", icc_profile=swapped_profile())
    assert np.array_equal(np.asarray(decode(data).pixels)[..., 0], np.asarray(GREY))


PNG = encoded(PLAIN, "PNG")
JPEG = encoded(PLAIN, "JPEG")
LONG = zlib.compress(b"x" * 3_000_000)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(with_chunk(PNG, b"zTXt", b"Comment\0\0" + LONG), id="packed text"),
        pytest.param(with_chunk(PNG, b"zTXt", b"Comment\0\0" + LONG, at_the_end=True), id="packed text last"),
        pytest.param(with_chunk(PNG, b"iTXt", b"Comment\0\1\0\0\0" + LONG), id="packed international text"),
        pytest.param(with_chunk(PNG, b"tEXt", b"Comment\0" + b"x" * 70_000_000), id="plain text"),
        pytest.param(with_chunk(PNG, b"iCCP", b"ICC\0\0" + LONG), id="png profile of three megabytes"),
        pytest.param(
            with_chunk(PNG, b"tEXt", b"a\0b").replace(b"a\0b", b"a\0c"), id="text with a wrong checksum"
        ),
        pytest.param(with_chunk(PNG, b"acTL", b"\0"), id="animation that is none"),
        pytest.param(with_segment(without_jfif(JPEG), 0xE0, b"JFIF\0"), id="short JFIF"),
        pytest.param(with_segment(JPEG, 0xEE, b"Adobe"), id="short Adobe"),
        pytest.param(with_segment(JPEG, 0xE2, b"ICC_PROFILE\0"), id="short profile"),
        pytest.param(with_segment(JPEG, 0xFE, b"c" * 65_000), id="long comment"),
    ],
)
def test_a_whole_file_is_never_called_damaged(data: bytes) -> None:
    assert np.abs(np.asarray(decode(data).pixels, int) - RGB).mean() < 5


def test_a_profile_of_many_megabytes_is_followed() -> None:
    profile = swapped_profile()
    profile += b"\0" * 2_000_000
    profile = len(profile).to_bytes(4) + profile[4:]
    data = with_chunk(
        encoded(Image.fromarray(RGB[..., ::-1]), "PNG"), b"iCCP", b"ICC\0\0" + zlib.compress(profile)
    )
    assert np.abs(np.asarray(decode(data).pixels, int) - RGB).mean() < 3


@pytest.mark.parametrize(
    ("data", "what"),
    [
        pytest.param(array_tiff(RGB, 2, compression=99), "compression 99", id="tiff compression"),
        pytest.param(tiff([bytes(WIDTH * HEIGHT * 3)], tags(24, 1)), "bits per sample", id="tiff of 24 bits"),
        pytest.param(
            tiff([bytes(WIDTH * HEIGHT)], tags(8, 32803)), "photometric interpretation 32803", id="raw"
        ),
        pytest.param(
            JPEG.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"), "12-bit", id="jpeg of 12 bits"
        ),
    ],
)
def test_what_is_not_decoded_is_refused_for_what_it_is(data: bytes, what: str) -> None:
    with pytest.raises(ImageError, match=f"{what}.*convert it") as caught:
        decode(data)
    assert caught.value.failure is FailureClass.UNSUPPORTED


def test_the_small_inputs_of_public_reports_are_right(shared_data: Path) -> None:
    folder = shared_data / "reports"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here; set CLIPSQL_SHARED_DATA to test data that have it")
    plain = np.asarray(Image.open(folder / "24-tiff-16-bit-planes" / "plain.png").convert("RGB"), int)
    for case in (
        "24*/planar16.tif",
        "26*/colormap8.tif",
        "28*/icc_swapped.jpg",
        "30*/*.png",
        "32*/*.jpg",
        "37*/*.tif",
    ):
        found = sorted(folder.glob(case))
        assert found, case
        for file in found:
            assert np.abs(np.asarray(decode(file.read_bytes()).pixels, int) - plain).mean() < 3, file
    (grey,) = folder.glob("39*/*.png")
    assert np.asarray(decode(grey.read_bytes()).pixels).max() > 200
    (gif,) = folder.glob("40*/*.gif")
    assert decode(gif.read_bytes()).pixels.getpixel((99, 99)) == (255, 255, 255)


def test_every_file_keeps_its_orientation_when_it_is_read_by_samples() -> None:
    turned = array_tiff(np.rot90(DEEP, 1), 2, planar=True, tags={274: 6})
    picture = decode(turned)
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert np.array_equal(np.asarray(picture.pixels), RGB)
