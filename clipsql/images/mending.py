"""Leave out of a picture file what no decoder of pixels needs and Pillow stumbles over."""

from __future__ import annotations

import zlib

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"iCCP", b"eXIf"}
_PNG_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_MOST_TEXT = 2**20
"""Longer texts are of no use here, and Pillow refuses the picture for them."""
_MOST_PROFILE = 2**24

_JPEG_LEAST = {
    0xE0: ((b"JFIF\0", 14),),
    0xE1: ((b"Exif\0\0", 14), (b"http://ns.adobe.com/xap/1.0/\0", 30)),
    0xE2: ((b"ICC_PROFILE\0", 14),),
    0xEE: ((b"Adobe", 12),),
}
"""Marker -> what its segments begin with and how long they are at least, where pixels or facts depend on them."""


def png_essentials(data: bytes) -> tuple[bytes, bytes | None]:
    """A PNG without animation, private chunks, texts too long and broken extras; and its ICC profile if that is large.

    Gives the same bytes when there is nothing to leave out.
    """
    kept: list[memoryview | bytes] = [_PNG_SIGNATURE]
    profile = None
    view, position, is_changed = memoryview(data), len(_PNG_SIGNATURE), False
    while position + 12 <= len(data):
        end = position + 12 + int.from_bytes(view[position : position + 4])
        kind, body = bytes(view[position + 4 : position + 8]), view[position + 8 : end - 4]
        keeps = kind in _PNG_KEPT or (kind in _PNG_TEXTS and _is_short_text(kind, bytes(body)))
        if keeps and kind[:1].islower():  # bit 5 of the first letter: a decoder may do without it
            keeps = zlib.crc32(view[position + 4 : end - 4]) == int.from_bytes(view[end - 4 : end])
        if keeps and kind == b"iCCP":
            unpacked = _unpacked(bytes(body).partition(b"\0")[2][1:], _MOST_PROFILE)
            if unpacked is None or len(unpacked) > _MOST_TEXT:
                keeps, profile = False, unpacked
        if keeps:
            kept.append(view[position:end])
        is_changed |= not keeps
        position = end
        if kind == b"IEND":
            break
    else:
        kept.append(view[position:])
    return (b"".join(kept) if is_changed else data), profile


def jpeg_essentials(data: bytes) -> bytes:
    """A JPEG without comments, segments of applications that do not matter here, and those that are cut short."""
    kept: list[memoryview | bytes] = [b"\xff\xd8"]
    view, position = memoryview(data), 2
    while position + 4 <= len(data):
        marker = view[position + 1]
        if view[position] != 0xFF or marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            position += 1  # stuffing, or a marker that stands alone
            continue
        if marker == 0xDA:
            break
        end = position + 2 + max(2, int.from_bytes(view[position + 2 : position + 4]))
        if _matters(marker, bytes(view[position + 4 : min(end, position + 64)]), end - position - 4):
            kept.append(view[position:end])
        position = end
    kept.append(view[position:])
    return b"".join(kept)


def _is_short_text(kind: bytes, body: bytes) -> bool:
    if len(body) > _MOST_TEXT:
        return False
    _, _, rest = body.partition(b"\0")
    if kind == b"zTXt":
        return _unpacked(rest[1:], _MOST_TEXT) is not None
    if kind == b"iTXt" and rest[:1] == b"\1":
        return _unpacked(rest[2:].split(b"\0", 2)[-1], _MOST_TEXT) is not None
    return True


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """What zlib packed; None when it is broken or longer than that."""
    try:
        unpacking = zlib.decompressobj()
        unpacked = unpacking.decompress(packed, most)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else unpacked


def _matters(marker: int, start: bytes, length: int) -> bool:
    if marker in _JPEG_LEAST:
        return any(start.startswith(name) and length >= least for name, least in _JPEG_LEAST[marker])
    return not (0xE0 <= marker <= 0xEF or marker == 0xFE or 0x02 <= marker <= 0xBF)
