"""Search rows: kept as pictures and embeddings are, whoever writes; right answers; made while all goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import pytest
from integration.filling import Filled, fill, new_model, picture, unit_vectors, write
from numpy.typing import NDArray
from pgvector import HalfVector
from sqlalchemy.engine import URL, Engine
from waiting import until

from clipsql.db import models, percentile_samples, search_rows, tuning
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index, index_stats
from clipsql.db.models import ModelRow
from clipsql.db.search_rows import ensure_search_rows, learn
from clipsql.db.statements import autocommit_connection

# What search rows should say, and what they say; a code may differ by what half precision rounds off.
DIFFERENCES = """
    with expected as (
        select b.basis_id, i.image_id, i.collection, i.taken_at, i.longitude, i.latitude,
            clipsql_private.code_of(e.embedding, b.basis_id) as code
        from clipsql_private.code_basis as b
        join clipsql.image_embedding as e on e.model_id = b.model_id
        join clipsql.image as i on i.image_id = e.image_id
        where b.state <> 'retired'
    )
    select x.image_id, s.image_id
    from expected as x
    full join (
        select s.* from clipsql_private.search_row as s
        join clipsql_private.code_basis as b on b.basis_id = s.basis_id and b.state <> 'retired'
    ) as s on s.basis_id = x.basis_id and s.image_id = x.image_id
    where x.image_id is null or s.image_id is null
        or (x.collection, x.taken_at, x.longitude, x.latitude)
            is distinct from (s.collection, s.taken_at, s.longitude, s.latitude)
        or x.code <-> s.code > 1e-3
        or abs(s.left_out - sqrt(greatest(0, 1 - l2_norm(x.code) ^ 2))) > 2e-3
