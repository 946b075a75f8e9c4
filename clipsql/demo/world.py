"""The demo's little world in a database: set it up through the ordinary path, and take it away again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from clipsql.db import collections, models
from clipsql.db.engine import database_errors
from clipsql.db.model_questions import answers, drop_unanswered
from clipsql.db.model_tasks import queue_pictures
from clipsql.db.schema.rights import READER
from clipsql.db.tables.pictures import Image, ImageEmbedding
from clipsql.demo import DESCRIBING_FOLDER, MATCHING_FOLDER, MODEL_FOLDER
from clipsql.demo.cameras import CAMERAS
from clipsql.demo.films import film_of, write_film
from clipsql.demo.frames import RegisteredVehicle, draw_frames
from clipsql.demo.tour import COLLECTION, LOOKED_FOR, MODEL
from clipsql.encoding.describing import load_describer
from clipsql.encoding.matching import load_cross_encoder
from clipsql.ingest.indexer import Indexer, IngestOptions, IngestReport, Outcome
from clipsql.models import register_model
from clipsql.search.searcher import Searcher
from clipsql.sources import open_source
from clipsql.viewing.models import describing, matching, stored_query
from clipsql.viewing.working import work

FILM = "harbour-road.mp4"
FILM_COLLECTION = "demo-film"


def set_up(
    engine: Engine,
    folder: Path,
    *,
    frames: int,
    on_drawn: Callable[[], None] = lambda: None,
    on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
) -> IngestReport:
    """Draw the frames into `folder`, ingest them with the model in the box, and fill the vehicle registry.

    What is done already is not done again.
    """
    manifest, register = draw_frames(folder, frames, on_drawn=on_drawn)
    _fill_registry(engine, register)
    # Never the default: whoever ingests photographs next must not get a model that knows drawings only.
    # In float32, so that the demo answers alike on every CPU.
    model, encoder = register_model(
        engine, str(MODEL_FOLDER), name=MODEL, may_be_default=False, dtype="float32"
    )
    return Indexer(engine, encoder, model).ingest(
        open_source(manifest), IngestOptions(collection=COLLECTION), on_outcome=on_outcome
    )


def set_up_film(engine: Engine, folder: Path) -> IngestReport:
    """Write a film of one camera into `folder`, and ingest it into a collection of its own, after `set_up`."""
    film = write_film(folder / FILM, film_of(CAMERAS[2], seconds=45))
    model, encoder = register_model(
        engine, str(MODEL_FOLDER), name=MODEL, may_be_default=False, dtype="float32"
    )
    return Indexer(engine, encoder, model).ingest(
        open_source(film), IngestOptions(collection=FILM_COLLECTION)
    )


def look_again(engine: Engine, *, candidates: int = 30, described: int = 4) -> None:
    """Have the two other models in the box look at what a search finds: at all of it, and at the best of it.

    What they have looked at already they do not look at again.
    """
    pictures = Searcher(engine, model=MODEL)
    found = pictures.search_text(LOOKED_FOR, in_collection=COLLECTION, max_results=candidates)
    image_ids = [match.image_id for match in found]
    matcher = load_cross_encoder(str(MATCHING_FOLDER))
    query = stored_query(engine, "match", LOOKED_FOR, matcher)
    queue_pictures(engine, query, image_ids)
    work(engine, query, matching(matcher, LOOKED_FOR))
    scores = answers(engine, query, image_ids)
    best = sorted(scores, key=lambda image_id: -(scores[image_id].score or 0))[:described]
    describer = load_describer(str(DESCRIBING_FOLDER))
    query = stored_query(engine, "describe", "en", describer)
    queue_pictures(engine, query, best)
    work(engine, query, describing(describer))


def clean(engine: Engine, folder: Path) -> list[str]:
    """Remove all that the demo made and nothing else; returns what is gone."""
    gone = []
    for name, _ in collections.list_collections(engine):
        if name in (COLLECTION, FILM_COLLECTION):
            collections.drop_collection(engine, name)
            gone.append(f"collection {name}")
            if name == COLLECTION:
                drop_unanswered(engine, [MATCHING_FOLDER.name, DESCRIBING_FOLDER.name])
    if models.find_model(engine, MODEL) is not None and not _model_serves_others(engine):
        models.remove_model(engine, MODEL)
        gone.append(f"model {MODEL}")
    with database_errors(engine), engine.begin() as connection:
        if sa.inspect(connection).has_schema("clipsql_demo"):
            connection.exec_driver_sql("drop table if exists clipsql_demo.vehicle_registry")
            connection.exec_driver_sql("drop schema clipsql_demo")
            gone.append("table clipsql_demo.vehicle_registry")
    if folder.is_dir():
        shutil.rmtree(folder)
        gone.append(f"folder {folder}")
    return gone


def _model_serves_others(engine: Engine) -> bool:
    """Whether somebody has ingested pictures of their own with the demo's model."""
    model = models.require_model(engine, MODEL)
    with database_errors(engine), engine.connect() as connection:
        return bool(
            connection.scalar(
                sa.select(
                    sa.exists().where(
                        ImageEmbedding.model_id == model.model_id,
                        ImageEmbedding.image_id == Image.image_id,
                        Image.collection.not_in((COLLECTION, FILM_COLLECTION)),
                    )
                )
            )
        )


def _fill_registry(engine: Engine, register: Sequence[RegisteredVehicle]) -> None:
    """The business table that hits are joined with: vehicles by plate; readers may read it."""
    with database_errors(engine), engine.begin() as connection:
        connection.exec_driver_sql("create schema if not exists clipsql_demo")
        connection.exec_driver_sql(
            """
            create table if not exists clipsql_demo.vehicle_registry (
                plate text primary key, owner_type text not null, kind text not null, colour text not null)
            """
        )
        connection.execute(
            sa.text(
                "insert into clipsql_demo.vehicle_registry (plate, owner_type, kind, colour)"
                " values (:plate, :owner_type, :kind, :colour) on conflict do nothing"
            ),
            [vars(vehicle) for vehicle in register],
        )
        # After a restore by an ordinary role there may be no readers yet.
        if connection.scalar(sa.select(sa.func.to_regrole(READER))) is not None:
            connection.exec_driver_sql(f"grant usage on schema clipsql_demo to {READER}")
            connection.exec_driver_sql(f"grant select on clipsql_demo.vehicle_registry to {READER}")
