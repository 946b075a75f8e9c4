"""What every search promises: complete, ordered, whatever the session left behind, clear about wrong arguments."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from integration.filling import Filled, fill, new_model, picture, unit_vectors, write
from integration.sessions import set_for_session
from psycopg import sql
from sqlalchemy.engine import URL, Engine

from clipsql import errors, orm
from clipsql.db.engine import create_engine, database_errors
from clipsql.db.indexes import ensure_index
from clipsql.db.models import remove_model
from clipsql.search.searcher import Searcher

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def filled(new_database: Callable[..., URL], template: str) -> Iterator[Filled]:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    filled = fill(engine, rows=600)
    ensure_index(engine, filled.model, table="image_embedding")
    yield filled
    engine.dispose()


@pytest.fixture(scope="module")
def url(filled: Filled) -> str:
    """URL for libpq."""
    return filled.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


# Reads that between them take every path; none needs an operator or type of pgvector in the caller's search_path.
QUERIES = (
    "select * from clipsql.search(clipsql.image_vector(1))",
    "select * from clipsql.search(clipsql.image_vector(2), 600)",
    "select * from clipsql.search(clipsql.image_vector(3), 7, taken_from => '2025-03-01T00:00Z', "
    "taken_until => '2025-09-01T00:00Z', having_metadata => '{\"night\": true}')",
    "select * from clipsql.search(clipsql.image_vector(4), near_longitude => 180, near_latitude => 0, within_m => 3e6)",
    "select * from clipsql.search_similar(5, caption_query => 'red trucks', inside => '((-180,-90),(180,-90),(0,90))')",
    "select * from clipsql.search_similar(6, only_images => array(select generate_series(1, 99)::bigint))",
    "select * from clipsql.search(clipsql.mix(array[clipsql.image_vector(7), clipsql.image_vector(8)], '{1, -0.5}'))",
)


def answers(connection: psycopg.Connection[Any], **options: Any) -> list[Rows]:
    return [connection.execute(query.encode(), **options).fetchall() for query in QUERIES]


@pytest.fixture(scope="module")
def expected(url: str) -> list[Rows]:
    with psycopg.connect(url) as connection:
        found = answers(connection)
    assert all(found)
    return found


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"enable_seqscan": "off"}, id="no sequential scans"),
        pytest.param({"enable_indexscan": "off", "enable_bitmapscan": "off"}, id="no index scans"),
        pytest.param({"enable_sort": "off", "enable_hashjoin": "off"}, id="no sorts"),
        pytest.param({"enable_nestloop": "off", "enable_mergejoin": "off"}, id="no nested loops"),
        pytest.param({"plan_cache_mode": "force_generic_plan"}, id="generic plans"),
        pytest.param({"search_path": ""}, id="empty search_path"),
        pytest.param({"search_path": "pg_temp, clipsql"}, id="clipsql in the search_path"),
        pytest.param({"timezone": "Asia/Kathmandu", "lc_numeric": "C"}, id="another time zone"),
        pytest.param({"default_transaction_isolation": "serializable"}, id="serializable"),
        pytest.param({"default_transaction_read_only": "on"}, id="read-only"),
        pytest.param({"extra_float_digits": "-10", "standard_conforming_strings": "off"}, id="odd formats"),
        pytest.param(
            {
                "hnsw.ef_search": "1",
                "hnsw.iterative_scan": "off",
                "hnsw.max_scan_tuples": "1",
                "hnsw.scan_mem_multiplier": "1",
            },
            id="poor hnsw settings",
        ),
        pytest.param(
            {
                "debug_parallel_query": "on",
                "parallel_setup_cost": "0",
                "parallel_tuple_cost": "0",
                "min_parallel_table_scan_size": "0",
            },
            id="parallel everywhere",
        ),
        pytest.param({"jit_above_cost": "0", "work_mem": "64kB"}, id="compiled, little memory"),
    ],
)
def test_no_session_setting_changes_an_answer(
    url: str, expected: list[Rows], settings: dict[str, str]
) -> None:
    with psycopg.connect(url) as connection:
        set_for_session(connection, settings)
        found = answers(connection)
    if "extra_float_digits" in settings:  # numbers arrive as text, rounded
        found, expected = ([[row[:2] for row in rows] for rows in given] for given in (found, expected))
    assert found == expected


def test_prepared_statements_give_the_same_answer_ten_times(url: str, expected: list[Rows]) -> None:
    with psycopg.connect(url) as connection:
        for _ in range(10):
            assert answers(connection, prepare=True) == expected


def test_a_bound_filter_is_right_in_every_execution(url: str, filled: Filled) -> None:
    statement = (
        "select image_id from clipsql.search(clipsql.image_vector(1), 600, in_collection => %s, model => %s)"
    )
    with psycopg.connect(url) as connection:
        for number in range(14):
            wanted = ("streets", "holidays", "nowhere")[number % 3]
            ids = connection.execute(statement, (wanted, filled.model.name), prepare=True).fetchall()
            assert {row[0] for row in ids} == {
                p.image_id for p in filled.pictures if p.collection == wanted
            }, number


@pytest.mark.parametrize("fails", [False, True], ids=["after an answer", "after an error"])
def test_settings_of_the_session_are_back_after_the_call(url: str, fails: bool) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("select clipsql.image_vector(1)")  # loads pgvector, which defines hnsw.*
        for name, value in {
            "hnsw.ef_search": "17",
            "hnsw.iterative_scan": "off",
            "hnsw.max_scan_tuples": "123",
            "enable_seqscan": "off",
            "enable_sort": "off",
            "search_path": "public, clipsql",
        }.items():
            connection.execute("select set_config(%s, %s, false)", (name, value))
        connection.commit()
        before = connection.execute("select name, setting from pg_settings order by name").fetchall()
        assert ("hnsw.ef_search", "17") in before
        if fails:
            with connection.transaction(force_rollback=True), pytest.raises(psycopg.Error) as caught:
                connection.execute("select * from clipsql.search(clipsql.image_vector(1), 0)")
            assert caught.value.sqlstate == "CQ004"
            connection.rollback()
        else:
            answers(connection)
        assert connection.execute("select name, setting from pg_settings order by name").fetchall() == before


def test_a_search_inside_another_query_answers_for_each_row(filled: Filled) -> None:
    with filled.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select i.image_id, s.image_id, s.rank from clipsql.image as i"
            " cross join lateral clipsql.search(clipsql.image_vector(i.image_id), 2) as s where i.image_id <= 40"
        ).all()
    assert len(rows) == 80
    assert all(found == image_id for image_id, found, rank in rows if rank == 1)


def test_a_match_carries_what_is_known_of_its_picture(filled: Filled) -> None:
    with_all = next(p for p in filled.pictures if p.taken_at and p.longitude and len(p.captions) == 2)
    [match] = Searcher(filled.engine).search([1.0] * 24, only_images=[with_all.image_id])
    assert match.rank == 1
    assert match.caption == with_all.captions[0][0]
    assert (match.taken_at, match.longitude, match.latitude, match.metadata) == (
        with_all.taken_at,
        with_all.longitude,
        with_all.latitude,
        with_all.metadata,
    )


def test_search_similar_leaves_the_picture_itself_out(filled: Filled) -> None:
    searcher = Searcher(filled.engine)
    like = searcher.search_similar(17, max_results=5, except_images=[18])
    with filled.engine.connect() as connection:
        vector = connection.execute(sa.select(orm.image_vector(17))).scalar_one()
    full = searcher.search(vector, max_results=7)
    assert full[0].image_id == 17
    assert [m.image_id for m in like] == [m.image_id for m in full if m.image_id not in (17, 18)][:5]


def test_a_walk_through_the_index_is_complete_and_near(
    new_database: Callable[..., URL], template: str
) -> None:
    # So many rows that comparing all of them is no longer the better way.
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    model = new_model(engine, dimensions=8)
    random = np.random.default_rng(3)
    vectors = unit_vectors(random, 12_000, 8)
    ids = write(
        engine, model, [picture(str(n), v, metadata={"kept": n % 12 != 0}) for n, v in enumerate(vectors)]
    )
    ensure_index(engine, model, table="image_embedding")
    numbers = {image_id: int(url) for url, image_id in ids.items()}
    searcher = Searcher(engine)
    hits = 0
    for _ in range(20):
        query = random.standard_normal(8)
        for kept in (None, True):
            facts = None if kept is None else {"kept": kept}
            found = [numbers[m.image_id] for m in searcher.search(query.tolist(), having_metadata=facts)]
            allowed = [n for n in np.argsort(-(vectors @ query)) if kept is None or n % 12 != 0]
            assert len(found) == len(set(found)) == 10
            assert kept is None or all(number % 12 != 0 for number in found)
            hits += len(set(found) & {int(number) for number in allowed[:10]})
    assert hits / 400 >= 0.95
    many = searcher.search([1.0] * 8, max_results=10_500, having_metadata={"kept": True})
    assert len(many) == 10_500
    assert all(numbers[match.image_id] % 12 != 0 for match in many)
    similarities = [match.similarity for match in many]
    assert similarities == sorted(similarities, reverse=True)
    engine.dispose()


# Small databases.


def test_a_database_without_a_model_says_so(engine: Engine) -> None:
    with pytest.raises(errors.UnknownModel, match='no model yet; run "clipsql model add'):
        Searcher(engine).search_similar(1)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="no model") as caught:
        connection.exec_driver_sql("select * from clipsql.search('[1,2,3]')")
    assert getattr(caught.value.orig, "sqlstate", None) == "CQ001"


@pytest.mark.parametrize("indexed", [False, True], ids=["without index", "with index"])
def test_a_search_finds_nothing_then_one_then_none_again(engine: Engine, indexed: bool) -> None:
    model = new_model(engine, dimensions=3)
    searcher = Searcher(engine)
    assert searcher.search([1, 0, 0]) == []
    with engine.begin() as connection:  # pictures that ingest has not come to
        connection.exec_driver_sql("insert into clipsql.image (collection, url) values ('c', 'pending')")
    write(engine, model, [picture("one", [0, 1, 0]), picture("failed", None)])
    if indexed:
        ensure_index(engine, model, table="image_embedding")
    [match] = searcher.search([1, 1, 0], max_results=100)
    assert (match.url, match.similarity) == ("one", pytest.approx(2**-0.5, abs=1e-3))
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image where url = 'one'")
    assert searcher.search([1, 1, 0]) == []
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from clipsql.image_embedding").scalar_one() == 0


def test_deleting_a_picture_deletes_its_captions_and_embeddings(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    ids = write(
        engine, model, [picture(name, [1, 0, 0], captions=[(name, "en")]) for name in ("kept", "gone")]
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into clipsql.caption_embedding select caption_id, 1, '[1,0,0]' from clipsql.caption"
        )
        connection.execute(sa.delete(orm.Image).where(orm.Image.image_id == ids["gone"]))
        for table in ("image", "caption", "image_embedding", "caption_embedding"):
            assert connection.exec_driver_sql(f"select count(*) from clipsql.{table}").scalar_one() == 1
        assert connection.exec_driver_sql("select body from clipsql.caption").scalar_one() == "kept"


@pytest.mark.parametrize("indexed", [False, True], ids=["without index", "with index"])
def test_ties_are_broken_by_image_id(engine: Engine, indexed: bool) -> None:
    model = new_model(engine, dimensions=3)
    ids = write(engine, model, [picture(str(number), [0.6, 0.8, 0]) for number in range(50)])
    if indexed:
        ensure_index(engine, model, table="image_embedding")
    for max_results in (7, 50):
        found = Searcher(engine).search([1, 0, 0], max_results=max_results)
        assert [match.image_id for match in found] == sorted(ids.values())[:max_results]


def test_vectors_of_two_models_never_meet(engine: Engine) -> None:
    first, second = (
        new_model(engine, dimensions=3, name="first"),
        new_model(engine, dimensions=2, name="second"),
    )
    shared = write(engine, first, [picture("both", [1, 0, 0]), picture("first only", [0, 1, 0])])
    write(engine, second, [picture("both", [0, 1]), picture("second only", [1, 0])])
    assert {m.url for m in Searcher(engine).search([1, 1, 1])} == {"both", "first only"}
    found = Searcher(engine, model="second").search([1, 0])
    assert [match.url for match in found] == ["second only", "both"]
    with pytest.raises(errors.InvalidVector, match="3 dimensions, but model second has 2"):
        Searcher(engine, model="second").search([1, 0, 0])
    with pytest.raises(
        errors.UnknownImage, match=r"Image \d+ \(status embedded\) has no embedding under model second"
    ):
        Searcher(engine, model="second").search_similar(shared["first only"])
    remove_model(engine, "second")
    assert {m.url for m in Searcher(engine).search([1, 1, 1])} == {"both", "first only"}


def test_similarity_stays_a_cosine_for_extreme_vectors(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    write(engine, model, [picture("same", [1, 0, 0]), picture("opposite", [-1, 0, 0])])
    for length in (1e-30, 1e-6, 1, 1e6, 1e30):
        found = Searcher(engine).search([length, 0, 0])
        assert [m.similarity for m in found] == [1, -1], length


# Wrong arguments.

VECTOR = "clipsql.image_vector(1)"

BAD = {
    "unknown model": ("search({v}, model => 'no such')", "CQ001", 'no model "no such"'),
    "unknown model of a picture": ("search_similar(1, model => 'no such')", "CQ001", 'no model "no such"'),
    "unknown image": ("search_similar(4711)", "CQ002", "4711"),
    "null image": ("search_similar(null)", "CQ002", "null"),
    "negative image": ("image_vector(-1)", "CQ002", "-1"),
    "image not embedded": (
        "search_similar((select image_id from clipsql.image where url = 'x'))",
        "CQ002",
        "pending",
    ),
    "wrong dimensions": ("search('[1,2,3]')", "CQ003", "3 dimensions.*24"),
    "null vector": ("search(null)", "CQ003", "null"),
    "zero vector": ("search(({v})::vector - ({v})::vector)", "CQ003", "zero"),
    "no results": ("search({v}, 0)", "CQ004", "max_results.*0"),
    "fewer than no results": ("search_similar(1, -5)", "CQ004", "max_results.*-5"),
    "null results": ("search({v}, null)", "CQ004", "max_results.*null"),
    "longitude alone": ("search({v}, near_longitude => 1)", "CQ004", "near_latitude"),
    "place without radius": ("search({v}, near_longitude => 1, near_latitude => 1)", "CQ004", "within_m"),
    "radius without place": ("search({v}, within_m => 1)", "CQ004", "near_longitude"),
    "longitude out of range": (
        "search({v}, near_longitude => 181, near_latitude => 0, within_m => 1)",
        "CQ004",
        "near_longitude.*181",
    ),
    "latitude out of range": (
        "search({v}, near_longitude => 0, near_latitude => -91, within_m => 1)",
        "CQ004",
        "near_latitude.*-91",
    ),
    "longitude not a number": (
        "search({v}, near_longitude => 'NaN', near_latitude => 0, within_m => 1)",
        "CQ004",
        "near_longitude.*NaN",
    ),
    "latitude not a number": (
        "search({v}, near_longitude => 0, near_latitude => 'NaN', within_m => 1)",
        "CQ004",
        "near_latitude.*NaN",
    ),
    "negative radius": (
        "search({v}, near_longitude => 0, near_latitude => 0, within_m => -1)",
        "CQ004",
        "within_m.*-1",
    ),
    "radius not a number": (
        "search({v}, near_longitude => 0, near_latitude => 0, within_m => 'NaN')",
        "CQ004",
        "within_m.*NaN",
    ),
    "polygon of two corners": ("search({v}, inside => '((0,0),(1,1))')", "CQ004", "inside.*3"),
    "polygon beyond the globe": (
        "search({v}, inside => '((0,0),(1,0),(0,95))')",
        "CQ004",
        "inside.*latitude",
    ),
    "polygon not a number": ("search({v}, inside => '((0,0),(NaN,0),(0,1))')", "CQ004", "inside"),
    "polygon without end": ("search({v}, inside => '((0,0),(Infinity,0),(0,1))')", "CQ004", "inside"),
    "empty time range": (
        "search({v}, taken_from => '2025-01-01Z', taken_until => '2025-01-01Z')",
        "CQ004",
        "taken_from.*taken_until",
    ),
    "metadata array": ("search({v}, having_metadata => '[1]')", "CQ004", r"having_metadata.*\[1\]"),
    "metadata null": ("search({v}, having_metadata => 'null')", "CQ004", "having_metadata"),
    "path that only points": (
        "search({v}, metadata_matches => '$.camera')",
        "CQ004",
        r'metadata_matches .* not \$\."camera"',
    ),
    "path with a filter": (
        "search({v}, metadata_matches => '$.at ? (@.lane > 1)')",
        "CQ004",
        "true or false",
    ),
    "path to a number": ("search({v}, metadata_matches => '$.at.number + 1')", "CQ004", "true or false"),
    "path that is a text": ("search({v}, metadata_matches => '\"x\"')", "CQ004", "true or false"),
    "strict path that points": (
        "search({v}, metadata_matches => 'strict $.camera')",
        "CQ004",
        "true or false",
    ),
    "path with a variable": (
        "search({v}, metadata_matches => '$.night == true && $.camera == $wanted')",
        "CQ004",
        "takes no variables",
    ),
    "no time of day": (
        "search({v}, daily_from => '08:00', daily_until => '08:00')",
        "CQ004",
        "daily_from.*08:00",
    ),
    "day that ends as it begins": ("search({v}, daily_until => '00:00')", "CQ004", "daily_until.*00:00"),
    "day that begins as it ends": ("search({v}, daily_from => '24:00')", "CQ004", "daily_from.*24:00"),
    "caption query of signs": ("search_similar(1, caption_query => '-- !')", "CQ004", "caption_query"),
    "similarity above one": ("search({v}, min_similarity => 2)", "CQ004", "min_similarity.*2"),
    "similarity not a number": ("search({v}, min_similarity => 'NaN')", "CQ004", "min_similarity.*NaN"),
}

PYTHON_ERRORS = {
    "CQ001": errors.UnknownModel,
    "CQ002": errors.UnknownImage,
    "CQ003": errors.InvalidVector,
    "CQ004": errors.InvalidArgument,
}


@pytest.mark.parametrize("call", BAD)
def test_a_bad_argument_raises_its_sqlstate_and_names_the_thing(filled: Filled, call: str) -> None:
    function, sqlstate, message = BAD[call]
    statement = f"select clipsql.{function.format(v=VECTOR)}"
    with filled.engine.connect() as connection:
        connection.exec_driver_sql(
            "insert into clipsql.image (collection, url) values ('streets', 'x')"
        )  # never committed
        with (
            pytest.raises(PYTHON_ERRORS[sqlstate], match=message) as caught,
            database_errors(filled.engine),
        ):
            connection.execute(sa.text(statement.replace(":", r"\:")))
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    original = caught.value.__cause__
    assert isinstance(original, sa.exc.DBAPIError)
    assert getattr(original.orig, "sqlstate", None) == sqlstate


@pytest.mark.parametrize(
    ("query", "options", "error", "message"),
    [
        pytest.param([1.0, float("nan")], {}, errors.InvalidVector, "finite", id="NaN"),
        pytest.param([1.0, float("inf")], {}, errors.InvalidVector, "finite", id="infinity"),
        pytest.param([], {}, errors.InvalidVector, "at least one", id="no numbers"),
        pytest.param([0.0] * 24, {}, errors.InvalidVector, "zero", id="zero"),
        pytest.param(
            [1.0], {"inside": [(0, 0), (1, 1)]}, errors.InvalidArgument, "3 vertices", id="no polygon"
        ),
        pytest.param(
            [1.0],
            {"taken_from": dt.datetime(2025, 1, 1)},
            errors.InvalidArgument,
            "time zone",
            id="naive time",
        ),
    ],
)
def test_python_refuses_what_sql_would_misread(
    filled: Filled, query: list[float], options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        Searcher(filled.engine).search(query, **options)
    assert "\n" not in str(caught.value)


NASTY = (
    "'",
    "''; drop table clipsql.image; --",
    "'); drop table clipsql.image; --",
    '"',
    "\\",
    "\\'",
    "$1",
    "$2 %s %1$s %%",
    "$$ || $q$",
    "E'\\x27'",
    ":name {x}",
    "a' or 1=1 --",
    "雨'雪",
    "null",
    "tab\there\nand there",
)


@pytest.mark.parametrize("text", NASTY)
def test_no_text_argument_is_read_as_sql(engine: Engine, text: str) -> None:
    model = new_model(engine, dimensions=3, name=text)
    facts = {"metadata": {text: text}, "captions": [(text, "en"), (f"{text} snow", "zh")]}
    write(engine, model, [picture(text, [1, 0, 0], **facts)], collection=text)
    write(engine, model, [picture("other", [1, 0, 0])], collection="other")
    ensure_index(engine, model, table="image_embedding")
    searcher = Searcher(engine)
    for options in (
        {"in_collection": text},
        {"having_metadata": {text: text}},
        {"caption_query": f"{text} snow"},
        {"model": text, "in_collection": text},
    ):
        found = searcher.search([1, 0, 0], **options)  # type: ignore[arg-type]
        if "caption_query" in options and not found:  # the text may be an operator such as - or "
            continue
        assert [match.url for match in found] == [text], options
        assert found[0].caption == text
    with pytest.raises(errors.UnknownModel) as caught:
        searcher.search([1, 0, 0], model=f"no {text}")
    assert "\n" not in str(caught.value) or "\n" in text
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from clipsql.image").scalar_one() == 2


def test_no_caption_query_is_a_syntax_error(filled: Filled) -> None:
    random = np.random.default_rng(5)
    signs = [*"ab'\"\\-&|!():*<>% 雪,.$\t", " or ", "red"]
    with psycopg.connect(
        filled.engine.url.set(drivername="postgresql").render_as_string(False)
    ) as connection:
        for _ in range(400):
            query = "".join(random.choice(signs, int(random.integers(1, 12))))
            statement = sql.SQL(
                "select count(*) from clipsql.search(clipsql.image_vector(1), caption_query => {})"
            )
            try:
                with connection.transaction():
                    connection.execute(statement.format(query))
            except psycopg.Error as error:
                assert error.sqlstate == "CQ004", (query, error)  # noqa: PT017


def test_the_view_shows_every_collection(filled: Filled) -> None:
    with filled.engine.connect() as connection:
        rows = (
            connection.exec_driver_sql("select * from clipsql.collection_stats order by collection")
            .mappings()
            .all()
        )
    assert {row["collection"]: row["images"] for row in rows} == {
        name: sum(p.collection == name for p in filled.pictures) for name in ("streets", "holidays", "中文")
    }
    for row in rows:
        mine = [p for p in filled.pictures if p.collection == row["collection"]]
        assert (row["embedded"], row["pending"], row["failed"]) == (len(mine), 0, 0)
        assert row["captions"] == sum(len(p.captions) for p in mine)
        assert row["first_taken_at"] == min(p.taken_at for p in mine if p.taken_at)
        assert row["last_taken_at"] == max(p.taken_at for p in mine if p.taken_at)
        assert json.dumps(row["model"]) == '"tests/random"'