"""


WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)


def differences(engine: Engine) -> list[Any]:
    with autocommit_connection(engine) as connection:
        return connection.execute(DIFFERENCES).fetchall()


def run(engine: Engine, statement: str, parameters: Any = None) -> list[Any]:
    with autocommit_connection(engine) as connection:
        cursor = connection.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def narrow_vectors(random: np.random.Generator, rows: int, dimensions: int) -> NDArray[np.float32]:
    """Unit vectors as models give them: a cone, and much along few directions."""
    spread = np.exp(-np.arange(dimensions) / 12).astype(np.float32)
    vectors = random.standard_normal((rows, dimensions)).astype(np.float32) * spread
    vectors[:, -1] += np.linalg.norm(spread)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def coded(engine: Engine, *, rows: int = 400, dimensions: int = 192) -> tuple[ModelRow, NDArray[np.float32]]:
    """A model whose vectors are longer than their codes, with search rows."""
    model = new_model(engine, dimensions=dimensions)
    vectors = narrow_vectors(np.random.default_rng(5), rows, dimensions)
    write(engine, model, [picture(f"file:///{n}.jpg", vector) for n, vector in enumerate(vectors)])
    assert ensure_search_rows(engine, model, least_rows=1)
    return model, vectors


WRITES = {
    "a new vector": "update clipsql.image_embedding set embedding = l2_normalize(embedding + %(vector)s::halfvec)"
    " where image_id between 10 and 20",
    "a new vector in the partition": "update {partition} set embedding = %(vector)s::halfvec where image_id = 7",
    "an upsert": "insert into {partition} (image_id, model_id, embedding) select i.image_id, {model},"
    " %(vector)s::halfvec from clipsql.image as i where i.image_id in (1, 2)"
    " on conflict (image_id, model_id) do update set embedding = excluded.embedding",
    "a deleted vector": "delete from clipsql.image_embedding where image_id in (3, 4)",
    "a deleted vector of the partition": "delete from {partition} where image_id in (3, 4)",
    "a deleted picture": "delete from clipsql.image where image_id in (5, 6)",
    "no vector left": "truncate clipsql.image_embedding",
    "no vector left in the partition": "truncate {partition}",
    "no picture left": "truncate clipsql.image cascade",
    "another time": "update clipsql.image set taken_at = '2020-01-01 00:00+00' where image_id < 9",
    "another place": "update clipsql.image set longitude = 12, latitude = -3 where image_id < 9",
    "another collection": "update clipsql.image set collection = 'elsewhere' where image_id < 9",
    "put_image": "select clipsql.put_image(url => 'https://x.example/new.jpg', collection => 'c',"
    " embedding => %(vector)s::vector, taken_at => '2021-01-01 00:00+00')",
    "an upsert of pictures": "insert into clipsql.image (collection, url, taken_at)"
    " values ('c', 'file:///1.jpg', '2022-02-02 00:00+00')"
    " on conflict (collection, clipsql.url_digest(url)) do update set taken_at = excluded.taken_at",
    "a vector deleted and put again in one statement": "merge into {partition} as e"
    " using (values (1, 8), (2, 8)) as s(place, image_id) on e.image_id = s.image_id and s.place = 1"
    " when matched then delete when not matched then insert (image_id, model_id, embedding)"
    " values (s.image_id, {model}, %(vector)s::halfvec)",
    "a move to another model": "update clipsql.image_embedding set model_id = {other} where image_id = 8",
}


@pytest.mark.parametrize("what", WRITES)
def test_search_rows_follow_every_write(engine: Engine, what: str) -> None:
    model, vectors = coded(engine, rows=40)
    other = new_model(engine, dimensions=192, name="tests/other")
    run(
        engine,
        "insert into clipsql.image_embedding (image_id, model_id, embedding)"
        f" select e.image_id, {other.model_id}, e.embedding from clipsql.image_embedding as e"
        " where e.image_id between 20 and 29",
    )
    assert ensure_search_rows(engine, other, least_rows=1)
    before = run(engine, "select count(*), max(image_id) from clipsql_private.search_row")
    statement = WRITES[what].format(
        partition=f"clipsql_private.image_embedding_{model.model_id}",
        model=model.model_id,
        other=other.model_id,
    )
    text = run(engine, DIFFERENCES)
    assert text == []
    run(engine, statement, {"vector": HalfVector(vectors[30][::-1].copy())} if "%(" in statement else None)
    assert differences(engine) == []
    assert before == [(50, 40)]


def test_what_is_rolled_back_leaves_no_trace_and_a_copy_into_a_partition_is_seen(engine: Engine) -> None:
    model, vectors = coded(engine, rows=40)
    partition = f"clipsql_private.image_embedding_{model.model_id}"
    with autocommit_connection(engine) as connection:
        with connection.transaction(force_rollback=True):
            connection.execute("delete from clipsql.image_embedding where image_id < 10")
        connection.execute("delete from clipsql.image_embedding where image_id < 10")
        with connection.cursor().copy(
            f"copy {partition} (image_id, model_id, embedding) from stdin (format binary)"
        ) as copy:
            copy.set_types(["int8", "int4", "halfvec"])
            for number in range(1, 10):
                copy.write_row((number, model.model_id, HalfVector(vectors[-number])))
    assert differences(engine) == []
    assert run(engine, "select count(*) from clipsql_private.search_row") == [(40,)]


def test_a_time_that_changes_while_a_vector_is_written_is_not_missed(engine: Engine) -> None:
    """Either writer may come first; the other waits for him, or finds what he wrote."""
    model, vectors = coded(engine, rows=40)
    run(engine, "delete from clipsql.image_embedding where image_id in (1, 2)")
    insert = "insert into clipsql.image_embedding (image_id, model_id, embedding) values (%s, %s, %s)"
    change = "update clipsql.image set taken_at = '2023-03-03 00:00+00' where image_id = %s"
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    for number, (first, second) in enumerate(((insert, change), (change, insert)), start=1):
        values = {insert: (number, model.model_id, HalfVector(vectors[0])), change: (number,)}
        with psycopg.connect(url) as one, psycopg.connect(url) as two:
            from pgvector.psycopg import register_vector

            register_vector(one)
            register_vector(two)
            one.execute(first, values[first])
            other = threading.Thread(target=lambda: (two.execute(second, values[second]), two.commit()))  # noqa: B023
            other.start()
            other.join(0.3)
            one.commit()
            other.join()
    assert differences(engine) == []


def test_a_writer_who_began_before_the_rows_runs_again_and_no_row_is_missing(engine: Engine) -> None:
    model = new_model(engine, dimensions=192)
    vectors = narrow_vectors(np.random.default_rng(5), 60, 192)
    ids = write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors)])
    run(engine, "delete from clipsql.image_embedding where image_id in (1, 2)")
    insert = "insert into clipsql.image_embedding (image_id, model_id, embedding) values (%s, %s, %s)"
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    from pgvector.psycopg import register_vector

    change = "update clipsql.image_embedding set embedding = %s where image_id = %s"
    with psycopg.connect(url) as early, psycopg.connect(url) as midway, psycopg.connect(url) as writing:
        for one in (early, midway, writing):
            register_vector(one)
        for one in (early, midway):
            one.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            one.execute("select count(*) from clipsql.image")
        writing.execute(insert, (2, model.model_id, HalfVector(vectors[2])))
        writing.execute(change, (HalfVector(vectors[2][::-1].copy()), 5))
        made: list[bool] = []
        refused: list[BaseException] = []

        def come_between(_rows: int) -> None:
            try:
                midway.execute(change, (HalfVector(vectors[2]), 6))
            except psycopg.errors.SerializationFailure as error:
                refused.append(error)
            midway.rollback()

        maker = threading.Thread(
            target=lambda: made.append(ensure_search_rows(engine, model, least_rows=1, on_build=come_between))
        )
        maker.start()
        until(lambda: run(engine, WAITING) == [(1,)])  # until all who write are done
        writing.commit()
        maker.join()
        assert made == [True]
        assert len(refused) == 1
        with pytest.raises(psycopg.errors.SerializationFailure):
            early.execute(insert, (1, model.model_id, HalfVector(vectors[1])))
    assert differences(engine) == []
    assert len(ids) == 60


@pytest.mark.parametrize(
    ("statement", "meets_an_error"),
    [
        ("update clipsql.image set taken_at = '2024-04-04 00:00+00' where image_id = 3", True),
        ("update clipsql.image set taken_at = '2024-04-04 00:00+00' where image_id = 15", False),
        ("delete from clipsql.image_embedding where image_id = 3", False),
    ],
    ids=["a time of a filled row", "a time of a row to come", "a filled row"],
)
def test_who_reads_as_of_before_the_fill_leaves_no_row_wrong(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, statement: str, meets_an_error: bool
) -> None:
    monkeypatch.setattr(search_rows, "_BATCH", 10)
    model = new_model(engine, dimensions=192)
    vectors = narrow_vectors(np.random.default_rng(5), 20, 192)
    write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors)])
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with psycopg.connect(url) as early, psycopg.connect(url) as late:
        for one in (early, late):
            one.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

        def as_of_now(_rows: int) -> None:  # the basis is there, no row yet
            for one in (early, late):
                one.execute("select count(*) from clipsql_private.search_row")

        def come_between(done: int) -> None:
            if done == 10 and meets_an_error:
                with pytest.raises(psycopg.errors.SerializationFailure):
                    early.execute(statement)
                early.rollback()
            elif done == 10:
                early.execute(statement)
                early.commit()

        assert ensure_search_rows(engine, model, least_rows=1, on_build=as_of_now, on_progress=come_between)
        with pytest.raises(psycopg.errors.SerializationFailure):
            late.execute("delete from clipsql.image_embedding where image_id = 5")
    assert differences(engine) == []


def test_who_still_deletes_when_a_fill_ends_is_waited_for(engine: Engine) -> None:
    """The fill does not see yet that a vector is gone, nor he who deletes it its row: the end of the fill does."""
    model = new_model(engine, dimensions=192)
    vectors = narrow_vectors(np.random.default_rng(5), 20, 192)
    write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors)])
    begun = threading.Event()
    with psycopg.connect(
        engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as other:

        def begin_to_delete(_rows: int) -> None:
            other.execute("delete from clipsql.image_embedding where image_id = 3")
            begun.set()

        maker = threading.Thread(
            target=ensure_search_rows,
            args=(engine, model),
            kwargs={"least_rows": 1, "on_build": begin_to_delete},
        )
        maker.start()
        assert begun.wait(30)
        until(lambda: run(engine, WAITING) == [(1,)])
        other.commit()
        maker.join()
    assert differences(engine) == []
    assert run(engine, "select count(*) from clipsql_private.search_row") == [(19,)]


def test_rows_that_are_filled_already_follow_writes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_rows, "_BATCH", 10)
    model = new_model(engine, dimensions=192)
    vectors = narrow_vectors(np.random.default_rng(5), 20, 192)
    write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors)])
    left: list[Any] = []

    def come_between(done: int) -> None:
        if done == 10:
            fresh = HalfVector(vectors[2][::-1].copy())
            run(engine, "update clipsql.image_embedding set embedding = %s where image_id = 3", (fresh,))
            run(engine, "delete from clipsql.image_embedding where image_id = 4")
            left.extend(run(engine, "select count(*) from clipsql_private.search_row"))

    assert ensure_search_rows(engine, model, least_rows=1, on_progress=come_between)
    assert left == [(9,)]
    assert differences(engine) == []


def test_two_runs_at_once_make_one_basis(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    model = new_model(engine, dimensions=192)
    vectors = narrow_vectors(np.random.default_rng(5), 20, 192)
    write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors)])
    both = threading.Barrier(2)

    def learn_together(vectors: NDArray[np.float32]) -> search_rows.Basis:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)
        return learn(vectors)

    monkeypatch.setattr(search_rows, "learn", learn_together)
    makers = [
        threading.Thread(target=ensure_search_rows, args=(engine, model), kwargs={"least_rows": 1})
        for _ in range(2)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert run(engine, "select basis_id, state from clipsql_private.code_basis") == [(1, "ready")]
    assert differences(engine) == []
    indexed = "select count(*) from pg_index where indrelid = 'clipsql_private.search_row_1'::regclass"
    assert run(engine, indexed) == [(4,)]


def test_a_picture_of_any_number_has_a_row_and_gaps_are_no_trouble(engine: Engine) -> None:
    model = new_model(engine, dimensions=192)
    vectors = narrow_vectors(np.random.default_rng(5), 60, 192)
    write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors)])
    # The rows that a look at even places would find.
    run(engine, "delete from clipsql.image_embedding as e where e.ctid::text like '%%,1)'", ())
    run(
        engine,
        "with made as (insert into clipsql.image (image_id, collection, url) overriding system value"
        " select n, 'c', n::text from unnest(array[-5, 0, 2::bigint ^ 40]::bigint[]) as n returning image_id)"
        " insert into clipsql.image_embedding (image_id, model_id, embedding)"
        " select m.image_id, %s, %s from made as m",
        (model.model_id, HalfVector(vectors[0])),
    )
    assert ensure_search_rows(engine, model, least_rows=1)
    assert differences(engine) == []
    found = run(engine, "select min(image_id), max(image_id) from clipsql_private.search_row")
    assert found == [(-5, 2**40)]


def test_rows_are_made_while_pictures_come_and_go(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_rows, "_BATCH", 20)
    model = new_model(engine, dimensions=192)
    vectors = narrow_vectors(np.random.default_rng(5), 140, 192)
    write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors[:100])])
    done = threading.Event()

    def come_and_go() -> None:
        for number in range(100, 140):
            write(engine, model, [picture(f"file:///{number}.jpg", vectors[number])])
            run(engine, "delete from clipsql.image where url = %s", (f"file:///{number - 90}.jpg",))
        done.set()

    writer = threading.Thread(target=come_and_go)
    writer.start()
    reached: list[int] = []
    while not done.is_set():
        assert ensure_search_rows(engine, model, least_rows=1, rebuild=True, on_progress=reached.append)
    writer.join()
    assert differences(engine) == []
    assert reached
    states = run(
        engine, "select state, count(*) from clipsql_private.code_basis group by state order by state"
    )
    assert states[0] == ("ready", 1)


def test_an_unfinished_run_is_gone_on_with(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_rows, "_BATCH", 10)
    model = new_model(engine, dimensions=192)
    vectors = narrow_vectors(np.random.default_rng(5), 100, 192)
    write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors)])

    def stop(done: int) -> None:
        if done >= 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_search_rows(engine, model, least_rows=1, on_progress=stop)
    filled = (
        "select image_id, ctid::text from clipsql_private.search_row where image_id <= 50 order by image_id"
    )
    before = run(engine, filled)
    assert len(before) == 50
    (status,) = [s for s in index_stats(engine) if s.embeddings == "image_embedding"]
    assert status.search_rows == "filling"
    assert ensure_search_rows(engine, model, least_rows=1)
    assert differences(engine) == []
    assert run(engine, "select basis_id, state from clipsql_private.code_basis") == [(1, "ready")]
    assert run(engine, filled) == before  # not written twice
    # Indexes are read alone where all see a page.
    assert run(
        engine,
        "select c.relallvisible = c.relpages, c.reltuples from pg_class as c where c.relname = 'search_row_1'",
    ) == [(True, 100)]
    assert not ensure_search_rows(engine, model, least_rows=1)  # nothing to do


def test_retired_rows_stay_for_those_who_still_read_them_then_go(engine: Engine) -> None:
    model, _ = coded(engine, rows=40)
    assert ensure_search_rows(engine, model, least_rows=1, rebuild=True)
    assert not ensure_search_rows(engine, model, least_rows=1)
    assert run(engine, "select count(*) from clipsql_private.search_row_1") == [(40,)]
    grow_older = "update clipsql_private.code_basis set changed_at = changed_at - interval '6 minutes'"
    run(engine, grow_older)
    assert ensure_search_rows(engine, model, least_rows=1, rebuild=True)
    run(engine, grow_older)
    assert not ensure_search_rows(engine, model, least_rows=1)
    # Twelve minutes after they were retired the first ones are gone, six minutes after the second ones are not.
    assert run(
        engine,
        "select basis_id, state, to_regclass('clipsql_private.search_row_' || basis_id) is not null"
        " from clipsql_private.code_basis order by basis_id",
    ) == [(2, "retired", True), (3, "ready", True)]
    run(engine, "update clipsql_private.code_basis set changed_at = changed_at - interval '1 hour'")
    assert not ensure_search_rows(engine, model, least_rows=1)
    assert run(engine, "select basis_id from clipsql_private.code_basis") == [(3,)]
    assert run(engine, "select to_regclass('clipsql_private.search_row_1') is null") == [(True,)]
    models.remove_model(engine, model.name)
    assert run(engine, "select relname from pg_class where relname like 'search\\_row\\_%%'", ()) == []


def test_few_pictures_get_no_rows(engine: Engine) -> None:
    model, _ = coded(engine, rows=10)
    other = new_model(engine, dimensions=3, name="tests/empty")
    assert not ensure_search_rows(engine, other, least_rows=0)
    assert not ensure_search_rows(engine, model, least_rows=11, rebuild=True)


@pytest.fixture(scope="module")
def long_vectors(new_database: Callable[..., URL], template: str) -> Iterator[tuple[Engine, Filled]]:
    """3,000 pictures whose codes leave something out."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    filled = fill(engine, rows=3000, dimensions=320)
    vectors = narrow_vectors(np.random.default_rng(9), 3000, 320)
    with autocommit_connection(engine) as connection:
        connection.execute("create temporary table fresh (image_id bigint, embedding halfvec)")
        with connection.cursor().copy("copy fresh from stdin (format binary)") as copy:
            copy.set_types(["int8", "halfvec"])
            for one, vector in zip(filled.pictures, vectors, strict=True):
                copy.write_row((one.image_id, HalfVector(vector)))
        connection.execute(
            "update clipsql.image_embedding as e set embedding = f.embedding from fresh as f"
            " where f.image_id = e.image_id"
        )
        connection.execute("analyze")
    assert ensure_search_rows(engine, filled.model, least_rows=1)
    assert ensure_index(engine, filled.model, table="image_embedding")
    stored = Filled(
        engine=engine,
        model=filled.model,
        pictures=filled.pictures,
        vectors=vectors.astype(np.float16).astype(np.float64),
    )
    yield engine, stored
    engine.dispose()


