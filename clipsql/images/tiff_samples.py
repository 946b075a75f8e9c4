"""Read the samples of a TIFF by themselves: deep, signed and float ones, in planes, in CIELab."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

_GREYS, _RGB, _CMYK, _LABS = (0, 1), 2, 5, (8, 9)
_WHITE_IS_ZERO, _CIELAB = 0, 8
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_OF_BYTES = {1, 5, 8, 32773, 32946, 34925, 50000}
"""Compressions of bytes, whatever they mean; the others know of pixels."""

_MAX_SAMPLE_VALUE, _SAMPLE_FORMAT, _PREDICTOR, _NO_DATA = 281, 339, 317, 42113
_BLOCK_BYTES = 2**20


Blocks = Iterator[tuple[int, NDArray[Any]]]
"""Rows of samples, shape (rows, width, samples), each with the number of its first row."""


@dataclass(frozen=True, slots=True)
class Samples:
    """How the samples of a TIFF lie in its bytes."""

    width: int
    height: int
    bits: int
    format: int
    count: int
    colours: int
    photometric: int
    is_planar: bool
    has_alpha: bool
    alpha_is_premultiplied: bool

    @classmethod
    def of(cls, tags: ImageFileDirectory_v2) -> Samples | None:
        """The layout of a picture that must be read by its samples; None where Pillow reads it right."""
        width, height = tags.get(TiffImagePlugin.IMAGEWIDTH), tags.get(TiffImagePlugin.IMAGELENGTH)
        depths = set(tags.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
        formats = set(tags.get(_SAMPLE_FORMAT, (_UNSIGNED,)))
        photometric = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION, 0)
        colours = {_RGB: 3, _CMYK: 4, **dict.fromkeys(_GREYS, 1), **dict.fromkeys(_LABS, 3)}.get(photometric)
        count = tags.get(TiffImagePlugin.SAMPLESPERPIXEL, 1)
        if (
            not (isinstance(width, int) and isinstance(height, int) and width and height)
            or tags.get(TiffImagePlugin.COMPRESSION, 1) not in _OF_BYTES
            or colours is None
            or len(depths) > 1
            or len(formats) > 1
            or count < colours
        ):
            return None
        bits, kind = depths.pop(), formats.pop()
        kind = _UNSIGNED if kind == 4 else kind  # "undefined"
        is_planar = tags.get(TiffImagePlugin.PLANAR_CONFIGURATION, 1) == 2 and count > 1
        if not (
            bits > 8 or kind != _UNSIGNED or is_planar or photometric in _LABS or (bits < 8 and count > 1)
        ):
            return None
        if bits not in {
            _UNSIGNED: (*range(1, 17), 32, 64),
            _SIGNED: (8, 16, 32, 64),
            _FLOAT: (16, 32, 64),
        }.get(kind, ()):
            return None
        extra = (*tags.get(TiffImagePlugin.EXTRASAMPLES, ()), 0)[0]
        # Four samples of RGB without a word about the fourth are RGBA, as Pillow has it.
        has_alpha = count > colours and (
            extra in (1, 2) or (photometric == _RGB and TiffImagePlugin.EXTRASAMPLES not in tags)
        )
        return cls(
            width,
            height,
            bits,
            kind,
            count,
            colours,
            photometric,
            is_planar,
            has_alpha,
            has_alpha and extra == 1,
        )

    @property
    def mode(self) -> str:
        """Pillow's mode of the pixels that are made of the samples, 8 bits each."""
        if self.photometric in _LABS:
            return "LAB"
        if self.photometric == _CMYK:
            return "CMYK"
        alpha = ("a" if self.alpha_is_premultiplied else "A") if self.has_alpha else ""
        return ("RGB" if self.photometric == _RGB else "L") + alpha

    @property
    def in_plane(self) -> int:
        """Samples of one pixel that lie side by side."""
        return 1 if self.is_planar else self.count


def pixels(data: bytes, tags: ImageFileDirectory_v2, layout: Samples) -> Image.Image:
    """The picture with 8 bits a sample."""
    planes = [
        _unpacked(data, tags, layout, plane=plane)
        for plane in range(layout.colours + layout.has_alpha if layout.is_planar else 1)
    ]
    scales = _scales(lambda: _blocks(planes, data, tags, layout), tags, layout)
    image = Image.new(layout.mode, (layout.width, layout.height))
    for top, block in _blocks(planes, data, tags, layout):
        used = block[:, :, : layout.colours + layout.has_alpha]
        if layout.photometric == _CIELAB and layout.format != _FLOAT:
            # a and b are signed, whatever the sample format says: with an offset, as ICC has them.
            used = used.copy().view(f"{used.dtype.str[0]}u{used.dtype.itemsize}")
            used[:, :, 1:] ^= 1 << (layout.bits - 1)
        levels = np.empty(used.shape, np.uint8)
        for channel, (low, factor) in enumerate(scales):
            values = np.clip(used[:, :, channel].astype(np.float64), low, low + 255 / factor)
            levels[:, :, channel] = (np.nan_to_num(values, nan=low) - low) * factor + 0.5
        if layout.photometric == _WHITE_IS_ZERO:
            levels[:, :, 0] = 255 - levels[:, :, 0]
        if layout.photometric in _LABS:
            levels[:, :, 1:] ^= 0x80  # Pillow unpacks a and b as signed bytes
        band = Image.frombytes(layout.mode, (layout.width, len(levels)), levels.tobytes())
        image.paste(band, (0, top))
    return image


