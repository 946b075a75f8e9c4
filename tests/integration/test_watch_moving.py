"""Watches follow the model: none misses a picture, none raises for one that it has judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from click.testing import Result
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql.db.models import add_space, remove_model
from clipsql.db.moved_watches import move_watches
from clipsql.db.shadows import use_model
from clipsql.db.text_towers import remember_texts
from clipsql.models import register_model
from clipsql.search.searcher import Searcher

Connection = psycopg.Connection[tuple[Any, ...]]
NEAR, FAR = [1.0, 0.1], [0.0, 1.0]
STATE = "select m.name, w.problem from clipsql.watch_list as w join clipsql.model as m using (model_id)"


def libpq(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection to a database with the spaces "old" and "new", which know the same 40 pictures."""
    for name in ("old", "new"):
        add_space(engine, name, dimensions=2)
    angles = np.linspace(0.5, 1.5, 40)
    for name in ("old", "new"):
        columns = {
            "url": [str(number) for number in range(40)],
            "embedding": np.stack([np.cos(angles), np.sin(angles)], 1),
        }
        Searcher(engine, model=name).put_many("c", columns)
    with psycopg.connect(libpq(engine), autocommit=True) as connection:
        yield connection


def rows(connection: Connection, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode(), values or None).fetchall()


def watch(connection: Connection, name: str = "w", options: str = "min_percentile => 90") -> None:
    first = "(select image_id from clipsql.image where url = '0' and collection = 'c')"
    rows(connection, f"select clipsql.watch(%s, image => {first}, {options}, model => 'old')", name)


def put(engine: Engine, url: str, vector: Sequence[float], *models: str, collection: str = "c") -> int:
    (image_id,) = {Searcher(engine, model=name).put(collection, url, embedding=vector) for name in models}
    return image_id


def raised(connection: Connection) -> list[str]:
    found = rows(
        connection, "select url from clipsql.alert join clipsql.image using (image_id) order by alert_id"
    )
    return [url for (url,) in found]


def test_what_the_new_model_alone_knows_raises_its_alarms_when_the_watch_moves(
    connection: Connection, engine: Engine
) -> None:
    near = [np.cos(0.5), np.sin(0.5)]
    put(engine, "before", near, "new")
    for name, options in {
        "w": "min_percentile => 80",
        "paused": "min_percentile => 80",
        "elsewhere": "min_percentile => 80, having_metadata => '{\"gate\": 1}'",
    }.items():
        watch(connection, name, options)
    rows(connection, "select clipsql.pause_watch('paused')")
    put(engine, "old alone", near, "old")
    put(engine, "both", near, "old", "new")
    put(engine, "new alone", near, "new")
    put(engine, "new alone, far", FAR, "new")
    put(engine, "judged by the old", FAR, "old")
    put(engine, "judged by the old", near, "new")
    assert raised(connection) == ["old alone", "both"]
    put(engine, "old alone", near, "new")
    with psycopg.connect(libpq(engine), autocommit=True) as listener:
        listener.execute("listen clipsql_alert")
        assert rows(connection, "select clipsql.move_watches('new')") == [(3,)]
        assert [note.payload for note in listener.notifies(timeout=5, stop_after=1)] == ["[3]"]
    assert raised(connection) == ["old alone", "both", "new alone"]
    assert rows(connection, "select clipsql.move_watches('new')") == [(0,)]
    put(engine, "later", near, "old", "new")
    assert raised(connection) == ["old alone", "both", "new alone", "later"]


def test_a_watch_waits_until_the_model_knows_its_pictures_and_goes_back_as_it_came(
    connection: Connection, engine: Engine
) -> None:
    watch(connection)
    for number in range(3):
        put(engine, str(number), [number, 1], "old", "new", collection="d")
    watch(connection, "of d", "min_percentile => 50, in_collection => 'd'")
    for number in range(2):
        put(engine, f"more {number}", FAR, "old")
    assert rows(connection, "select clipsql.move_watches('new')") == [(1,)]
    assert rows(connection, f"{STATE} order by w.name") == [
        ("new", None),
        ("old", "Not under model new: of 45 pictures that the old model knows it does not know 2 yet."),
    ]
    assert rows(connection, "select clipsql.move_watches('old')") == [(1,)]
    assert rows(connection, STATE) == [("old", None)] * 2
    # A hundredth may be lacking: pictures that cannot be read any more, and those that come just now.
    for number in range(2):
        put(engine, f"more {number}", FAR, "new")
    for number in range(60):
        put(engine, f"others {number}", FAR, "old", "new")
    put(engine, "on its way", FAR, "old")
    assert rows(connection, "select clipsql.move_watches('new')") == [(2,)]


def test_a_watch_whose_model_was_removed_moves_at_once_and_begins_anew(
    connection: Connection, engine: Engine
) -> None:
    watch(connection)
    put(engine, "missed", [np.cos(0.5), np.sin(0.5)], "new")
    remove_model(engine, "old")
    assert rows(connection, "select clipsql.move_watches('new')") == [(1,)]
    assert raised(connection) == []  # nobody knows any more which the old model had judged
    assert rows(connection, STATE) == [("new", None)]


def test_other_problems_of_a_watch_stay(connection: Connection) -> None:
    watch(connection)
    connection.execute("update clipsql.watch_list set problem = 'a fault'")
    rows(connection, "select clipsql.move_watches('old')")
    assert rows(connection, STATE) == [("old", "a fault")]