FILTERS = {
    "collection": ("in_collection => 'streets'", lambda p: p.collection == "streets"),
    "a small collection": ("in_collection => '中文'", lambda p: p.collection == "中文"),
    "time": (
        "taken_from => '2025-03-01 00:00+00', taken_until => '2025-04-01 00:00+00'",
        lambda p: p.taken_at is not None and (p.taken_at.year, p.taken_at.month) == (2025, 3),
    ),
    "time and collection": (
        "in_collection => 'holidays', taken_from => '2025-03-01 00:00+00'",
        lambda p: (
            p.collection == "holidays"
            and p.taken_at is not None
            and (p.taken_at.year, p.taken_at.month) >= (2025, 3)
        ),
    ),
    "metadata": ("having_metadata => '{}'", lambda _: True),
    "a shape": (
        "inside => '((-180,0),(180,0),(180,90),(-180,90))'",
        lambda p: p.latitude is not None and p.latitude >= 0,
    ),
    "nothing": ("in_collection => 'none'", lambda _: False),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("k", [1, 10, 200])
@pytest.mark.filterwarnings("ignore")
def test_scanned_rows_answer_as_brute_force(long_vectors: tuple[Engine, Filled], name: str, k: int) -> None:
    engine, filled = long_vectors
    argument, keeps = FILTERS[name]
    queries = narrow_vectors(np.random.default_rng(k), 6, 320)
    queries[3:] = unit_vectors(np.random.default_rng(k), 3, 320)  # as far from all pictures as texts are
    recalls = []
    for query in queries:
        similarities = filled.similarities(query)
        matching = [(-similarities[n], p.image_id) for n, p in enumerate(filled.pictures) if keeps(p)]
        expected = [image_id for _, image_id in sorted(matching)[:k]]
        rows = run(
            engine,
            f"select s.image_id, s.similarity from clipsql.search(%s::vector, %s, {argument}) as s",
            (HalfVector(query).to_text(), k),
        )
        assert len(rows) == len(expected)
        recalls.append(len({row[0] for row in rows} & set(expected)) / max(1, len(expected)))
        by_id = {p.image_id: similarities[n] for n, p in enumerate(filled.pictures)}
        assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
        np.testing.assert_allclose([row[1] for row in rows], [by_id[row[0]] for row in rows], atol=2e-3)
    assert np.mean(recalls) >= (0.97 if expected else 0)


def plan(engine: Engine, arguments: str, query: NDArray[np.float32]) -> dict[str, Any]:
    (row,) = run(
        engine,
        f"select to_jsonb(p) from clipsql.search_plan(%s::vector, {arguments}) as p",
        (HalfVector(query).to_text(),),
    )
    return dict(row[0])


@pytest.mark.filterwarnings("ignore")
def test_the_plan_says_which_rows_were_read_and_what_is_proved(long_vectors: tuple[Engine, Filled]) -> None:
    engine, filled = long_vectors
    query = narrow_vectors(np.random.default_rng(1), 1, 320)[0]
    few = plan(engine, "10, in_collection => '中文', taken_until => '2025-06-01 00:00+00'", query)
    assert (few["strategy"], few["is_exact"], few["recall"]) == ("search rows", True, 1)
    assert few["matching_rows"] < 400
    assert "search_row_1_collection_taken_at" in few["index_used"]
    place = "near_longitude => 10, near_latitude => 50, within_m => 2000"
    around = plan(engine, f"10, {place}", query)
    # Whether a place lies inside takes half as long again.
    named = "10, only_images => array[1, 2, 3, 4]::bigint[]"
    assert plan(engine, f"{named}, {place}", query)["expected_ms"] == pytest.approx(
        1.5 * plan(engine, named, query)["expected_ms"]
    )
    assert around["index_used"] == "search_row_1_point_longitude_latitude_image_id_left_out_cod_idx"
    placed = sum(one.longitude is not None for one in filled.pictures)
    assert run(engine, "select reltuples from pg_class where relname = %s", (around["index_used"],)) == [
        (placed,)
    ]
    many = plan(engine, "10, in_collection => 'streets'", query)
    assert (many["strategy"], many["is_exact"]) == ("search rows", False)
    assert 0.9 <= many["recall"] <= 1
    assert "codes in search rows" in many["explanation"]


@pytest.mark.parametrize("pictures", [pytest.param(900, id="many"), pytest.param(300, id="few")])
def test_codes_that_leave_much_out_are_widened_until_the_answer_is_right(
    engine: Engine, pictures: int
) -> None:
    """Vectors of which a code tells little: nearly all of the list may be nearer than the last wanted one."""
    model = new_model(engine, dimensions=700)
    random = np.random.default_rng(3)
    vectors = unit_vectors(random, pictures, 700)
    ids = write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors)])
    assert ensure_search_rows(engine, model, least_rows=1)
    ((left_out,),) = run(engine, "select left_out from clipsql_private.code_basis")
    assert left_out > 0.5
    stored = vectors.astype(np.float16).astype(np.float64)
    for query in unit_vectors(random, 3, 700):
        best = np.argsort(-(stored @ query))[:10]
        rows = run(
            engine,
            "select s.image_id from clipsql.search(%s::vector, 10, in_collection => 'c') as s",
            (HalfVector(query).to_text(),),
        )
        assert {row[0] for row in rows} == {ids[f"file:///{n}.jpg"] for n in best}
    assert plan(engine, "10, in_collection => 'c'", vectors[0])["is_exact"]