def _scales(
    blocks: Callable[[], Blocks], tags: ImageFileDirectory_v2, layout: Samples
) -> list[tuple[float, float]]:
    """For each channel that is used: the value that becomes 0, and the factor that makes 8 bits of what is above."""
    if layout.photometric in _LABS:
        return _lab_scales(layout)
    low, high = _range(blocks, tags, layout)
    scales = [(low, 255 / ((high - low) or 1))] * layout.colours
    if layout.has_alpha:
        whole = 1.0 if layout.format == _FLOAT else 2.0 ** (layout.bits - (layout.format == _SIGNED)) - 1
        scales.append((0.0, 255 / whole))
    return scales


def _range(blocks: Callable[[], Blocks], tags: ImageFileDirectory_v2, layout: Samples) -> tuple[float, float]:
    """What is black and what is white.

    Up to 16 bits it is the range of the bits that the file says it uses (or 12 of them, when none uses more), and
    floats from 0 to 1 are what they seem. Other numbers say nothing of their range: the darkest becomes black, the
    brightest white.
    """
    whole = 2.0**layout.bits - 1
    if layout.format == _UNSIGNED and layout.bits <= 8:
        return 0.0, whole
    low, high = _extrema(blocks, tags, layout)
    if layout.format == _UNSIGNED and layout.bits <= 16:
        told = max(tags.get(_MAX_SAMPLE_VALUE, (0,)))
        for white in (2.0 ** max(8, int(told).bit_length()) - 1 if told else whole, 4095.0):
            if high <= white < whole:
                return 0.0, white
        return 0.0, whole
    if layout.format == _FLOAT and low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high


def _extrema(
    blocks: Callable[[], Blocks], tags: ImageFileDirectory_v2, layout: Samples
) -> tuple[float, float]:
    """The least and the greatest colour value, without what is no number and what stands for "no data"."""
    try:
        missing = float(str(tags.get(_NO_DATA, "")).strip("\0 "))
    except ValueError:
        missing = np.nan
    low, high = np.inf, -np.inf
    for _, block in blocks():
        values = block[:, :, : layout.colours]
        if layout.format == _FLOAT:
            values = values[np.isfinite(values)]
        if not np.isnan(missing):
            values = values[values != missing]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def _lab_scales(layout: Samples) -> list[tuple[float, float]]:
    """L, a and b as bytes; a and b with an offset of 128."""
    if layout.format == _FLOAT:
        return [(0.0, 2.55), (-128.0, 1.0), (-128.0, 1.0)]
    step = 2.0 ** (layout.bits - 8)
    white = 255 / (2.0**layout.bits - 1) if layout.photometric == _CIELAB else 1 / step
    return [(0.0, white), (0.0, 1 / step), (0.0, 1 / step)]


