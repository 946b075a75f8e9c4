"""Odd picture files, built byte by byte out of a plain picture."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms


def encoded(image: Image.Image, name: str, **options: Any) -> bytes:
    """The file that Pillow, or its HEIF plugin, writes."""
    held = io.BytesIO()
    if name == "HEIF":
        pillow_heif.from_pillow(image).save(held, **options)
    else:
        image.save(held, name, **options)
    return held.getvalue()


def tiff(
    planes: list[bytes],
    tags: dict[int, int | tuple[int, ...] | bytes],
    *,
    order: str = "<",
    pack: bool = False,
    compression: int | None = None,
) -> bytes:
    """A TIFF of one strip a plane; `tags` has all but the strips' own."""
    compressed = [zlib.compress(plane) if pack else plane for plane in planes]
    data, offsets = b"", []
    for plane in compressed:
        offsets.append(8 + len(data))
        data += plane + b"\0" * (len(plane) % 2)
    told = {
        **tags,
        259: compression or (8 if pack else 1),
        273: tuple(offsets),
        279: tuple(map(len, compressed)),
    }
    start = 8 + len(data)
    entries, values = b"", b""
    for tag, value in sorted(told.items()):
        if isinstance(value, bytes):
            kind, count, packed = 2 if tag == 42113 else 7, len(value), value
        else:
            numbers = value if isinstance(value, tuple) else (value,)
            kind, count = (
                (4, len(numbers)) if max(numbers) > 65535 or tag in (273, 279) else (3, len(numbers))
            )
            packed = struct.pack(f"{order}{count}{'L' if kind == 4 else 'H'}", *numbers)
        if len(packed) > 4:
            place = start + 2 + 12 * len(told) + 4 + len(values)
            values += packed + b"\0" * (len(packed) % 2)
            packed = struct.pack(f"{order}L", place)
        entries += struct.pack(f"{order}HHL", tag, kind, count) + packed.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}L", start)
    return head + data + struct.pack(f"{order}H", len(told)) + entries + b"\0" * 4 + values


def array_tiff(
    values: np.ndarray[Any, Any], photometric: int, *, planar: bool = False, **options: Any
) -> bytes:
    """A TIFF of these samples, shape (height, width, samples), in either byte order."""
    height, width, count = values.shape
    order = options.get("order", "<")
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    ordered = values.astype(values.dtype.newbyteorder(order))
    parts = [ordered[:, :, band] for band in range(count)] if planar else [ordered]
    tags: dict[int, Any] = {
        256: width,
        257: height,
        258: (values.dtype.itemsize * 8,) * count,
        262: photometric,
        277: count,
        278: height,
        284: 2 if planar else 1,
        339: (kind,) * count,
        **options.get("tags", {}),
    }
    packed = [np.ascontiguousarray(part).tobytes() for part in parts]
    return tiff(
        packed, tags, order=order, pack=options.get("pack", False), compression=options.get("compression")
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def with_chunk(png: bytes, kind: bytes, body: bytes, *, at_the_end: bool = False) -> bytes:
    """The PNG with one chunk more, after its header or before its end."""
    place = len(png) - 12 if at_the_end else 33
    return png[:place] + chunk(kind, body) + png[place:]


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """The JPEG with one segment more, before all others."""
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def without_jfif(jpeg: bytes) -> bytes:
    """The JPEG without the segment that Pillow begins it with."""
    assert jpeg[2:4] == b"\xff\xe0"
    return jpeg[:2] + jpeg[4 + struct.unpack(">H", jpeg[4:6])[0] :]


def swapped_profile() -> bytes:
    """An sRGB profile whose red and blue have changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">L", profile[128:132])[0]
    for number in range(count):
        place = 132 + 12 * number
        name = bytes(profile[place : place + 4])
        if name in (b"rXYZ", b"bXYZ"):
            profile[place : place + 4] = b"bXYZ" if name == b"rXYZ" else b"rXYZ"
    return bytes(profile)


def small_frame_gif(image: Image.Image) -> bytes:
    """A GIF whose first frame is the picture, in the middle of a canvas with a blue background."""
    frame = image.convert("P", palette=Image.Palette.ADAPTIVE, colors=255)
    data = bytearray(encoded(frame, "GIF"))
    width, height = image.size
    data[6:10] = struct.pack("<HH", width + 40, height + 40)
    place = data.index(b"\x2c", 13 + 3 * (2 << (data[10] & 7)))
    data[place + 1 : place + 5] = struct.pack("<HH", 20, 20)
    return bytes(data)


def deep_png(values: np.ndarray[Any, Any], *chunks: tuple[bytes, bytes], interlaced: bool = False) -> bytes:
    """A PNG of 16 bits, shape (height, width, 1 to 4 channels); Pillow writes none of colours."""
    height, width, channels = values.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    passes = [(0, 0, 1, 1)]
    if interlaced:  # Adam7: first row and column, and the steps to the next
        passes = [
            (0, 0, 8, 8),
            (0, 4, 8, 8),
            (4, 0, 8, 4),
            (0, 2, 4, 4),
            (2, 0, 4, 2),
            (0, 1, 2, 2),
            (1, 0, 2, 1),
        ]
    rows = b""
    for top, left, down, across in passes:
        part = values[top::down, left::across].astype(">u2")
        if part.size:
            rows += b"".join(b"\0" + row.tobytes() for row in part)
    head = struct.pack(">LLBBBBB", width, height, 16, kind, 0, 0, interlaced)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, body) for name, body in parts)


def printer_profile(order: tuple[int, int, int, int]) -> bytes:
    """The profile of a printer whose inks are in another order: `order` has the places of cyan to black."""
    steps = 9
    grid = np.stack(np.meshgrid(*[np.linspace(0, 255, steps)] * 4, indexing="ij"), axis=-1)
    inks = grid.reshape(1, -1, 4)[..., order].round().astype(np.uint8)
    colours = Image.frombytes("CMYK", (inks.shape[1], 1), inks.tobytes()).convert("RGB")
    spaces = [ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")]
    lab = ImageCms.profileToProfile(colours, *spaces, renderingIntent=1, outputMode="LAB")
    assert lab is not None
    looks = np.asarray(lab) ^ np.array([0, 128, 128], np.uint8)  # Pillow's a and b are signed
    straight = bytes(range(256))
    matrix = struct.pack(">9l", *(65536 * (place % 4 == 0) for place in range(9)))
    table = b"mft1" + bytes([0, 0, 0, 0, 4, 3, steps, 0]) + matrix
    table += straight * 4 + looks.tobytes() + straight * 3
    head = struct.pack(">L4xL4s4s4s12x4s28x3l48x", 144 + len(table), 0x02400000, b"prtr", b"CMYK", b"Lab ", b"acsp",
                       63190, 65536, 54061)  # fmt: skip
    return head + struct.pack(">L4sLL", 1, b"A2B0", 144, len(table)) + table
