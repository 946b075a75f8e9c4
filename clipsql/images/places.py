"""Read degrees of latitude and longitude as cameras, photo software and people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

# Whole words, not first letters: "N/A" is not in the north, and "Ost" is east where "Oeste" is west.
_HEMISPHERES = {
    "latitude": {1: r"n|north.*|nord.*|norte|北.*", -1: r"s|south.*|s[uü]d.*|sur|南.*"},
    "longitude": {1: r"e|east.*|est.*|ost.*|[东東].*", -1: r"w|west.*|ouest|oeste|ovest|西.*"},
}
_BOUNDS = {"latitude": 90, "longitude": 180}
_NUMBER = r"\d+(?:\.\d+)?"
_WRITTEN = re.compile(
    rf"(?P<before>[^\W\d_]+)?\s*(?P<sign>[+\-\u2212])?\s*(?P<degrees>{_NUMBER})"
    rf"(?:\s*[°º,:\s]\s*(?P<minutes>{_NUMBER})(?:\s*['′’,:\s]\s*(?P<seconds>{_NUMBER}))?)?"
    rf"\s*[°º'′’\"″”]*\s*(?P<after>[^\W\d_]+)?"
)


class AmbiguousPlace(ValueError):
    """Degrees that may mean two places, or none; the text says why."""


def degrees(axis: str, parts: Sequence[float], reference: str | None) -> float:
    """Signed degrees out of degrees, minutes and seconds, of which the last may be missing.

    `axis` is "latitude" or "longitude". `reference` names the hemisphere by a letter or a word; None stands for
    signed degrees. A sign and a reference may both say south, but not the opposite of each other. Raises
    AmbiguousPlace.
    """
    if not 1 <= len(parts) <= 3 or not all(math.isfinite(part) for part in parts):
        raise AmbiguousPlace(f"the {axis} is no number")
    if any(abs(part) > 60 for part in parts[1:]):
        raise AmbiguousPlace(f"the {axis} has more than 60 minutes or seconds")
    signs = {math.copysign(1, part) for part in parts if part}
    if len(signs) == 2:
        raise AmbiguousPlace(f"the {axis} has parts of both signs")
    size = math.fsum(abs(part) / 60**power for power, part in enumerate(parts))
    if size > _BOUNDS[axis]:
        raise AmbiguousPlace(f"the {axis} is beyond {_BOUNDS[axis]} degrees")
    sign = signs.pop() if signs else 1
    if reference is None:
        return sign * size
    hemisphere = _hemisphere(axis, reference)
    if hemisphere is None:
        raise AmbiguousPlace(f'"{reference[:20]}" is no hemisphere of a {axis}')
    if sign < 0 < hemisphere:
        raise AmbiguousPlace(f'the {axis} is negative, yet said to be "{reference[:20]}"')
    return hemisphere * size


def read_degrees(axis: str, text: str) -> float:
    """Signed degrees as a text writes them: "-38.5", "53,20.1N", "41°45'18\\" north". Raises AmbiguousPlace."""
    match = _WRITTEN.fullmatch(text.strip("\0 \t\r\n"))
    if match is None or (match["before"] and match["after"]):
        raise AmbiguousPlace(f'{axis} "{" ".join(text.split())[:60]}" is no number')
    reference = match["before"] or match["after"]
    if reference is None and match["minutes"] and (match["sign"] is None or "," in text):
        # "41,5" may be 41.5 degrees, or 41 degrees and 5 minutes.
        raise AmbiguousPlace(f'{axis} "{text[:60]}" names no hemisphere')
    sign = 1 if match["sign"] in (None, "+") else -1
    parts = [float(match[part]) for part in ("degrees", "minutes", "seconds") if match[part]]
    return degrees(axis, [sign * part for part in parts], reference)


def _hemisphere(axis: str, reference: str) -> int | None:
    for sign, names in _HEMISPHERES[axis].items():
        if re.fullmatch(names, reference.strip(" ."), re.IGNORECASE):
            return sign
    return None
