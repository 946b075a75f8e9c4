"""The work of an ingest as two plain functions: pictures in, columns out; columns in, rows in the database."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipsql import stores
from clipsql.encoding import DEFAULT_MODEL, Encoder, load_encoder
from clipsql.errors import ClipsqlError, FailureClass, ImageError, unexpected
from clipsql.images.decoding import MAX_PIXELS
from clipsql.images.hashing import content_hash
from clipsql.images.storing import as_file
from clipsql.ingest.batch_values import TOLD, Table, columns_of, rows_of, told_record
from clipsql.ingest.embedding import embed
from clipsql.ingest.pipeline import threads
from clipsql.ingest.reading import failed, read_picture
from clipsql.ingest.readings import IngestOptions, Outcome, Reading
from clipsql.picture import PictureRecord, exact_json, file_of, is_on_the_web
from clipsql.web.downloading import Download, Downloader, DownloadOptions

Columns: TypeAlias = dict[str, NDArray[Any]]
"""Columns by name, each with a value for each picture, in input order."""

_GIVEN = ("picture", "url", *TOLD)


def embed_batch(
    pictures: Sequence[Any] | Table,
    model: str = DEFAULT_MODEL,
    *,
    thumbnails: bool = False,
    device: str | None = None,
    dtype: str | None = None,
    timezone: dt.tzinfo = dt.UTC,
    max_pixels: int = MAX_PIXELS,
    downloads: DownloadOptions | None = None,
) -> Columns:
    """Read, decode and embed pictures, without a database; returns columns, as `write_batch` takes them.

    `pictures` are paths, web addresses, bytes of files or Pillow images; or columns by name: `picture` with these, and
    of `url`, `captions`, `metadata`, `taken_at`, `longitude` and `latitude` what is known. A picture without a url goes
    by its address or that of its file, bytes by their digest ("sha256:..."). A path opens a file of this machine, so
    let no stranger write the column. `model` is a hub id or a folder, loaded once in each process.

        columns = clipsql.embed_batch(["gate/1.jpg", "https://example.com/2.jpg"], "openai/clip-vit-base-patch32")

    For n pictures there come n values each of: `url`, `file` (text, None unless it is here), `embedding` (float32,
    shape (n, dimensions), unit length), `sha256` (bytes), `width` and `height` (int32, upright pixels), `format`,
    `taken_at` (datetime64[us], UTC), `longitude` and `latitude` (float64), `metadata` (JSON text), `captions` (lists of
    texts) with `caption_embeddings` (float32, shape (captions, dimensions)), `fingerprint` (bytes), with `thumbnails`
    their JPEGs in `thumbnail`; `failure` and `error`, the class and the reason why a picture could not be had;
    `revision` and `dtype`, what the vectors were made with. A picture that fails keeps no other out: its embedding is
    NaN. What is not known is None, NaN, NaT or 0.

    Raises ModelError, ConfigurationError where an extra is absent, and TypeError or InvalidArgument for columns that
    are none.
    """
    rows = _rows(pictures)
    encoder = _loaded(str(model), device, dtype)
    options = IngestOptions(collection="", thumbnails=thumbnails, timezone=timezone, max_pixels=max_pixels)
    with Downloader(downloads) as web, threads(max(2, os.cpu_count() or 1)) as readers:
        fetched = [web.submit(row["picture"]) if _is_on_the_web(row["picture"]) else None for row in rows]
        work = [
            readers.submit(_read, row, download, encoder, options)
            for row, download in zip(rows, fetched, strict=True)
        ]
        readings = [each.result() for each in work]
    return _columns(readings, encoder, thumbnails=thumbnails)


def _rows(pictures: Sequence[Any] | Table) -> list[dict[str, Any]]:
    """A row with its columns for each picture. Raises TypeError, InvalidArgument."""
    if isinstance(pictures, str | bytes | Path | Image.Image):
        raise TypeError("embed_batch takes many pictures; give a list of them")
    if isinstance(pictures, Mapping) or hasattr(pictures, "columns"):  # a frame of pandas is no mapping
        table: Any = pictures
        return rows_of(columns_of(table, _GIVEN, needed=("picture",)))
    return [{"picture": picture} for picture in pictures]


_loading = threading.Lock()


def _loaded(model: str, device: str | None, dtype: str | None) -> Encoder:
    with _loading:
        return _load(model, device, dtype)


@lru_cache(maxsize=2)
def _load(model: str, device: str | None, dtype: str | None) -> Encoder:
    return load_encoder(model, device=device, dtype=dtype)


def _is_on_the_web(picture: Any) -> bool:
    return isinstance(picture, str) and is_on_the_web(picture)


def _read(
    row: Mapping[str, Any], download: Future[Download] | None, encoder: Encoder, options: IngestOptions
) -> Reading:
    """The reading of one picture; whatever goes wrong with it, it fails alone."""
    picture = row["picture"]
    url = str(row.get("url") or (picture if download is not None else ""))
    record = PictureRecord(url)
    try:
        content, file = _content(picture, download)
        url = url or (
            f"sha256:{content_hash(content or b'').hex()}"
            if file is None
            else stores.address_of(file) or file.as_uri()
        )
        record = PictureRecord(url, file)
        record = replace(told_record(url, row, timezone=options.timezone), file=file, content=content)
        return read_picture(record, None, encoder=encoder, options=options)
    except ImageError as error:
        return failed(record, None, error)
    except ClipsqlError:
        raise
    except ValueError as error:
        return failed(record, None, ImageError(f"it is told of by {error}", failure=FailureClass.UNEXPECTED))
    except Exception as error:
        return failed(record, None, ImageError(unexpected(error), failure=FailureClass.UNEXPECTED))


def _content(item: Any, download: Future[Download] | None) -> tuple[bytes | None, Path | None]:
    """The bytes of a picture, or the file that holds them. Raises ImageError."""
    if download is not None:
        return download.result().data, None
    if isinstance(item, bytes | bytearray | memoryview):
        return bytes(item), None
    if isinstance(item, Image.Image):
        return as_file(item), None
    if isinstance(item, str | Path) and str(item).strip():
        return None, stores.path_of(item) or Path(os.path.realpath(file_of(str(item)) or Path(item)))
    raise ImageError(
        f"{type(item).__name__} is no picture; give a path, an address, the bytes of a file or a Pillow image",
        failure=FailureClass.BAD_URL,
    )


def _columns(readings: Sequence[Reading], encoder: Encoder, *, thumbnails: bool) -> Columns:
    """The readings embedded, as columns."""
    readings, pictures, captions = embed(readings, encoder, known={})
    count = len(readings)
    embedding = np.full((count, encoder.dimensions), np.nan, np.float32)
    for number, reading in enumerate(readings):
        if reading.outcome is not Outcome.FAILED:
            embedding[number] = pictures[reading.digest_to_encode or b""]
    records = [reading.picture for reading in readings]
    columns: Columns = {
        "url": _objects(record.url for record in records),
        "file": _objects(None if record.file is None else str(record.file) for record in records),
        "embedding": embedding,
        "sha256": _objects(record.sha256 for record in records),
        "width": np.array([record.width or 0 for record in records], np.int32),
        "height": np.array([record.height or 0 for record in records], np.int32),
        "format": _objects(record.format for record in records),
        "taken_at": np.array([_utc(record.taken_at) for record in records], "datetime64[us]"),
        "longitude": np.array([record.longitude for record in records], np.float64),
        "latitude": np.array([record.latitude for record in records], np.float64),
        "metadata": _objects(exact_json(dict(record.metadata)) for record in records),
        "fingerprint": _objects(reading.fingerprint for reading in readings),
        "failure": _objects(record.failure for record in records),
        "error": _objects(record.error for record in records),
        "revision": _objects([encoder.revision] * count),
        "dtype": _objects([encoder.dtype] * count),
    }
    if any(record.captions for record in records):
        empty = np.empty((0, encoder.dimensions), np.float32)
        columns["captions"] = _objects(list(record.captions) for record in records)
        columns["caption_embeddings"] = _objects(
            np.stack([captions[body] for body in reading.picture.captions])
            if reading.captions_to_encode
            else empty
            for reading in readings
        )
    if thumbnails:
        columns["thumbnail"] = _objects(
            None if reading.thumbnail is None else reading.thumbnail.jpeg for reading in readings
        )
    return columns


def _objects(values: Iterable[Any]) -> NDArray[np.object_]:
    """One value a row, whatever it is: NumPy would make a table of lists that have one length."""
    listed = list(values)
    column = np.empty(len(listed), object)
    for number, value in enumerate(listed):
        column[number] = value
    return column


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(dt.UTC).replace(tzinfo=None)
