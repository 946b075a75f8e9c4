"""The fingerprint of a picture stays with its content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from integration.filling import new_model, picture
from sqlalchemy.engine import Engine

from clipsql.db.pictures.lookups import stored_pictures
from clipsql.db.pictures.writing import write_pictures
from clipsql.db.statements import Driver, autocommit_connection

LOOKS, OTHER = (bytes([level]) * 1964 for level in (5, 6))


@pytest.fixture
def connection(engine: Engine) -> Iterator[Driver]:
    with autocommit_connection(engine) as connection:
        yield connection


@pytest.mark.parametrize(
    ("sha256", "looks", "expected"),
    [
        pytest.param(bytes(32), OTHER, [(LOOKS,)], id="same content, decoded at another size"),
        pytest.param(bytes(31) + b"x", OTHER, [(OTHER,)], id="other content"),
        pytest.param(bytes(31) + b"x", None, [], id="other content that was not decoded"),
    ],
)
def test_a_fingerprint_changes_with_the_content_only(
    engine: Engine, connection: Driver, sha256: bytes, looks: bytes | None, expected: list[tuple[bytes]]
) -> None:
    model = new_model(engine, dimensions=3)
    first = replace(picture("x", [1, 0, 0]), fingerprint=LOOKS)
    write_pictures(connection, [first], collection="c", model=model)
    stored = stored_pictures(connection, collection="c", urls=["x"], model=None)["x"]
    again = replace(
        first,
        picture=replace(first.picture, sha256=sha256),
        stored=stored,
        embedding=None,
        fingerprint=looks,
    )
    write_pictures(connection, [again], collection="c", model=model)
    assert connection.execute("select pixels from clipsql_private.fingerprint").fetchall() == expected
    connection.execute("delete from clipsql.image")
    assert connection.execute("select from clipsql_private.fingerprint").fetchall() == []
