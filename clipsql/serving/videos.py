"""Videos as a browser plays them, from any second on: files that ingest has read, to those who see a frame of them."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse, Response
from fastapi.security import HTTPBearer

from clipsql.errors import UnknownImage
from clipsql.serving.api import REFUSED
from clipsql.serving.door import Asking
from clipsql.serving.requests import Id
from clipsql.sources.discovery import is_video
from clipsql.sources.video import digest_of

videos = APIRouter(prefix="/v1", dependencies=[Depends(HTTPBearer(auto_error=False))], responses=REFUSED)

MOMENT = "select from_s, until_s from clipsql.video_frame where image_id = :image"
_FILE = """
    select i.file, f.video_sha256
    from clipsql.image as i join clipsql.video_frame as f on f.image_id = i.image_id
    where i.image_id = :image
"""

_TYPES = {".webm": "video/webm", ".mkv": "video/x-matroska", ".ogv": "video/ogg", ".avi": "video/x-msvideo"}
_USUAL = "video/mp4"
"""Of all other endings: never a type that a browser would take for a page."""

_VIDEO: dict[int | str, dict[str, Any]] = {200: {"content": {_USUAL: {}}}, 206: {"content": {_USUAL: {}}}}


@videos.get("/images/{image}/video", response_class=Response, responses=_VIDEO)
async def video(image: Id, asking: Asking) -> Response:
    """The video that a picture is a frame of, whole or the bytes of a Range, so that any part of it can be played."""
    for row in await asking.rows(_FILE, image=image):
        # The path of a frame goes on inside the file.
        file = None if row["file"] is None else Path(row["file"]).parent
        if file is not None and await asyncio.to_thread(_is_as_read, file, bytes(row["video_sha256"])):
            # Each request is checked anew: rights change.
            return FileResponse(
                file,
                media_type=_TYPES.get(file.suffix.lower(), _USUAL),
                headers={"Cache-Control": "private, no-cache"},
            )
    raise UnknownImage(f"There is no image {image} that is a frame of a video on this machine.")


def _is_as_read(file: Path, sha256: bytes) -> bool:
    """Whether a file is a video with the bytes that were read: who may write rows names no other file."""
    try:
        status = file.stat()
        return is_video(file) and _digest(file, status.st_mtime_ns, status.st_size) == sha256
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=1024)
def _digest(file: Path, _changed_ns: int, _size: int) -> bytes:
    return digest_of(file)
