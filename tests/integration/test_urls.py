"""A url of any length is there once in a collection, and is found again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from integration.filling import new_model, picture, write
from sqlalchemy.engine import Engine

from clipsql.db.pictures.lookups import stored_pictures
from clipsql.db.statements import Driver, autocommit_connection
from clipsql.ingest.sightings import Sightings

URLS = [
    pytest.param("https://a.example/x.jpg", id="usual"),
    pytest.param("https://a.example/" + "x" * 100_000, id="100 kB"),
    pytest.param("https://a.example/" + "x" * 1_000_000, id="1 MB"),
    pytest.param(r"C:\pictures\001.jpg", id="backslashes"),
    pytest.param("https://例.example/图.jpg", id="Chinese"),
    pytest.param("https://a.example/😀\x01\t'\".jpg", id="odd characters"),
]
# Marc Stevens' pair of texts with one MD5.
TWINS = (
    "TEXTCOLLBYfGiJUETHQ4hAcKSMd5zYpgqf1YRDhkmxHkhPWptrkoyz28wnI9V0aHeAuaKnak",
    "TEXTCOLLBYfGiJUETHQ4hEcKSMd5zYpgqf1YRDhkmxHkhPWptrkoyz28wnI9V0aHeAuaKnak",
)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Driver]:
    with autocommit_connection(engine) as connection:
        yield connection


@pytest.mark.parametrize("url", URLS)
def test_a_url_goes_in_once_and_is_found_again(engine: Engine, connection: Driver, url: str) -> None:
    model = new_model(engine, dimensions=3)
    (image_id,) = write(engine, model, [picture(url, None)]).values()
    found = stored_pictures(connection, collection="c", urls=[url, url + "?"], model=model)
    assert {address: stored.image_id for address, stored in found.items()} == {url: image_id}
    assert write(engine, model, [picture(url, [1, 0, 0])]) == {url: image_id}
    assert write(engine, model, [picture(url, None)], collection="other") != {url: image_id}
    with pytest.raises(psycopg.errors.UniqueViolation, match="image_collection_url_key"):
        connection.execute("insert into clipsql.image (collection, url) values ('c', %s)", (url,))
    digest = connection.execute("select clipsql.url_digest(%s)", (url,)).fetchone()
    assert digest == (hashlib.sha256(url.encode()).digest(),)


def test_urls_with_one_md5_are_two(engine: Engine, connection: Driver) -> None:
    assert len({hashlib.md5(url.encode()).digest() for url in TWINS}) == 1
    model = new_model(engine, dimensions=3)
    stored = write(engine, model, [picture(url, None) for url in TWINS])
    assert sorted(stored) == sorted(TWINS)
    assert stored_pictures(connection, collection="c", urls=TWINS, model=model).keys() == set(TWINS)
    with closing(Sightings()) as sightings:
        assert sightings.first_positions([(url, url[:3]) for url in TWINS]) == {}
        again = sightings.first_positions([(url, "again") for url in TWINS])
        assert again == dict.fromkeys(TWINS, "TEX")


def test_a_picture_is_looked_up_by_its_url_without_reading_the_others(
    engine: Engine, connection: Driver
) -> None:
    write(
        engine,
        new_model(engine, dimensions=3),
        [picture(f"https://a.example/{n}", None) for n in range(2000)],
    )
    connection.execute("analyze clipsql.image")
    for wanted in (
        "clipsql.url_digest(url) = clipsql.url_digest('https://a.example/7')",
        "clipsql.url_digest(url) = any (array(select clipsql.url_digest(u) from unnest('{x,y}'::text[]) as u))",
    ):
        plan = connection.execute(
            f"explain (format json) select image_id from clipsql.image where collection = 'c' and {wanted}".encode()
        ).fetchone()
        assert plan is not None
        assert plan[0][0]["Plan"]["Index Name"] == "image_collection_url_key"
