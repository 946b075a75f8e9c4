"""Pictures as a browser shows them: JPEGs that are made here, of thumbnails and of files that ingest has read.

A file is shown only when its bytes are those that were read for this row, by their SHA-256: whoever may write rows
cannot have a file shown that he does not know. What is sent is encoded here, so nothing in a file is ever markup.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from fastapi.security import HTTPBearer

from clipsql.db.text_towers import require_texts
from clipsql.errors import ImageError, UnknownImage
from clipsql.images.decoding import decode
from clipsql.images.hashing import content_hash
from clipsql.images.storing import THUMBNAIL_SIDE, small_jpeg
from clipsql.serving.api import REFUSED
from clipsql.serving.door import Asking, Door
from clipsql.serving.requests import Id
from clipsql.sources.inside import read_if_there

SHOWN_SIDE = 1600
"""The longer side of a picture on its own page, in pixels."""

pictures = APIRouter(prefix="/v1", dependencies=[Depends(HTTPBearer(auto_error=False))], responses=REFUSED)
_JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}}

_ROW = """
    select i.file, i.sha256, t.jpeg
    from clipsql.image as i
    left join clipsql_private.thumbnail as t on t.image_id = i.image_id
    where i.image_id = :image
"""


_READ = "select file, sha256 from clipsql.image where image_id = :image"


class Shrunk:
    """The JPEGs that were made last, by content and size, up to so many bytes."""

    def __init__(self, most_bytes: int = 64 * 2**20) -> None:
        self._most, self._held = most_bytes, 0
        self._jpegs: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()
        self._making = asyncio.Semaphore(2)  # each may hold a decoded picture

    async def of(self, file: str, sha256: bytes, side: int) -> bytes | None:
        """The file's picture, at most `side` pixels long; None when the file is gone or another."""
        key = (bytes(sha256), side)
        if key not in self._jpegs:
            async with self._making:
                made = await asyncio.to_thread(_made, Path(file), key[0], side)
            if made is None:
                return None
            self._held += len(made) - len(self._jpegs.get(key, b""))
            self._jpegs[key] = made
            while self._held > self._most:
                self._held -= len(self._jpegs.popitem(last=False)[1])
            return made
        self._jpegs.move_to_end(key)
        return self._jpegs[key]


def _read(file: Path, sha256: bytes) -> bytes | None:
    """What ingest has read; None when the file is gone, or is another."""
    data = read_if_there(file)
    return data if data is not None and content_hash(data) == sha256 else None


def _made(file: Path, sha256: bytes, side: int) -> bytes | None:
    data = _read(file, sha256)
    if data is None:
        return None
    try:
        return small_jpeg(decode(data, target_size=side).pixels, side=side)[0]
    except ImageError:
        return None


@pictures.get("/images/{image}/thumbnail", response_class=Response, responses=_JPEG)
async def thumbnail(image: Id, asking: Asking, request: Request) -> Response:
    """A small JPEG of a picture, at most 256 pixels long and high."""
    return await _shown(image, asking, request, side=THUMBNAIL_SIDE)


@pictures.get("/images/{image}/picture", response_class=Response, responses=_JPEG)
async def large(image: Id, asking: Asking, request: Request) -> Response:
    """A JPEG of a picture, at most 1600 pixels long and high; of one whose file is elsewhere, the thumbnail."""
    return await _shown(image, asking, request, side=SHOWN_SIDE)


@pictures.get("/images/{image}/heat", response_class=Response, responses=_JPEG)
async def heat(
    image: Id, query: Annotated[str, Query(max_length=1000)], asking: Asking, request: Request
) -> Response:
    """A picture lit where a text is, its best part framed: a hint, no proof."""
    async with asking.open() as connection:
        await connection.run_sync(require_texts, [query])
    data = await original_of(asking, image)
    lit = await request.app.state.encoders.heat(await asking.model(), data, query)
    jpeg, _, _ = await asyncio.to_thread(small_jpeg, lit, side=SHOWN_SIDE)
    return Response(jpeg, media_type="image/jpeg")


async def original_of(asking: Door, image: int) -> bytes:
    """The bytes of a stored picture's file, which are those that ingest has read. Raises UnknownImage."""
    rows = await asking.rows(_READ, image=image)
    data = None
    if rows and rows[0]["file"] is not None and rows[0]["sha256"] is not None:
        data = await asyncio.to_thread(_read, Path(rows[0]["file"]), bytes(rows[0]["sha256"]))
    if data is None:
        raise UnknownImage(f"There is no image {image} whose file is on this machine.")
    return data


async def _shown(image: int, asking: Asking, request: Request, *, side: int) -> Response:
    rows = await asking.rows(_ROW, image=image)
    if not rows:
        raise UnknownImage(f"There is no image {image}.")
    row = rows[0]
    jpeg: bytes | None = row["jpeg"] if side == THUMBNAIL_SIDE else None
    if jpeg is None and row["file"] is not None and row["sha256"] is not None:
        jpeg = await request.app.state.shrunk.of(row["file"], row["sha256"], side)
    jpeg = jpeg or row["jpeg"]
    if jpeg is None:
        raise UnknownImage(f"Image {image} has no thumbnail, and its file is not on this machine.")
    etag = f'"{hashlib.sha256(jpeg).hexdigest()[:32]}"'
    # Each request is checked anew: rights change.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(jpeg, media_type="image/jpeg", headers=headers)