def test_codes_that_are_the_vectors_answer_exactly_and_ties_by_number(engine: Engine) -> None:
    model = new_model(engine, dimensions=24)
    vectors = unit_vectors(np.random.default_rng(3), 900, 24)
    vectors[100:140] = vectors[100]
    write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors)])
    assert ensure_search_rows(engine, model, least_rows=1)
    found = plan(engine, "5, in_collection => 'c'", vectors[100])
    assert (found["strategy"], found["is_exact"]) == ("search rows", True)
    rows = run(
        engine,
        "select s.image_id from clipsql.search(%s::vector, 5, in_collection => 'c') as s",
        (HalfVector(vectors[100]).to_text(),),
    )
    assert rows == [(101,), (102,), (103,), (104,), (105,)]


@pytest.mark.parametrize("dimensions", [1, 2, 128, 129, 4000])
def test_vectors_of_any_length_have_rows(engine: Engine, dimensions: int) -> None:
    model = new_model(engine, dimensions=dimensions)
    vectors = narrow_vectors(np.random.default_rng(2), 30, dimensions)
    write(engine, model, [picture(f"file:///{n}.jpg", v) for n, v in enumerate(vectors)])
    assert ensure_search_rows(engine, model, least_rows=1)
    assert differences(engine) == []
    ((length,),) = run(engine, "select length from clipsql_private.code_basis")
    assert length == dimensions if dimensions <= 128 else length <= 256
    rows = run(
        engine,
        "select s.image_id from clipsql.search(%s::vector, 5, in_collection => 'c') as s",
        (HalfVector(vectors[4]).to_text(),),
    )
    assert len(rows) == 5
    if dimensions > 1:
        assert rows[0][0] == 5


