"""A `Searcher` on an application's own engine, whatever its driver and options, and within its own transactions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session

from clipsql import errors
from clipsql.db.transactions import reading
from clipsql.search.searcher import Searcher

RED, GREEN = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]


def psycopg_engine(url: str, **options: Any) -> Engine:
    return sa.create_engine(make_url(url).set(drivername="postgresql+psycopg"), **options)


ENGINES = {
    "plain": {},
    "one that commits by itself": {"isolation_level": "AUTOCOMMIT"},
    "a driver that commits by itself": {"connect_args": {"autocommit": True}},
    "serializable": {"isolation_level": "SERIALIZABLE"},
    "no pool": {"poolclass": sa.pool.NullPool},
    "one connection for all": {"poolclass": sa.pool.StaticPool},
    "everything prepared": {"connect_args": {"prepare_threshold": 0}},
    "another path and zone": {"connect_args": {"options": "-c search_path=public -c timezone=Asia/Tokyo"}},
}


@pytest.fixture(params=ENGINES)
def application(database_url: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The application's engine: nothing on it knows of clipsql."""
    engine = psycopg_engine(database_url, **ENGINES[request.param])
    yield engine
    engine.dispose()


@pytest.fixture
def own(database_url: str) -> Iterator[Engine]:
    engine = psycopg_engine(database_url)
    Searcher(engine).add_model("space", dimensions=3)
    yield engine
    engine.dispose()


def count(engine: Engine, table: str = "clipsql.image") -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.text(f"select count(*) from {table}")).scalar_one())


def test_everything_works_on_an_engine_of_any_options(application: Engine) -> None:
    pictures = Searcher(application, timezone="Europe/Berlin")
    pictures.add_model("space", dimensions=3)
    red = pictures.put("c", "red", embedding=RED, captions=["red"], caption_embeddings=[RED])
    report = pictures.put_many(
        "c", {"url": ["green", "blue"], "embedding": np.array([GREEN, [0, 0, 1]]), "captions": [["g"], ["b"]]}
    )
    assert (report.added, report.updated) == (2, 0)
    assert [match.url for match in pictures.search(np.array([1, 0.5, 0.1]))] == ["red", "green", "blue"]
    assert pictures.image_vector(red).tolist() == RED
    assert [one.caption for one in pictures.search_captions(RED)] == ["red"]
    assert pictures.search_request({"vector": RED, "max_results": 1})["matches"][0]["url"] == "red"
    assert pictures.remove([red]) == 1
    assert pictures.search_similar(pictures.search(GREEN)[0].image_id)[0].url == "blue"


def test_the_engine_is_left_as_it_was(application: Engine) -> None:
    with application.connect() as connection:
        zone = connection.execute(sa.text("show timezone")).scalar_one()
        is_auto = connection.connection.dbapi_connection.autocommit  # type: ignore[union-attr]
    pictures = Searcher(application, timezone="Europe/Berlin")
    pictures.add_model("space", dimensions=3)
    pictures.search(RED, daily_from=None)
    with pytest.raises(errors.InvalidVector):
        pictures.put("c", "x", embedding=[1.0])
    with application.connect() as connection:
        assert connection.execute(sa.text("show timezone")).scalar_one() == zone
        assert connection.connection.dbapi_connection.autocommit == is_auto  # type: ignore[union-attr]


def test_the_time_zone_counts_on_an_engine_that_commits_by_itself(database_url: str) -> None:
    engine = psycopg_engine(database_url, isolation_level="AUTOCOMMIT")
    pictures = Searcher(engine, timezone="Asia/Tokyo")
    pictures.add_model("space", dimensions=3)
    midnight = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
    pictures.put("c", "nine in the morning in Tokyo", embedding=RED, taken_at=midnight)
    assert len(pictures.search(RED, daily_from=dt.time(8), daily_until=dt.time(10))) == 1
    assert pictures.search(RED, daily_from=dt.time(23), daily_until=dt.time(1)) == []
    engine.dispose()


def test_nothing_is_committed_on_a_connection_that_is_given(own: Engine) -> None:
    with own.connect() as connection:
        pictures = Searcher(connection)
        pictures.put("c", "red", embedding=RED)
        many = pictures.put_many(
            "c", ({"url": f"id:{n}", "embedding": GREEN, "captions": ["x"]} for n in range(11_000))
        )
        assert many.added == 11_000
        assert pictures.search(RED, max_results=1)[0].url == "red"
        assert count(own) == 0
        connection.rollback()
        assert not connection.closed
        assert pictures.search(RED) == []
    assert count(own) == count(own, "clipsql.image_embedding") == count(own, "clipsql.caption") == 0


def test_its_owner_commits(own: Engine) -> None:
    with own.begin() as connection:
        image = Searcher(connection).put("c", "red", embedding=RED)
        Searcher(connection).put_many("c", [{"url": "green", "embedding": GREEN}])
        assert Searcher(connection).remove([image]) == 1
        Searcher(connection).add_model("other", dimensions=2)
    assert [match.url for match in Searcher(own).search(RED)] == ["green"]
    assert Searcher(own, model="other").model.dimensions == 2