def test_a_watch_that_somebody_changes_meanwhile_stays_whole(connection: Connection, engine: Engine) -> None:
    watch(connection, "changed")
    watch(connection, "w")
    with psycopg.connect(libpq(engine)) as writer, ThreadPoolExecutor(1) as pool:
        rows(writer, "select clipsql.put_image('c', 'slow', '[1,0]'::vector, model => 'old')")
        moved = pool.submit(Searcher(engine, model="new").move_watches)
        time.sleep(0.4)
        connection.execute("update clipsql.watch_list set alarms_per_day = 7 where name = 'changed'")
        writer.commit()
        assert moved.result(timeout=20) == 1
    under = (
        "select w.name, w.model_id = v.model_id, m.name from clipsql.watch_list as w"
        " join clipsql_private.watch_vector as v using (watch_id)"
        " join clipsql.model as m on m.model_id = v.model_id order by 1"
    )
    assert rows(connection, under) == [("changed", True, "old"), ("w", True, "new")]


def test_a_watch_made_anew_under_another_model_begins_with_pictures_to_come(
    connection: Connection, engine: Engine
) -> None:
    watch(connection)
    put(engine, "new alone", NEAR, "new")
    rows(
        connection,
        "select clipsql.watch('w', query_vector => '[1,0]', min_similarity => 0.5, model => 'new')",
    )
    assert raised(connection) == []
    put(engine, "later", NEAR, "new")
    assert raised(connection) == ["later"]


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_watch_begins_only_where_it_sees_what_others_wrote(connection: Connection, level: str) -> None:
    connection.execute(f"set default_transaction_isolation = '{level}'".encode())
    with pytest.raises(psycopg.errors.FeatureNotSupported, match='under "read committed" only'):
        watch(connection)
    assert rows(connection, "select from clipsql.watch_list") == []


def test_texts_that_sql_cannot_embed_are_encoded_once(connection: Connection, engine: Engine) -> None:
    connection.execute("update clipsql.model set location = name, revision = '1'")  # as of files
    old, new = (Searcher(engine, model=name).model for name in ("old", "new"))
    remember_texts(engine, old, {"a truck": np.float32([1, 0]), "night": np.float32([0, 1])})
    for name, options in {"rate": "min_percentile => 90", "fixed": "min_similarity => 0.9"}.items():
        query = "a truck + 2*night - image:3" if name == "rate" else "night"
        rows(connection, f"select clipsql.watch(%s, %s, {options}, model => 'old')", name, query)
    asked: list[list[str]] = []

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.append(sorted(texts))
        return np.tile(np.float32([0.6, 0.8]), (len(texts), 1))

    assert move_watches(engine, new) == 0
    assert "remember" in dict(rows(connection, "select name, problem from clipsql.watch_list"))["rate"]
    assert move_watches(engine, new, encode) == 1
    assert asked == [["a truck", "night"]]
    assert move_watches(engine, old, encode) == 1
    assert move_watches(engine, new, encode) == 1
    assert len(asked) == 1


def test_a_model_is_used_even_when_its_watches_cannot_follow(
    connection: Connection, engine: Engine, clipsql: Callable[..., Result]
) -> None:
    remember_texts(engine, Searcher(engine, model="old").model, {"a truck": np.float32([1, 0])})
    rows(connection, "select clipsql.watch('w', 'a truck', min_percentile => 90, model => 'old')")
    connection.execute(
        "update clipsql.model set location = '/nowhere/at/all', revision = '1' where name = 'new'"
    )
    used = clipsql("model", "use", "new")
    assert (used.exit_code, used.stdout) == (0, "Model new is the default now.\n")
    assert "Watches did not follow" in used.stderr
    assert rows(connection, STATE) == [("old", None)]
    assert clipsql("watch", "move").exit_code == 1


def test_watches_follow_the_default_model_by_themselves(
    engine: Engine, clipsql: Callable[..., Result], model_folder: Path, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        register_model(engine, str(model_folder), name=name)
    for number in range(8):
        Image.new("RGB", (32, 32), (30 * number, 200 - 20 * number, 90)).save(tmp_path / f"{number}.png")
    assert clipsql("ingest", tmp_path, "--collection", "c").exit_code == 0
    assert clipsql("watch", "add", "w", "a red truck", "--min-percentile", "60").exit_code == 0
    assert clipsql("watch", "add", "fixed", "a red truck", "--min-similarity", "0.6").exit_code == 0
    used = clipsql("model", "use", "second")
    assert used.exit_code == 0
    assert '2 watches are under other models; "clipsql watch list" says why.' in used.stderr
    ingested = clipsql("ingest", tmp_path, "--collection", "c")
    assert ingested.exit_code == 0, ingested.output
    models = {one.name: one.model for one in Searcher(engine).watches()}
    assert models == {"w": "second", "fixed": "first"}
    back = clipsql("model", "use", "first")
    assert "1 watches moved to it.\n" in back.stderr
    assert {one.model for one in Searcher(engine).watches()} == {"first"}
    use_model(engine, "second")
    done = clipsql("worker", "--until-empty", "--model", "first")
    assert done.exit_code == 0, done.output
    assert {one.model for one in Searcher(engine).watches()} == {"first"}
    assert clipsql("worker", "--until-empty").exit_code == 0
    assert {one.name: one.model for one in Searcher(engine).watches()} == models