def test_the_basis_is_orthonormal_and_its_length_keeps_what_is_left_out_small() -> None:
    vectors = narrow_vectors(np.random.default_rng(2), 2000, 512)
    basis = learn(vectors)
    np.testing.assert_allclose(
        basis.directions @ basis.directions.T, np.eye(len(basis.directions)), atol=1e-5
    )
    assert len(basis.directions) == 128
    assert 0 <= basis.left_out < 0.05
    mean = vectors.mean(axis=0)
    assert basis.directions[0] @ mean == pytest.approx(np.linalg.norm(mean), abs=0.01)
    assert basis.cone == pytest.approx(np.linalg.norm(mean), abs=0.02)
    even = learn(unit_vectors(np.random.default_rng(2), 2000, 512))
    assert len(even.directions) == 256
    assert even.left_out > 0.4
    assert even.cone < 0.1
    assert learn(vectors[:3]).left_out >= 0  # fewer than are held out


def test_row_level_security_and_readers(engine: Engine) -> None:
    """Under row-level security search rows, which would tell of hidden pictures, are neither used nor readable."""
    model, _ = coded(engine, rows=40)
    query = "select s.image_id from clipsql.search(array_fill(1, array[192])::vector, 40, in_collection => 'c') as s"
    with autocommit_connection(engine) as connection:
        connection.execute("set role clipsql_reader")
        assert len(connection.execute(query).fetchall()) == 40
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from clipsql_private.search_row")
        connection.execute("reset role")
        connection.execute("alter table clipsql.image enable row level security")
        connection.execute("create policy few on clipsql.image to clipsql_reader using (image_id <= 3)")
        connection.execute("set role clipsql_reader")
        assert sorted(connection.execute(query).fetchall()) == [(1,), (2,), (3,)]
        connection.execute("reset role")
        connection.execute("select clipsql.enable_tenants()")
        connection.execute("set role clipsql_reader")
        assert sorted(connection.execute(query).fetchall()) == [(1,), (2,), (3,)]
        assert connection.execute("select count(*) from clipsql_private.search_row").fetchall() == [(3,)]
        assert connection.execute("select count(*) from clipsql_private.code_direction").fetchall() == [(0,)]
        connection.execute("reset role")
        assert ensure_search_rows(engine, model, least_rows=1, rebuild=True)
        connection.execute("set role clipsql_reader")
        newest = "select count(*) from clipsql_private.search_row_2"
        assert connection.execute(newest).fetchall() == [(0,)]  # a partition is read through its whole
        connection.execute("reset role")