def _unpacked(data: bytes, tags: ImageFileDirectory_v2, layout: Samples, *, plane: int) -> NDArray[np.uint8]:
    """The bytes of one plane, rows of whole tiles, with the compression undone.

    libtiff undoes it: it is told of a picture of greys, 8 bits each, which has these very bytes.
    """
    is_tiled = TiffImagePlugin.TILEOFFSETS in tags
    bits = layout.bits * layout.in_plane
    grey = {
        TiffImagePlugin.BITSPERSAMPLE: (8,),
        TiffImagePlugin.PHOTOMETRIC_INTERPRETATION: (1,),
        TiffImagePlugin.IMAGELENGTH: (layout.height,),
        TiffImagePlugin.COMPRESSION: (tags.get(TiffImagePlugin.COMPRESSION, 1),),
        TiffImagePlugin.FILLORDER: (tags.get(TiffImagePlugin.FILLORDER, 1),),
    }
    if is_tiled:
        across = tags[TiffImagePlugin.TILEWIDTH]
        rows = tags[TiffImagePlugin.TILELENGTH]
        per_plane = -(-layout.width // across) * -(-layout.height // rows)
        grey[TiffImagePlugin.TILEWIDTH] = (across * bits // 8,)
        grey[TiffImagePlugin.TILELENGTH] = (rows,)
        grey[TiffImagePlugin.IMAGEWIDTH] = (-(-layout.width // across) * (across * bits // 8),)
        parts = (TiffImagePlugin.TILEOFFSETS, TiffImagePlugin.TILEBYTECOUNTS)
    else:
        rows = min(tags.get(TiffImagePlugin.ROWSPERSTRIP, layout.height), layout.height)
        per_plane = -(-layout.height // rows)
        grey[TiffImagePlugin.ROWSPERSTRIP] = (rows,)
        grey[TiffImagePlugin.IMAGEWIDTH] = (-(-layout.width * bits // 8),)
        parts = (TiffImagePlugin.STRIPOFFSETS, TiffImagePlugin.STRIPBYTECOUNTS)
    for tag in parts:
        if tag in tags:
            grey[tag] = tags[tag][plane * per_plane : (plane + 1) * per_plane]
    start = len(data) + len(data) % 2
    header = b"II*\0" + start.to_bytes(4, "little")
    told = b"".join((header, memoryview(data)[8:], b"\0" * (len(data) % 2), _directory(grey, start)))
    with TiffImageFile(io.BytesIO(told)) as image:
        image.im = Image.new("L", image.size).im  # Pillow would hold the size in bytes against its own limit
        return np.asarray(image)


def _directory(tags: Mapping[int, tuple[int, ...]], start: int) -> bytes:
    """A directory of TIFF tags, all 32 bits wide, that begins at `start`; Pillow's own writer moves offsets."""
    entries, values = [], b""
    place = start + 2 + 12 * len(tags) + 4
    for tag, numbers in sorted(tags.items()):
        packed = struct.pack(f"<{len(numbers)}L", *numbers)
        if len(numbers) > 1:
            packed, values = struct.pack("<L", place + len(values)), values + packed
        entries.append(struct.pack("<HHL", tag, 4, len(numbers)) + packed)
    return struct.pack("<H", len(entries)) + b"".join(entries) + b"\0" * 4 + values


def _blocks(
    planes: list[NDArray[np.uint8]], data: bytes, tags: ImageFileDirectory_v2, layout: Samples
) -> Blocks:
    order = ">" if data[:2] == b"MM" else "<"
    rows = max(1, _BLOCK_BYTES // (planes[0].shape[1] * len(planes)))
    for top in range(0, layout.height, rows):
        parts = [_values(plane[top : top + rows], order, tags, layout) for plane in planes]
        yield top, parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)


def _values(
    rows: NDArray[np.uint8], order: str, tags: ImageFileDirectory_v2, layout: Samples
) -> NDArray[Any]:
    """Bytes as samples, shape (rows, width, samples of the plane), with the predictor undone."""
    across = tags.get(TiffImagePlugin.TILEWIDTH, layout.width)
    predictor = tags.get(_PREDICTOR, 1) if tags.get(TiffImagePlugin.COMPRESSION, 1) != 1 else 1
    tile_bytes = across * layout.bits * layout.in_plane // 8 if across != layout.width else rows.shape[1]
    tiles = []
    for left in range(0, rows.shape[1], tile_bytes):
        tile = np.ascontiguousarray(rows[:, left : left + tile_bytes])
        if layout.bits not in (8, 16, 32, 64):
            tiles.append(_narrow(tile, layout, across))
            continue
        size = layout.bits // 8
        if predictor == 3:
            # Differences of bytes, which lie apart: first the highest byte of every sample.
            sums = tile.reshape(len(tile), -1, layout.in_plane).cumsum(axis=1, dtype=np.uint8)
            tile = np.ascontiguousarray(sums.reshape(len(tile), size, -1).swapaxes(1, 2)).reshape(
                len(tile), -1
            )
        whole = tile.view(f"{'>' if predictor == 3 else order}u{size}")
        values = whole.reshape(len(tile), across, layout.in_plane)
        if predictor == 2:
            values = values.cumsum(axis=1, dtype=values.dtype.newbyteorder("="))
        kind = {_UNSIGNED: "u", _SIGNED: "i", _FLOAT: "f"}[layout.format]
        tiles.append(values.view(f"{values.dtype.str[0]}{kind}{size}"))
    samples = tiles[0] if len(tiles) == 1 else np.concatenate(tiles, axis=1)
    return samples[:, : layout.width]


def _narrow(rows: NDArray[np.uint8], layout: Samples, across: int) -> NDArray[np.uint16]:
    """Samples that do not fill bytes, the highest bit first."""
    bits = np.unpackbits(rows, axis=1)[:, : across * layout.in_plane * layout.bits]
    each = bits.reshape(len(rows), across, layout.in_plane, layout.bits)
    samples: NDArray[np.uint16] = each.dot(1 << np.arange(layout.bits - 1, -1, -1, dtype=np.uint16))
    return samples
