"""Read single properties out of a picture's XMP packet, which photo software writes beside or in place of EXIF."""

from __future__ import annotations

import re

_MOST_CHARACTERS = 2**20


def properties(packet: bytes | str | None, *names: str) -> dict[str, str]:
    """The first value that is not blank of each property that the packet has, such as "exif:GPSLatitude".

    Names are looked up as all software prefixes them. By patterns, not by an XML parser: packets are often broken,
    and entities of a hostile one never unfold.
    """
    if not packet:
        return {}
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else packet
    text = text[:_MOST_CHARACTERS]
    found = {}
    for name in names:
        pattern = rf"""\b{name}\s*=\s*["']\s*([^"'<>]*[^"'<>\s])\s*["']|<{name}(?:\s[^<>]*)?>\s*([^<>]*[^<>\s])\s*<"""
        match = re.search(pattern, text)
        if match is not None:
            found[name] = match[1] or match[2]
    return found