def test_a_percentile_is_the_same_by_codes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    model, vectors = coded(engine, rows=1500)
    asked = [HalfVector(v).to_text() for v in (vectors[3], *unit_vectors(np.random.default_rng(4), 2, 192))]
    statement = (
        "select s.image_id, s.percentile, s.percentile_error from clipsql.search(%s::vector, 300) as s"
    )
    percentile_samples.refresh(engine, model)
    assert run(engine, "select count(*) from clipsql_private.percentile_sample_code") == [(2000,)]
    by_codes = [run(engine, statement, (query,)) for query in asked]
    nearest = (
        "select b.size, b.distances from clipsql.model as m, clipsql_private.percentile_basis("
        "array[%s::halfvec], 'c', 0.3, m, row(1, clipsql_private.code_of(%s::halfvec, 1))) as b"
    )
    ((size, distances),) = run(engine, nearest, (asked[0], asked[0]))
    assert size == 1000
    assert 0 < len(distances) < 1000
    assert distances[-1] <= 0.3
    # Codes by other directions than those of the sample say nothing about it.
    turned = replace(learn(vectors), directions=learn(vectors).directions[::-1].copy())
    monkeypatch.setattr(search_rows, "learn", lambda _vectors: turned)
    assert ensure_search_rows(engine, model, least_rows=1, rebuild=True)
    by_older_codes = [run(engine, statement, (query,)) for query in asked]
    run(engine, "update clipsql_private.percentile_sample set basis_id = null")
    whole = [run(engine, statement, (query,)) for query in asked]
    for one, other in zip([*by_codes, *by_older_codes], [*whole, *whole], strict=True):
        assert [row[0] for row in one] == [row[0] for row in other]
        np.testing.assert_allclose([row[1] for row in one], [row[1] for row in other], atol=0.11)
    assert percentile_samples.refresh(engine, model) == 2  # codes are lacking


