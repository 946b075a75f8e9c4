"""`clipsql index`: build, status and tune."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import Result
from integration.filling import Filled, fill, unit_vectors
from pgvector import HalfVector
from sqlalchemy.engine import Engine

from clipsql.db import indexes
from clipsql.db.calls import searches
from clipsql.db.indexes import ensure_index, index_stats
from clipsql.db.partitions import partition
from clipsql.db.statements import driver_connection
from clipsql.db.tuning import tune, tunings

Clipsql = Callable[..., Result]


@pytest.fixture
def filled(engine: Engine) -> Filled:
    return fill(engine)


def _status(clipsql: Clipsql) -> dict[str, Any]:
    """What `index status --json` says of the pictures' index."""
    shown = clipsql("index", "status", "--json")
    assert shown.exit_code == 0, shown.output
    return next(
        record
        for record in map(json.loads, shown.stdout.splitlines())
        if record["embeddings"] == "image_embedding"
    )


def _embed_captions(filled: Filled) -> None:
    """A vector for every caption, far from all pictures as texts are."""
    random = np.random.default_rng(9)
    with filled.engine.begin() as connection:
        ids = connection.scalars(sa.text("select caption_id from clipsql.caption order by caption_id")).all()
        vectors = unit_vectors(random, len(ids), filled.model.dimensions)
        driver = driver_connection(connection)
        with driver.cursor().copy(
            "copy clipsql.caption_embedding (caption_id, model_id, embedding) from stdin (format binary)"
        ) as copy:
            copy.set_types(["int8", "int4", "halfvec"])
            for caption_id, vector in zip(ids, vectors, strict=True):
                copy.write_row((caption_id, filled.model.model_id, HalfVector(vector)))


def test_build_builds_what_is_missing_and_nothing_twice(filled: Filled, clipsql: Clipsql) -> None:
    assert _status(clipsql)["state"] == "missing"
    built = clipsql("index", "build")
    assert built.exit_code == 0, built.output
    assert built.stdout == (
        f"Built the index of pictures under model {filled.model.name}.\nTook 2 samples for percentiles.\n"
    )
    status = _status(clipsql)
    assert (status["state"], status["rows"]) == ("valid", 3000)
    assert status["bytes"] > 100_000
    assert clipsql("index", "build").stdout == "Every index is there already.\n"


def test_an_invalid_index_is_shown_and_built_anew(filled: Filled, clipsql: Clipsql) -> None:
    ensure_index(filled.engine, filled.model, table="image_embedding")
    with filled.engine.begin() as connection:
        connection.execute(
            sa.text("update pg_index set indisvalid = false where indexrelid = cast(:name as regclass)"),
            {"name": f"clipsql_private.image_embedding_{filled.model.model_id}_hnsw"},
        )
    assert _status(clipsql)["state"] == "invalid"
    assert clipsql("index", "build").exit_code == 0
    assert _status(clipsql)["state"] == "valid"


def test_a_rebuild_takes_the_place_of_the_old_index(filled: Filled, clipsql: Clipsql) -> None:
    name = f"clipsql_private.image_embedding_{filled.model.model_id}_hnsw"

    def oid() -> int:
        with filled.engine.connect() as connection:
            return int(
                connection.scalar(sa.text("select cast(cast(:name as regclass) as oid)"), {"name": name})
            )

    ensure_index(filled.engine, filled.model, table="image_embedding")
    before = oid()
    assert clipsql("index", "build", "--rebuild").exit_code == 0
    assert oid() != before
    with filled.engine.connect() as connection:
        assert not connection.scalar(sa.text("select to_regclass(:name)"), {"name": f"{name}_new"})


def test_a_build_tells_how_far_it_is(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "_PROGRESS_SECONDS", 0.01)
    rows: list[int] = []
    progress: list[int] = []
    assert ensure_index(
        filled.engine,
        filled.model,
        table="image_embedding",
        on_build=rows.append,
        on_progress=progress.append,
    )
    assert rows == [3000]
    assert progress
    assert progress == sorted(progress)
    assert progress[-1] <= 3000


def test_a_build_has_memory_for_its_whole_graph(filled: Filled) -> None:
    told: list[str] = []
    with filled.engine.connect() as connection:
        database = connection.dialect.identifier_preparer.quote(filled.engine.url.database or "")
        with connection.begin():
            connection.execute(sa.text(f"alter database {database} set maintenance_work_mem = '1MB'"))
            connection.execute(
                sa.text(
                    "with i as (insert into clipsql.image (collection, url, status)"
                    " select 'more', 'https://more.example/' || g, 'embedded' from generate_series(1, 3000) as g"
                    " returning image_id)"
                    " insert into clipsql.image_embedding (image_id, model_id, embedding)"
                    " select i.image_id, :model, (select array_agg(random() - 0.5 + 0 * (i.image_id + d))"
                    " from generate_series(1, :dimensions) as d)::halfvec from i"
                ),
                {"model": filled.model.model_id, "dimensions": filled.model.dimensions},
            )
    filled.engine.dispose()

    @sa.event.listens_for(filled.engine, "connect")
    def listen(driver: Any, _record: object) -> None:
        driver.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))

    assert ensure_index(filled.engine, filled.model, table="image_embedding")
    assert not [line for line in told if "maintenance_work_mem" in line]


