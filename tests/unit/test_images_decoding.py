"""Decoding: what is accepted, what is refused and why, and that pixels come out right."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from PIL.ExifTags import Base

from clipsql.errors import FailureClass, ImageError
from clipsql.images import decoding
from clipsql.images.decoding import decode

# pytest's "error" would win over the filter that the module itself sets.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")


def encoded(image: Image.Image, name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def gradient(width: int = 320, height: int = 240) -> Image.Image:
    ramp = np.zeros((height, width, 3), dtype=np.uint8)
    ramp[..., 0] = np.linspace(0, 255, width)
    ramp[..., 1] = np.linspace(0, 255, height)[:, None]
    return Image.fromarray(ramp)


def difference(first: Image.Image, second: Image.Image) -> float:
    return float(np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean())


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_every_format_is_decoded_to_the_same_rgb_picture(name: str) -> None:
    picture = decode(encoded(gradient(), name))
    assert (picture.format, picture.width, picture.height) == (name, 320, 240)
    assert (picture.pixels.mode, picture.pixels.size) == ("RGB", (320, 240))
    assert difference(picture.pixels, gradient()) < 6  # the palette of GIF is the coarsest
    assert (picture.taken_at, picture.longitude, picture.latitude) == (None, None, None)


def heif(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, **options)
    return buffer.getvalue()


def test_heic_is_decoded() -> None:
    picture = decode(heif(gradient()))
    assert (picture.format, picture.width, picture.height) == ("HEIF", 320, 240)
    assert difference(picture.pixels, gradient()) < 4


def test_a_heic_photo_with_an_orientation_is_turned_once() -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    picture = decode(heif(gradient(), exif=exif.tobytes()))
    assert (picture.width, picture.height) == (240, 320)
    assert difference(picture.pixels, gradient().transpose(Image.Transpose.ROTATE_270)) < 4


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(name: str, orientation: int) -> None:
    undo = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    stored = gradient()
    if undo in decoding._UPRIGHT:
        stored = stored.transpose(decoding._UPRIGHT[undo])
    picture = decode(encoded(stored, name, exif=exif), target_size=100)
    assert (picture.width, picture.height, picture.pixels.size) == (320, 240, (320, 240))
    assert difference(picture.pixels, gradient()) < 4


def test_a_returned_picture_cannot_be_turned_a_second_time() -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    assert not decode(encoded(gradient(), "JPEG", exif=exif)).pixels.getexif()


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_used(name: str) -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], name, save_all=True, append_images=frames[1:])
    assert difference(decode(data).pixels, frames[0]) < 3


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_lies_over_white(mode: str) -> None:
    clear = Image.new("RGBA", (30, 20), (0, 0, 0, 0)).convert(mode)
    assert decode(encoded(clear, "TIFF" if mode == "PA" else "PNG")).pixels.getpixel((5, 5)) == (
        255,
        255,
        255,
    )


def test_a_transparent_palette_colour_lies_over_white() -> None:
    palette = Image.new("P", (30, 20), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    assert decode(encoded(palette, "PNG", transparency=0)).pixels.getpixel((5, 5)) == (255, 255, 255)


def test_sixteen_bit_greys_are_scaled_not_clipped() -> None:
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (20, 1))
    pixels = decode(encoded(Image.fromarray(ramp), "PNG")).pixels
    assert np.abs(np.asarray(pixels)[0, :, 0].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_thirty_two_bit_greys_are_stretched(dtype: type) -> None:
    ramp = np.tile(np.linspace(-500, 90_000, 256).astype(dtype), (20, 1))
    pixels = decode(encoded(Image.fromarray(ramp), "TIFF")).pixels
    assert np.abs(np.asarray(pixels)[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_cmyk_keeps_its_colours() -> None:
    picture = decode(encoded(Image.new("CMYK", (30, 20), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = picture.pixels.getpixel((5, 5))
    assert red > 240
    assert green < 15
    assert blue < 15


def test_draft_mode_keeps_twice_the_target_and_reports_the_full_size() -> None:
    picture = decode(encoded(gradient(3000, 2000), "JPEG"), target_size=224)
    assert (picture.width, picture.height) == (3000, 2000)
    assert 448 <= min(picture.pixels.size) < 896
    assert difference(picture.pixels, gradient(3000, 2000).resize(picture.pixels.size)) < 3


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
def test_formats_without_draft_are_reduced_too(name: str) -> None:
    picture = decode(encoded(gradient(2000, 1000), name), target_size=224)
    assert (picture.width, picture.height, picture.pixels.size) == (2000, 1000, (1000, 500))


def test_a_small_picture_is_not_scaled_up() -> None:
    assert decode(encoded(gradient(50, 40), "JPEG"), target_size=224).pixels.size == (50, 40)


@pytest.mark.parametrize("size", [(60_000, 2), (2, 60_000)])
def test_a_very_long_picture_is_squeezed_for_a_model(size: tuple[int, int]) -> None:
    picture = decode(encoded(Image.new("RGB", size, "red"), "PNG"), target_size=224)
    assert (picture.width, picture.height) == size
    assert max(picture.pixels.size) == 1_000
    assert min(picture.pixels.size) == 2


def test_without_a_target_the_pixels_stay_as_they_are() -> None:
    assert decode(encoded(Image.new("RGB", (6000, 2)), "PNG")).pixels.size == (6000, 2)


def test_the_content_decides_not_what_else_is_said() -> None:
    assert decode(encoded(gradient(), "PNG")).format == "PNG"
    with pytest.raises(ImageError, match="text, not a picture"):
        decode(b"just words")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "file is empty", id="empty"),
        pytest.param(b"<!DOCTYPE html><html>404</html>", "web page", id="web page"),
        pytest.param(b'<?xml version="1.0"?><svg xmlns="x"/>', "SVG drawing", id="svg"),
        pytest.param(b"%PDF-1.7 ...", "PDF document", id="pdf"),
        pytest.param(b"\0\0\0\x18ftypmp42\0\0\0\0", "video", id="video"),
        pytest.param(b"\x93\xfa\x01\x02" * 10, "no picture of a known format", id="unknown"),
        pytest.param(b"\xff\xd8\xff" + bytes(range(256)), "damaged or cut short", id="noise"),
        pytest.param(b"GIF89a", "damaged or cut short", id="only a signature"),
        pytest.param(b"BM and so on", "damaged or cut short", id="text that begins like a bitmap"),
        pytest.param(
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "damaged or cut short", id="heic without content"
        ),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a picture", id="postscript is never run"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("target_size", [None, 224])
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
def test_a_truncated_picture_is_refused_with_a_reason(name: str, target_size: int | None) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (500, 600, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), name)
    with pytest.raises(ImageError, match="damaged or cut short"):
        decode(data[: len(data) // 2], target_size=target_size)


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    data = encoded(Image.new("1", (30_000, 20_000)), "PNG")
    with pytest.raises(
        ImageError, match=r"30000 x 20000, 600 megapixels; at most 500 .*--max-megapixels"
    ) as caught:
        decode(data)
    assert caught.value.failure is FailureClass.TOO_LARGE


def test_a_caller_sets_another_bound_of_pixels() -> None:
    data = encoded(Image.new("1", (1_000, 1_000)), "PNG")
    assert decode(data, max_pixels=1_000_000).width == 1_000
    with pytest.raises(ImageError, match="at most 1 are decoded"):
        decode(data, max_pixels=999_999)


def test_a_large_picture_under_the_limit_is_decoded_without_a_warning() -> None:
    assert decode(encoded(Image.new("1", (10_000, 9_000)), "BMP"), target_size=224).width == 10_000


def test_broken_exif_leaves_no_warning_on_stderr(tmp_path: Path) -> None:
    # A count of 4294967295 in a block of a few bytes: Pillow warns "Corrupt EXIF data".
    block = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x69\x87\x04\0\xff\xff\xff\xff\x99\x99\0\0"
    (tmp_path / "broken.jpg").write_bytes(encoded(gradient(), "JPEG", exif=block))
    script = "import sys, pathlib; from clipsql.images.decoding import decode; " + (
        "print(decode(pathlib.Path(sys.argv[1]).read_bytes()).width)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "broken.jpg")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("320\n", "")


def test_every_bad_file_ends_as_its_manifest_says(shared_data: Path) -> None:
    folder = shared_data / "bad"
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        expected = {row["file"]: row["expected"] for row in csv.DictReader(lines)}
    found, messages = {}, []
    for name in expected:
        try:
            picture = decode((folder / name).read_bytes(), target_size=224)
        except ImageError as error:
            found[name] = "reject"
            messages.append(str(error))
        else:
            found[name] = "accept"
            assert (picture.taken_at, picture.longitude) == (None, None)
    assert found == expected
    assert not any("\n" in message for message in messages)


def test_bad_files_need_little_memory(shared_data: Path) -> None:
    script = """
import resource, sys, pathlib
from clipsql.errors import ImageError
from clipsql.images.decoding import decode
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        decode(path.read_bytes(), target_size=224)
    except ImageError:
        pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    command = [sys.executable, "-c", script, str(shared_data / "bad")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert int(done.stdout) < 50  # MB
