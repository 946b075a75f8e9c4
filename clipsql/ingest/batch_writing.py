"""Write what `embed_batch` gave into the database: as an ingest does it, and as often as one likes."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy.engine import URL, Engine

from clipsql.config import Settings
from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow, require_model
from clipsql.db.opening import open_database
from clipsql.db.pictures import writing
from clipsql.db.pictures.columns import vectors_without_direction
from clipsql.db.pictures.lookups import stored_pictures
from clipsql.db.pictures.records import PictureWrite, StoredPicture, Thumbnail
from clipsql.db.shards.listing import placing
from clipsql.db.statements import Driver, autocommit_connection
from clipsql.errors import InvalidArgument, InvalidVector
from clipsql.ingest.batch_values import TOLD, Table, columns_of, rows_of, told_record
from clipsql.ingest.claims import new_lease
from clipsql.ingest.pipeline import Pipeline, compare_dtype
from clipsql.ingest.reading import beside, lacks_copies, with_known_content
from clipsql.ingest.readings import Outcome, Reading, ReadOptions

_COLUMNS = ("url", "embedding", "file", "sha256", "width", "height", "format", *TOLD, "caption_embeddings",
            "fingerprint", "thumbnail", "failure", "error", "revision", "dtype")  # fmt: skip
_NEEDED = ("url", "embedding", "sha256", "error", "revision", "dtype")
_PART = 1_000
"""Pictures in one transaction."""
_UNIT = 1e-3


def write_batch(
    pictures: Table,
    *,
    collection: str,
    model: str | None = None,
    database: str | URL | Engine | None = None,
    language: str = "en",
) -> dict[str, NDArray[Any]]:
    """Write the columns that `embed_batch` gave into a collection, as `clipsql ingest` would.

    `pictures` are these columns, as a dict or a frame of pandas, in whatever form an engine gives them back. `database`
    is a URL or an engine on psycopg, by default what `connect` takes; `model` is a name from `clipsql model list`, by
    default the default model; `language` is that of captions in Latin script, ISO 639-1.

    For n pictures there come back n values each of `url`, `outcome` ("added", "updated", "unchanged", "failed",
    "duplicate" for a url that the batch has before, "unusable" for a row that PostgreSQL refuses) and `error`, the
    reason or None. A picture that failed is stored with its reason, unless it is stored and embedded: that stays.
    Writing the same again changes nothing, so that a partition can be run again; 1,000 pictures at a time are a
    transaction. Batches of one collection are written one after the other. Where the database is a coordinator, each
    picture goes to its shard. In the end "clipsql worker --until-empty" builds indexes and statistics, and embeds what
    else waits.

        clipsql.write_batch(columns, collection="gate", database="postgresql://me@db.example/pictures")

    Raises InvalidArgument or InvalidVector for columns that are not as `embed_batch` gives them, or that another model
    or other files of it made; UnknownModel; DatabaseError.
    """
    rows = rows_of(columns_of(pictures, _COLUMNS, needed=_NEEDED))
    with _opened(database) as engine, database_errors(engine):
        row = require_model(engine, model)
        _require_vectors_of(row, rows)
        first: dict[str, int] = {}
        for number, each in enumerate(rows):
            if not isinstance(each["url"], str) or not each["url"].strip():
                raise InvalidArgument(
                    f"Picture {number} has no url ({each['error'] or 'nothing is told of it'})."
                )
            first.setdefault(each["url"], number)
        became: list[tuple[Outcome, str | None]] = [(Outcome.DUPLICATE, None)] * len(rows)
        with placing(engine) as placed:
            parts: dict[Engine, list[int]] = {}
            for url, number in first.items():
                target = engine if placed is None else placed.engines[placed.shard_of(url)]
                parts.setdefault(target, []).append(number)
            for target, numbers in parts.items():
                there = row if target is engine else require_model(target, row.name)
                batch = [rows[number] for number in numbers]
                done = _write_all(target, batch, collection, there, language=language)
                for number, reading in zip(numbers, done, strict=True):
                    became[number] = (reading.outcome, reading.picture.error)
    return {
        "url": np.array([each["url"] for each in rows], object),
        "outcome": np.array([str(outcome) for outcome, _ in became], object),
        "error": np.array([error for _, error in became], object),
    }


@contextmanager
def _opened(database: str | URL | Engine | None) -> Iterator[Engine]:
    if isinstance(database, Engine):
        yield database
        return
    url = database.render_as_string(hide_password=False) if isinstance(database, URL) else database
    with open_database(Settings.from_environment(database_url=url)) as engine:
        yield engine


def _require_vectors_of(model: ModelRow, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise InvalidVector unless the vectors are whole, of unit length and made by the model."""
    revision = model.revision
    for row in rows:
        if row["revision"] != revision:
            raise InvalidVector(
                f"The vectors were made by revision {str(row['revision'])[:12]}, but model {model.name} of the "
                f"database is {'a vector space' if revision is None else f'at {revision[:12]}'}; embed with the same "
                "files, or name their model."
            )
    good = [row for row in rows if row["error"] is None]
    vectors = _vectors([row["embedding"] for row in good], model)
    wrong = vectors_without_direction(vectors)
    off = np.flatnonzero(np.abs(np.linalg.norm(vectors, axis=1) - 1) > _UNIT)
    for number in [*wrong, *map(int, off)]:
        raise InvalidVector(
            f"Picture {good[number]['url']}: the embedding {wrong.get(number, 'is not of unit length')}; "
            "write what embed_batch gave."
        )