@pytest.mark.parametrize(
    ("rows", "settings", "memory_mb", "workers"),
    [
        pytest.param(100_000, "1MB 1GB 0 8", 100_000 * (1024 + 720) / 2**20, 4, id="as much as the graph"),
        pytest.param(100_000, "256MB 1GB 6 8", 256, 6, id="never less than the server's own"),
        pytest.param(10_000_000, "1MB 4GB 0 2", 2048, 1, id="2 GB of a small server"),
        pytest.param(10_000_000, "1MB 20GB 0 2", 5120, 1, id="a quarter of a large one"),
    ],
)
def test_a_build_takes_memory_and_workers_as_the_server_has_them(
    engine: Engine, rows: int, settings: str, memory_mb: float, workers: int
) -> None:
    names = (
        "maintenance_work_mem",
        "effective_cache_size",
        "max_parallel_maintenance_workers",
        "max_parallel_workers",
    )
    with engine.begin() as connection:
        driver = driver_connection(connection)
        for name, value in zip(names, settings.split(), strict=True):
            driver.execute("select set_config(%s, %s, true)", (name, value))
        indexes._set_build_options(driver, rows=rows, dimensions=512)
        row = driver.execute(
            "select pg_size_bytes(current_setting('maintenance_work_mem')) / 2::float8 ^ 20,"
            " current_setting('max_parallel_maintenance_workers')::integer"
        ).fetchone()
    assert row == (pytest.approx(memory_mb, abs=1), workers)


def test_tune_keeps_the_width_that_searches_then_use(filled: Filled, clipsql: Clipsql) -> None:
    ensure_index(filled.engine, filled.model, table="image_embedding")
    _embed_captions(filled)
    tuned = clipsql("index", "tune", "--queries", "20", "--target", "0.9", "--json")
    assert tuned.exit_code == 0, tuned.output
    found = {line["collection"]: line for line in map(json.loads, tuned.stdout.splitlines())}
    assert found[None]["recall"] >= 0.9
    assert found[None]["ef_search"] < 250  # 3,000 pictures need no walk as wide as many do
    assert found["中文"]["ef_search"] is None  # so few are compared
    assert set(found) == {None, "streets", "holidays", "中文"}
    with filled.engine.connect() as connection:
        plan = connection.execute(sa.select(searches.search_plan([1.0] * 24))).one()
    assert f"ef_search {found[None]['ef_search']}" in plan.explanation
    assert _status(clipsql)["tunings"][0]["recall"] == found[None]["recall"]
    assert "recall" in clipsql("index", "status").stdout


def test_pictures_alone_never_make_walks_narrower_than_usual(filled: Filled) -> None:
    ensure_index(filled.engine, filled.model, table="image_embedding")
    everywhere = tune(filled.engine, filled.model, queries=10, target=0.5)[0]
    assert everywhere.ef_search == 400


def test_a_second_tuning_replaces_the_first(filled: Filled) -> None:
    ensure_index(filled.engine, filled.model, table="image_embedding")
    tune(filled.engine, filled.model, queries=5)
    tune(filled.engine, filled.model, queries=7)
    assert {each.queries for each in tunings(filled.engine, filled.model)} == {7}


def test_recall_that_cannot_be_reached_is_told(filled: Filled, clipsql: Clipsql) -> None:
    # An index without links finds little, however wide it is walked.
    name = f"image_embedding_{filled.model.model_id}_hnsw"
    with filled.engine.begin() as connection:
        table = partition("image_embedding", filled.model.model_id).as_string(None)
        connection.exec_driver_sql(
            f"create index {name} on {table} using hnsw ((embedding::halfvec(24)) halfvec_cosine_ops)"
            " with (m = 2, ef_construction = 4)"
        )
    tuned = clipsql("index", "tune", "--queries", "20", "--target", "1")
    assert tuned.exit_code == 0, tuned.output
    assert 'run "clipsql index build --rebuild"' in tuned.stderr


def test_without_an_index_there_is_nothing_to_tune(filled: Filled, clipsql: Clipsql) -> None:
    found = tune(filled.engine, filled.model, queries=5)
    assert all(each.ef_search is None for each in found)
    assert tunings(filled.engine, filled.model) == []
    assert {each.state for each in index_stats(filled.engine)} == {"missing"}
    assert "No recall was measured yet" in clipsql("index", "status").stderr
