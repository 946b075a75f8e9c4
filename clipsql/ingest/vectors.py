"""Ingest pictures whose vectors were made elsewhere: nothing is downloaded, decoded or encoded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.pictures import writing
from clipsql.db.pictures.bulk import PUT_BATCH, PutReport, put_pictures
from clipsql.db.pictures.columns import batches, vectors_without_direction
from clipsql.db.pictures.records import storable_file
from clipsql.db.pictures.refusals import write_but_refused
from clipsql.db.statements import Driver, autocommit_connection
from clipsql.errors import SourceError
from clipsql.ingest.finishing import finish
from clipsql.ingest.readings import Outcome, caption_language, printable
from clipsql.ingest.reports import IngestReport, Problem
from clipsql.ingest.sightings import Sightings
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import VectorSource
from clipsql.sources.manifest import joined_record
from clipsql.sources.vectors import Vectors

_Vector: TypeAlias = "NDArray[np.float32]"
_Row: TypeAlias = "tuple[PictureRecord, _Vector, Mapping[str, _Vector]]"
"""A picture, its vector, and those that its captions have."""
_Written: TypeAlias = "tuple[PutReport, Sequence[tuple[_Row, str]]]"
"""What was put, and the rows that PostgreSQL refuses with what it says of them."""


def ingest_vectors(
    engine: Engine,
    model: ModelRow,
    source: VectorSource,
    *,
    collection: str,
    language: str = "en",
    on_stored: Callable[[int], None] = lambda _pictures: None,
    on_problem: Callable[[Problem], None] = lambda _problem: None,
) -> IngestReport:
    """Store a source's pictures and their vectors under a model, and return what was done.

    A picture that the collection has is updated; what its row does not tell stays as it is stored. `language` is that
    of captions in Latin script. Each batch is one transaction, so that a rerun goes on where one broke off.
    `on_stored` is told how many rows are done with, `on_problem` of each that is left out.
    Raises SourceError when the source breaks off, or when none of its first rows has a vector for the model.
    """
    report = IngestReport(on_problem=on_problem)
    started = time.monotonic()
    with (
        closing(Sightings()) as sightings,
        database_errors(engine),
        writing.only_ingest(engine, collection),
        autocommit_connection(engine) as connection,
    ):
        write = partial(_write, connection, collection=collection, language=language, model=model)
        written: Future[_Written] = Future()
        written.set_result((PutReport(), []))

        def settle() -> None:
            _count(report, *written.result())
            on_stored(sum(report.outcomes.values()))

        # One batch is read while the one before it is written.
        with ThreadPoolExecutor(1) as writer:
            rows = _with_vectors(source, model, report)
            while batch := list(islice(rows, PUT_BATCH)):
                fresh = _fresh(batch, sightings, report)
                settle()
                written = writer.submit(write, fresh)
            settle()
        finish(engine, model, report, collection=collection)
    report.seconds = time.monotonic() - started
    return report


def _with_vectors(source: VectorSource, model: ModelRow, report: IngestReport) -> Iterator[_Row]:
    """The rows that have a vector; adjacent ones that differ only in their captions are one, as in other lists."""
    earlier: _Row | None = None
    is_understood = False
    for records, vectors, of_captions in source.batches(model.dimensions, size=PUT_BATCH):
        problems = _problems(records, vectors, of_captions)
        for number, record in enumerate(records):
            if number in problems and isinstance(record, PictureRecord):
                record = _left_out(record, f"{problems[number]}; correct it or remove the row.")
                if len(problems) == len(records) and not is_understood:
                    raise SourceError(record.problem)
            if isinstance(record, UnusableRow):
                report.unusable(record)
                continue
            is_understood = True
            vector = vectors.rows[number]
            told: Mapping[str, _Vector] = {}
            if of_captions is not None and number not in of_captions.missing:
                told = dict.fromkeys(record.captions, of_captions.rows[number])
            if earlier is not None:
                joined = joined_record(earlier[0], record)
                if joined is not None and np.array_equal(earlier[1], vector):
                    earlier = (joined, vector, {**told, **earlier[2]})
                    continue
                yield earlier
            earlier = (record, vector, told)
    if earlier is not None:
        yield earlier


def _problems(
    records: Sequence[PictureRecord | UnusableRow], vectors: Vectors, of_captions: Vectors | None
) -> dict[int, str]:
    """What is wrong with the vectors of rows, by their numbers; a caption may lack one."""
    problems = {
        number: f"the embedding {why}"
        for number, why in (
            vectors_without_direction(vectors.rows)
            | dict.fromkeys(vectors.missing, "is missing")
            | dict(vectors.wrong)
        ).items()
    }
    if of_captions is None:
        return problems
    wrong = vectors_without_direction(of_captions.rows) | dict(of_captions.wrong)
    for number, record in enumerate(records):
        if isinstance(record, UnusableRow) or not record.captions or number in of_captions.missing:
            continue
        if number in wrong:
            problems.setdefault(number, f"the caption embedding {wrong[number]}")
        elif len(record.captions) > 1:
            problems.setdefault(
                number, f"there are {len(record.captions)} captions, but one caption embedding for them"
            )
    return problems


def _fresh(batch: Sequence[_Row], sightings: Sightings, report: IngestReport) -> list[_Row]:
    """The rows whose url did not come before."""
    seen = sightings.first_positions([(picture.url, printable(picture.position)) for picture, *_ in batch])
    fresh = []
    for row in batch:
        picture = row[0]
        if picture.url in seen:
            report.repeated(picture.position, seen[picture.url], picture.url)
        else:
            seen[picture.url] = picture.position
            fresh.append(row)
    return fresh


def _write(
    connection: Driver, rows: Sequence[_Row], *, collection: str, language: str, model: ModelRow
) -> _Written:
    """Write rows, those that PostgreSQL refuses apart, in one transaction as far as it goes."""
    total = PutReport()

    def put(some: Sequence[_Row]) -> None:
        for columns in batches(_columns(some), model, size=PUT_BATCH):
            total.add(
                put_pictures(
                    connection,
                    columns,
                    collection=collection,
                    language=partial(caption_language, default=language),
                    model=model,
                )
            )

    return total, write_but_refused(rows, put)


def _columns(rows: Sequence[_Row]) -> dict[str, Any]:
    """What rows tell, as columns; what a row does not tell is None."""
    pictures = [picture for picture, *_ in rows]
    return {
        "url": [picture.url for picture in pictures],
        "embedding": np.array([vector for _, vector, _ in rows]),
        "captions": [picture.captions or None for picture in pictures],
        "caption_embeddings": [
            [told.get(caption) for caption in picture.captions] if told else None for picture, _, told in rows
        ],
        "file": [storable_file(picture.file) for picture in pictures],
        "metadata": [picture.metadata or None for picture in pictures],
        "taken_at": [picture.taken_at for picture in pictures],
        "longitude": [picture.longitude for picture in pictures],
        "latitude": [picture.latitude for picture in pictures],
    }


def _count(report: IngestReport, done: PutReport, refused: Sequence[tuple[_Row, str]]) -> None:
    report.outcomes[Outcome.ADDED] += done.added
    report.outcomes[Outcome.UPDATED] += done.updated - done.unchanged
    report.outcomes[Outcome.UNCHANGED] += done.unchanged
    report.captions += done.captions
    for (picture, *_), why in refused:
        report.unusable(_left_out(picture, f"PostgreSQL refuses the row ({why}); correct it."))


def _left_out(picture: PictureRecord, why: str) -> UnusableRow:
    return UnusableRow(picture.position, f"{picture.position}: {why}", picture.url)
