"""Pictures that are sent to be kept: looked at, embedded and stored in one request, as who sends them may."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.security import HTTPBearer
from pydantic import AwareDatetime, Json

from clipsql.errors import ConfigurationError, ImageError
from clipsql.images.hashing import content_hash, fingerprint
from clipsql.images.storing import small_jpeg, store_original
from clipsql.serving.api import REFUSED
from clipsql.serving.callers import NotAllowed
from clipsql.serving.door import Asking, Door
from clipsql.serving.requests import DownloadRequest, Latitude, Longitude

uploads = APIRouter(prefix="/v1", dependencies=[Depends(HTTPBearer(auto_error=False))], responses=REFUSED)

_FACTS = sa.text(
    """
    update clipsql.image
    set file = :file, sha256 = :sha256, width = :width, height = :height, format = :format
    where image_id = :image
    """
)
_COPIES = (
    sa.text(
        "insert into clipsql_private.thumbnail (image_id, jpeg, width, height) values (:image, :jpeg, :width, :height)"
        " on conflict (image_id) do update set jpeg = excluded.jpeg, width = excluded.width, height = excluded.height"
    ),
    sa.text(
        "insert into clipsql_private.fingerprint (image_id, pixels) values (:image, :pixels)"
        " on conflict (image_id) do update set pixels = excluded.pixels"
    ),
)


@uploads.post("/images/upload")
async def upload(
    request: Request,
    asking: Asking,
    picture: Annotated[UploadFile, File(description="The file of a picture.")],
    collection: Annotated[str, Form()],
    captions: Annotated[list[str] | None, Form()] = None,
    metadata: Annotated[Json[dict[str, object]] | None, Form(description="A JSON object.")] = None,
    taken_at: Annotated[AwareDatetime | None, Form()] = None,
    longitude: Annotated[Longitude | None, Form()] = None,
    latitude: Annotated[Latitude | None, Form()] = None,
) -> dict[str, int]:
    """Keep a picture: its file under the server's folder, its vector at once. What it says of itself is kept, too.

    The same file sent again to a collection is the same picture.
    """
    folder = await _folder(asking)
    facts = {
        "collection": collection, "captions": captions, "metadata": metadata,
        "taken_at": taken_at, "longitude": longitude, "latitude": latitude,
    }  # fmt: skip
    return await _kept(request, asking, folder, await picture.read(), facts)


@uploads.post("/images/download")
async def download(request: Request, asking: Asking, body: DownloadRequest) -> dict[str, int]:
    """Keep a picture of the web, as an upload is kept; the same address again is the same picture, fetched anew.

    robots.txt is obeyed, and nothing within a private network is fetched.
    """
    folder = await _folder(asking)
    data = await request.app.state.fetches.fetch(body.url)
    return await _kept(request, asking, folder, data, body.given())


async def _folder(asking: Door) -> Path:
    """Where originals are kept. Raises ConfigurationError, and NotAllowed before anything is looked at."""
    folder = asking.options.originals
    if folder is None:
        raise ConfigurationError("This server takes no uploads; start it with --store-images FOLDER.")
    async with asking.open(writes=True) as connection:
        if not await connection.scalar(sa.text("select has_table_privilege('clipsql.image', 'insert')")):
            raise NotAllowed("This key's role may not put pictures; it needs clipsql_writer.")
    return folder


async def _kept(
    request: Request, asking: Door, folder: Path, data: bytes, facts: dict[str, Any]
) -> dict[str, int]:
    """Store a picture with what is given of it and what it says itself; without a url it has that of its file."""
    if not data:
        raise ImageError("The file is empty.")
    model = await asking.model()
    seen, vector = await request.app.state.encoders.look(model, data)
    digest = content_hash(data)
    file = await asyncio.to_thread(store_original, folder, data, digest=digest, format_name=seen.format)
    facts["taken_at"] = facts.get("taken_at") or seen.taken_at
    if facts.get("longitude") is None and facts.get("latitude") is None:
        facts |= {"longitude": seen.longitude, "latitude": seen.latitude}
    jpeg, width, height = await asyncio.to_thread(small_jpeg, seen.pixels)
    pixels = await asyncio.to_thread(fingerprint, seen.pixels)
    async with asking.open(writes=True) as connection:
        image: int = await asking.on(connection, model.name).put(
            facts.pop("collection"), facts.pop("url", file.as_uri()), embedding=vector, **facts
        )
        read = {"file": str(file), "sha256": digest, "width": seen.width, "height": seen.height}
        await connection.execute(_FACTS, {"image": image, "format": seen.format} | read)
        copies = {"image": image, "jpeg": jpeg, "width": width, "height": height, "pixels": pixels}
        for statement in _COPIES:
            await connection.execute(statement, copies)
    return {"image_id": image}