def test_tuning_measures_what_searches_then_choose_by(long_vectors: tuple[Engine, Filled]) -> None:
    engine, filled = long_vectors
    query = narrow_vectors(np.random.default_rng(1), 1, 320)[0]
    argument = "10, in_collection => 'streets'"
    assert plan(engine, argument, query)["strategy"] == "search rows"
    tuned = tuning.tune(engine, filled.model, queries=6)
    assert all(one.recall > 0.9 for one in tuned)
    ((walk_us, code_us, lookup_us),) = run(
        engine, "select walk_us, code_us, lookup_us from clipsql_private.search_cost"
    )
    assert 0 < code_us < lookup_us
    assert code_us < walk_us
    run(engine, "update clipsql_private.search_cost set walk_us = 1e-6, code_us = 1e3")
    run(engine, "delete from clipsql_private.search_tuning")
    assert plan(engine, argument, query)["strategy"] == "index walk"
    run(engine, "update clipsql_private.search_cost set walk_us = 1e6")
    assert plan(engine, argument, query)["strategy"] == "search rows"
    run(engine, "delete from clipsql_private.search_cost")


def test_costs_decide_how_a_search_is_begun(long_vectors: tuple[Engine, Filled]) -> None:
    """As if a code cost a millisecond, and a row of an index walk next to nothing."""
    engine, filled = long_vectors
    near = narrow_vectors(np.random.default_rng(1), 1, 320)[0]
    far = unit_vectors(np.random.default_rng(1), 1, 320)[0]
    run(
        engine,
        "insert into clipsql_private.search_cost (model_id, walk_us, code_us, lookup_us) values (%s, 1e-6, 1e3, 2)",
        (filled.model.model_id,),
    )
    try:
        few = plan(engine, "10, in_collection => '中文'", near)
        assert few["strategy"] == "search rows"
        assert "faster than it is found out how many they are" in few["explanation"]
        assert (
            "no filter narrows"
            in plan(engine, "10, except_images => array[1]::bigint[]", near)["explanation"]
        )
        # Who is far from all pictures, as texts are, is not asked a short walk first.
        assert "passed 60 rows" in plan(engine, "10", near)["explanation"]
        assert "passed 400 rows" in plan(engine, "10", far)["explanation"]
        # What takes no longer than a moment is compared, which is exact, however short the walk.
        run(engine, "update clipsql_private.search_cost set code_us = 1")
        assert plan(engine, "10, in_collection => 'streets'", near)["strategy"] == "search rows"
        # Where a whole walk is not worth it, a short one is begun for who may be near.
        run(engine, "update clipsql_private.search_cost set walk_us = 20, code_us = 3.5")
        assert plan(engine, "10", near)["strategy"] == "index walk"
        assert plan(engine, "10", far)["strategy"] == "search rows"
        run(engine, "update clipsql_private.search_cost set walk_us = 1e-6, code_us = 1e3")
        run(
            engine,
            "insert into clipsql_private.search_tuning"
            " (model_id, collection, ef_search, target_recall, measured_recall, queries)"
            " select %s, t.collection, t.ef_search, 0.95, 0.95, 50"
            " from (values (null, 500), ('streets', 333)) as t(collection, ef_search)",
            (filled.model.model_id,),
        )
        assert "ef_search 333" in plan(engine, "10, in_collection => 'streets'", near)["explanation"]
        assert "ef_search 500" in plan(engine, "10", near)["explanation"]
    finally:
        run(engine, "delete from clipsql_private.search_cost; delete from clipsql_private.search_tuning")


