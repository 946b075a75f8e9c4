"""Ingest into a coordinator: every picture of a source goes to the shard where it belongs; models go to all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow, add_space, find_model, list_models
from clipsql.db.shards.listing import placing, shard_engines
from clipsql.errors import ConfigurationError, ModelError
from clipsql.ingest.reports import IngestReport
from clipsql.models import register_model
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import Source, VectorSource
from clipsql.sources.vectors import Vectors

_Keeps = Callable[[PictureRecord | UnusableRow], bool]


def ingest_over_shards(
    engine: Engine,
    source: Source,
    model: ModelRow | None,
    ingest: Callable[[Engine, Source, ModelRow | None], IngestReport],
) -> IngestReport:
    """What `ingest` does with a source: at once where there are no shards, else shard by shard, each with its part.

    The source is read once for each shard. The model is added to the shards that lack it. While this runs no slots are
    moved. Raises what `ingest` raises; a rerun goes on where it broke off.
    """
    with placing(engine) as placed:
        if placed is None:
            return ingest(engine, source, model)
        total = IngestReport()
        for place, (shard_id, target) in enumerate(placed.engines.items()):

            def keeps(
                record: PictureRecord | UnusableRow, own: int = shard_id, first: bool = place == 0
            ) -> bool:
                # A row that tells of no picture is told of once.
                return first if isinstance(record, UnusableRow) else placed.shard_of(record.url) == own

            part = (
                _VectorPart(source.rows, source.vectors, source.caption_vectors, keeps)
                if isinstance(source, VectorSource)
                else _Part(source, keeps)
            )
            done = ingest(target, part, None if model is None else _model_there(target, model))
            total.add(done)
            total.seconds += done.seconds
        return total


def add_models(engine: Engine, shard_id: int) -> list[str]:
    """Add the models of a coordinator to a shard that lacks them; returns why one could not be, one line each."""
    problems = []
    with shard_engines(engine) as engines:
        for model in list_models(engine):
            try:
                _model_there(engines[shard_id], model)
            except (ModelError, ConfigurationError) as error:
                problems.append(f"lacks model {model.name}, which could not be added: {error}")
    return problems


def _model_there(target: Engine, model: ModelRow) -> ModelRow:
    """The row of a model on a shard, which has it from now on."""
    known = find_model(target, model.name)
    if known is not None:
        return known
    if model.location is None:
        return add_space(target, model.name, dimensions=model.dimensions, logit_scale=model.logit_scale)
    return register_model(target, model.location, name=model.name)[0]


@dataclass(frozen=True, slots=True)
class _Part(Source):
    """The records of a source that belong to one shard."""

    whole: Source
    keeps: _Keeps

    @property
    def name(self) -> str:
        return self.whole.name

    def count(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[PictureRecord | UnusableRow]:
        return filter(self.keeps, self.whole)

    @property
    def begins(self) -> str | None:
        return self.whole.begins

    def passed_over(self) -> Mapping[str, int]:
        return self.whole.passed_over()


@dataclass(frozen=True, slots=True)
class _VectorPart(VectorSource):
    """The rows of a source with vectors that belong to one shard."""

    keeps: _Keeps = lambda _record: True

    def batches(
        self, dimensions: int, *, size: int
    ) -> Iterator[tuple[list[PictureRecord | UnusableRow], Vectors, Vectors | None]]:
        for records, vectors, of_captions in super(_VectorPart, self).batches(dimensions, size=size):
            kept = [number for number, record in enumerate(records) if self.keeps(record)]
            yield (
                [records[number] for number in kept],
                _chosen(vectors, kept),
                None if of_captions is None else _chosen(of_captions, kept),
            )


def _chosen(vectors: Vectors, kept: list[int]) -> Vectors:
    return Vectors(
        rows=vectors.rows[np.array(kept, dtype=np.intp)],
        wrong={place: vectors.wrong[number] for place, number in enumerate(kept) if number in vectors.wrong},
        missing={place for place, number in enumerate(kept) if number in vectors.missing},
    )