def _vectors(values: Sequence[Any], model: ModelRow) -> NDArray[np.float32]:
    try:
        rows = np.array([np.asarray(value, np.float32) for value in values], np.float32)
    except (TypeError, ValueError):
        rows = np.empty((len(values), 0), np.float32)
    if len(values) and rows.shape[1:] != (model.dimensions,):
        raise InvalidVector(
            f"Every embedding must have the {model.dimensions} dimensions of model {model.name}."
        )
    return rows.reshape(-1, model.dimensions)


def _write_all(
    engine: Engine, rows: Sequence[Mapping[str, Any]], collection: str, model: ModelRow, *, language: str
) -> list[Reading]:
    """What became of the rows, in their order, once no other batch is written into the collection."""
    with writing.only_ingest(engine, collection), autocommit_connection(engine) as connection:
        for dtype in {each["dtype"] for each in rows}:
            compare_dtype(connection, model, str(dtype))
        return [
            reading
            for start in range(0, len(rows), _PART)
            for reading in _write(
                connection, rows[start : start + _PART], collection, model, language=language
            )
        ]


def _write(
    connection: Driver, rows: Sequence[Mapping[str, Any]], collection: str, model: ModelRow, *, language: str
) -> list[Reading]:
    """What became of the rows, in their order."""
    stored = stored_pictures(
        connection, collection=collection, urls=[row["url"] for row in rows], model=model
    )
    pipeline = Pipeline(
        encoder=None, model=model, lease=new_lease(), collection=collection, language=language
    )
    ready = [_ready(row, stored.get(row["url"]), model, language=language) for row in rows]
    return list(pipeline.write(connection, ready).settled)


def _ready(
    row: Mapping[str, Any], stored: StoredPicture | None, model: ModelRow, *, language: str
) -> tuple[Reading, PictureWrite | None]:
    """What is to be written for a row beside what is stored of its picture; None where that is right."""
    reading = _beside(_reading(row), stored)
    if reading.leaves_row:
        return reading, None
    bodies = reading.picture.captions
    given = row.get("caption_embeddings")
    vectors = _vectors([] if given is None else list(given), model)
    captions = dict(zip(bodies, vectors, strict=True)) if len(vectors) == len(bodies) else {}
    if not set(reading.captions_to_encode) <= captions.keys():
        # What only a model that is loaded can make, a worker does.
        reading = replace(reading, picture=replace(reading.picture, status="pending"))
    embedding = np.asarray(row["embedding"], np.float32)
    has_vector = reading.outcome is Outcome.FAILED or (
        stored is not None and stored.is_embedded and stored.picture.sha256 == reading.picture.sha256
    )
    return reading, reading.write(None if has_vector else embedding, captions, language=language)


def _reading(row: Mapping[str, Any]) -> Reading:
    """The reading that the row was made of. Raises InvalidArgument."""
    try:
        told = told_record(row["url"], row, timezone=dt.UTC)
    except ValueError as error:
        raise InvalidArgument(
            f"Picture {row['url']} is told of by {error}; write what embed_batch gave."
        ) from error
    picture = replace(
        told,
        file=None if row.get("file") is None else Path(row["file"]),
        sha256=None if row["sha256"] is None else bytes(row["sha256"]),
        width=int(row.get("width") or 0) or None,
        height=int(row.get("height") or 0) or None,
        format=row.get("format"),
        status="embedded" if row["error"] is None else "failed",
        failure=row.get("failure"),
        error=row["error"],
    )
    jpeg, look = row.get("thumbnail"), row.get("fingerprint")
    return Reading(
        picture=picture,
        stored=None,
        outcome=Outcome.ADDED if row["error"] is None else Outcome.FAILED,
        fingerprint=None if look is None else bytes(look),
        thumbnail=None if jpeg is None else _thumbnail(bytes(jpeg)),
    )


def _thumbnail(jpeg: bytes) -> Thumbnail:
    with Image.open(io.BytesIO(jpeg)) as picture:
        return Thumbnail(jpeg=jpeg, width=picture.width, height=picture.height)


def _beside(reading: Reading, stored: StoredPicture | None) -> Reading:
    """The reading as what changes where its picture is stored."""
    if stored is None:
        return reading
    picture = reading.picture
    if reading.outcome is Outcome.FAILED:
        # What cannot be had today must not cost the embeddings of yesterday.
        stays = picture.sha256 is None and stored.picture.status == "embedded"
        return replace(reading, stored=stored, leaves_row=stays)
    options = ReadOptions(thumbnails=reading.thumbnail is not None)
    is_known = stored.is_embedded and stored.picture.sha256 == picture.sha256
    if is_known and not lacks_copies(stored, options):
        return with_known_content(picture, stored)
    return beside(reading, stored)