def launched(connection: Any, statement: str, parameters: Any) -> int:
    """How many parallel workers a statement was given in the open transaction, whose changes are then gone."""
    count = "select parallel_workers_launched from pg_stat_database where datname = current_database()"
    connection.execute(statement, parameters)
    connection.rollback()
    connection.execute("select pg_stat_force_next_flush()")
    connection.rollback()
    (number,) = connection.execute(count).fetchone()
    return int(number)


LONG = "update pg_class set reltuples = 70 * reltuples where oid = '{}'::regclass"
WHOLE = (
    "update clipsql_private.code_basis set state = 'retired'",
    "update pg_index set indisvalid = false where indexrelid = 'clipsql_private.image_embedding_1_hnsw'::regclass",
    LONG.format("clipsql_private.image_embedding_1"),
    LONG.format("clipsql.image"),
)


@pytest.mark.parametrize(
    ("changes", "workers"),
    [
        pytest.param((), False, id="few rows"),
        pytest.param((LONG.format("clipsql_private.search_row_1"),), True, id="many search rows"),
        pytest.param(WHOLE[:2], False, id="few vectors"),
        pytest.param(WHOLE, True, id="many vectors"),
    ],
)
def test_long_scans_are_shared_among_processes(
    long_vectors: tuple[Engine, Filled], changes: tuple[str, ...], workers: bool
) -> None:
    """Long ones are those of some 200,000 rows, as the planner is made to believe."""
    engine, _ = long_vectors
    query = HalfVector(narrow_vectors(np.random.default_rng(1), 1, 320)[0]).to_text()
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        if connection.info.server_version < 180000:
            pytest.skip("PostgreSQL counts the workers that it starts from 18 on")
        before = launched(connection, "select 1", ())
        for name in ("min_parallel_table_scan_size", "min_parallel_index_scan_size"):
            connection.execute(f"set {name} = 0")
        for change in changes:
            connection.execute(change)
        statement = "select s.image_id from clipsql.search(%s::vector, 10, in_collection => 'streets') as s"
        assert (launched(connection, statement, (query,)) > before) == workers


@pytest.mark.slow
def test_the_cost_of_a_code_is_measured_as_a_filter_reads_it(engine: Engine) -> None:
    """Through the index of times, where a tenth of the rows are enough to measure by."""
    model = new_model(engine, dimensions=3)
    run(
        engine,
        "insert into clipsql.image (collection, url, taken_at)"
        " select 'c', n::text, timestamptz '2025-01-01 00:00+00' + n * interval '1 minute'"
        " from generate_series(1, 25000) as n",
    )
    run(
        engine,
        "insert into clipsql.image_embedding (image_id, model_id, embedding)"
        " select i.image_id, %s, array[cos(i.image_id), sin(i.image_id), 1]::vector::halfvec from clipsql.image as i",
        (model.model_id,),
    )
    assert ensure_search_rows(engine, model)
    run(
        engine,
        f"create index image_embedding_{model.model_id}_hnsw on clipsql_private.image_embedding_{model.model_id}"
        " using hnsw ((embedding::halfvec(3)) halfvec_cosine_ops) with (m = 4, ef_construction = 8)",
    )
    run(engine, "vacuum (analyze) clipsql.image_embedding")
    ((walk_us, code_us, lookup_us),) = run(
        engine, "select (clipsql_private.measure_costs(%s)).*", (model.model_id,)
    )
    assert 0 < code_us < lookup_us
    assert code_us < walk_us
    scans = (
        "select s.idx_scan > 0 from pg_stat_user_indexes as s where s.indexrelname ~ '^search_row_1_taken_at'"
    )
    assert run(engine, scans) == [(True,)]