def test_a_session_goes_on_after_an_error(own: Engine) -> None:
    with Session(own) as session:
        pictures = Searcher(session.connection(), timezone="Asia/Tokyo")
        pictures.put("c", "red", embedding=RED)
        for wrong in (
            lambda: pictures.put("c", "bad", embedding=[1.0]),
            lambda: pictures.search_similar(-1),
            lambda: pictures.search(RED, max_results=-1),
            lambda: pictures.put_many(
                "c", [{"url": "ok", "embedding": RED}, {"url": "bad", "embedding": [1]}]
            ),
            lambda: pictures.search(RED, in_collection="nowhere"),
            lambda: pictures.search_text("a dog"),
        ):
            with pytest.raises(errors.ClipsqlError):
                wrong()
        assert [match.url for match in pictures.search(RED)] == ["red"]
        assert session.scalar(sa.text("show timezone")) != "Asia/Tokyo"
        session.commit()
    assert count(own) == 1


def test_what_is_set_to_ask_a_question_ends_with_it(own: Engine) -> None:
    with own.connect() as given:
        for database in (own, given):
            with reading(database) as connection:
                connection.exec_driver_sql("set timezone to 'Asia/Tokyo'")
                connection.exec_driver_sql("insert into clipsql.image (collection, url) values ('c', 'u')")
            with reading(database) as connection:
                assert connection.exec_driver_sql("show timezone").scalar() != "Asia/Tokyo"
                assert connection.exec_driver_sql("select count(*) from clipsql.image").scalar() == 0


def test_matches_are_shown_after_their_connection_is_closed(own: Engine) -> None:
    with own.connect() as connection:
        pictures = Searcher(connection)
        pictures.put("c", "red", embedding=RED)
        found = pictures.search(RED)
    assert "red" in found._repr_html_()


def test_a_connection_without_transactions_is_refused(own: Engine) -> None:
    with (
        own.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(errors.ConfigurationError, match="without AUTOCOMMIT, or its engine"),
    ):
        Searcher(connection).search(RED)


@pytest.fixture
def psycopg2_engine(own: Engine) -> Iterator[Engine]:
    pytest.importorskip("psycopg2", reason="needs pip install psycopg2-binary")
    engine = sa.create_engine(own.url.set(drivername="postgresql+psycopg2"))
    yield engine
    engine.dispose()


def test_psycopg2_searches_and_puts(psycopg2_engine: Engine) -> None:
    pictures = Searcher(psycopg2_engine, timezone="Europe/Berlin")
    red = pictures.put(
        "c", "red", embedding=RED, captions=["red"], metadata={"n": 1}, longitude=3, latitude=4
    )
    assert pictures.put("c", "green", embedding=GREEN, caption_embeddings=[None], captions=["g"]) != red
    inside = [(2, 3), (4, 3), (4, 5), (2, 5)]
    found = pictures.search(RED, inside=inside, metadata_matches="$.n == 1", only_images=[red])
    assert [(match.url, match.metadata) for match in found] == [("red", {"n": 1})]
    assert pictures.image_vector(red).tolist() == RED


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (lambda p: p.search([1.0]), errors.InvalidVector),
        (lambda p: p.search(RED, max_results=-1), errors.InvalidArgument),
        (lambda p: p.search_similar(-1), errors.UnknownImage),
        (lambda p: p.search_text(""), errors.InvalidText),
        (lambda p: p.search_text("a\0b"), errors.InvalidText),
        (lambda p: p.search_text("a\ud800b"), errors.InvalidText),
        (lambda p: p.search(RED, having_metadata={"a": "\0"}), errors.InvalidText),
        (lambda p: p.search(RED, in_collection="nowhere"), errors.UnknownCollection),
        (lambda p: Searcher(p._database, model="none").search(RED), errors.UnknownModel),
    ],
)
def test_errors_are_the_same_under_every_driver(
    own: Engine, driver: str, wrong: Any, kind: type[errors.ClipsqlError]
) -> None:
    pytest.importorskip(driver)
    engine = sa.create_engine(own.url.set(drivername=f"postgresql+{driver}"))
    with pytest.raises(errors.ClipsqlError) as caught:
        wrong(Searcher(engine))
    engine.dispose()
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_server_that_is_away_is_so_under_every_driver(own: Engine, driver: str) -> None:
    pytest.importorskip(driver)
    engine = sa.create_engine(own.url.set(drivername=f"postgresql+{driver}", port=1))
    with pytest.raises(errors.DatabaseUnreachable, match="Cannot reach"):
        Searcher(engine).search(RED)


def test_psycopg2_is_told_what_needs_psycopg(psycopg2_engine: Engine) -> None:
    with pytest.raises(errors.ConfigurationError, match="needs the driver psycopg, not psycopg2"):
        Searcher(psycopg2_engine).put_many("c", [{"url": "u", "embedding": RED}])
