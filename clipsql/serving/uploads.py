"""Pictures that are sent to be kept: looked at, embedded and stored in one request, as who sends them may."""

from __future__ import annotations

import asyncio
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.security import HTTPBearer
from pydantic import AwareDatetime, Json

from clipsql.errors import ConfigurationError, ImageError
from clipsql.images.hashing import content_hash, fingerprint
from clipsql.images.storing import small_jpeg, store_original
from clipsql.serving.api import REFUSED
from clipsql.serving.callers import NotAllowed
from clipsql.serving.door import Asking
from clipsql.serving.requests import Latitude, Longitude

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
    folder = asking.options.originals
    if folder is None:
        raise ConfigurationError("This server takes no uploads; start it with --store-images FOLDER.")
    (may,) = await asking.rows("select has_table_privilege('clipsql.image', 'insert') as put")
    if not may["put"]:
        raise NotAllowed("This key's role may not put pictures; it needs clipsql_writer.")
    data = await picture.read()
    if not data:
        raise ImageError("The file is empty.")
    model = await asking.model()
    seen, vector = await request.app.state.encoders.look(model, data)
    digest = content_hash(data)
    file = await asyncio.to_thread(store_original, folder, data, digest=digest, format_name=seen.format)
    if longitude is None and latitude is None:
        longitude, latitude = seen.longitude, seen.latitude
    async with asking.open(writes=True) as connection:
        image: int = await asking.on(connection, model.name).put(
            collection, file.as_uri(), embedding=vector, captions=captions, metadata=metadata,
            taken_at=taken_at or seen.taken_at, longitude=longitude, latitude=latitude,
        )  # fmt: skip
        facts = {"image": image, "file": str(file), "sha256": digest}
        await connection.execute(
            _FACTS, facts | {"width": seen.width, "height": seen.height, "format": seen.format}
        )
        jpeg, width, height = await asyncio.to_thread(small_jpeg, seen.pixels)
        copies = {
            "image": image,
            "jpeg": jpeg,
            "width": width,
            "height": height,
            "pixels": fingerprint(seen.pixels),
        }
        for statement in _COPIES:
            await connection.execute(statement, copies)
    return {"image_id": image}
