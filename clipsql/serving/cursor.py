"""Where a search goes on: the pictures that were shown so far, in few bytes.

The next page is the same search without these. So nothing comes twice, and nothing is lost: what an approximate index
overlooks for one page is found for a later one, and a picture that comes in between has its chance.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clipsql.errors import InvalidArgument

_DIGEST = 8
_MOST_IDS = 200_000


def write_cursor(request: Mapping[str, Any], image_ids: Sequence[int]) -> str:
    """A text for URLs that holds these ids, and belongs to this request."""
    steps = np.diff(np.sort(np.asarray(image_ids, dtype="<i8")), prepend=np.int64(0)).astype("<i8")
    # Column by column of bytes: the high ones are nearly all zero.
    packed = zlib.compress(steps.view(np.uint8).reshape(-1, 8).T.tobytes(), 9)
    return base64.urlsafe_b64encode(_digest(request) + packed).decode().rstrip("=")


def read_cursor(request: Mapping[str, Any], cursor: str) -> list[int]:
    """The ids, in order. Raises InvalidArgument for what no cursor of this request is."""
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        unpacker = zlib.decompressobj()
        unpacked = unpacker.decompress(data[_DIGEST:], 8 * _MOST_IDS)
        if not unpacker.eof or len(unpacked) % 8:
            raise ValueError
    except (ValueError, binascii.Error, zlib.error):
        raise InvalidArgument(
            "after is no cursor of an earlier answer; leave it out to begin again."
        ) from None
    if data[:_DIGEST] != _digest(request):
        raise InvalidArgument("after belongs to another search; repeat the request that it came with.")
    steps = np.frombuffer(unpacked, dtype=np.uint8).reshape(8, -1).T
    ids: list[int] = np.cumsum(np.ascontiguousarray(steps).view("<i8").ravel()).tolist()
    return ids


def _digest(request: Mapping[str, Any]) -> bytes:
    asked = {name: value for name, value in request.items() if name not in ("after", "max_results")}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode("utf-8", "surrogatepass")).digest()[
        :_DIGEST
    ]
