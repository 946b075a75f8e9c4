"""Who has clipsql_writer and nothing else ingests, works, puts and removes; who has clipsql_reader changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from sqlalchemy.engine import URL

from clipsql.cli import main
from clipsql.db.engine import create_engine
from clipsql.models import register_model

Clipsql = Callable[..., Result]
ROLES = {kind: f"clipsql_test_{kind}_{os.getpid()}" for kind in ("writer", "reader")}


@pytest.fixture
def urls(new_database: Callable[..., URL], template: str, model_folder: Path) -> Iterator[dict[str, str]]:
    """URLs of one database with a model: for its owner, for a member of each role."""
    owner = new_database(template=template)
    engine = create_engine(owner.render_as_string(hide_password=False))
    register_model(engine, str(model_folder), name="tiny")
    with engine.begin() as connection:
        for kind, role in ROLES.items():
            connection.exec_driver_sql(f"create role {role} login password 'secret'")
            connection.exec_driver_sql(f"grant clipsql_{kind} to {role}")
    yield {
        "owner": owner.render_as_string(hide_password=False),
        **{
            kind: owner.set(username=role, password="secret").render_as_string(hide_password=False)
            for kind, role in ROLES.items()
        },
    }
    with engine.begin() as connection:
        for role in ROLES.values():
            connection.exec_driver_sql(f"drop role {role}")
    engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(4):
        Image.new("RGB", (64, 48), (number * 60, 90, 200 - number * 50)).save(tmp_path / f"{number}.png")
    (tmp_path / "captions.csv").write_text("file,caption\n0.png,A red square.\n", "utf-8")
    return tmp_path


def run(url: str, *arguments: str | Path) -> Result:
    return CliRunner().invoke(
        main, [str(argument) for argument in arguments], env={"CLIPSQL_DATABASE_URL": url}
    )


def test_a_writer_ingests_and_works_with_nothing_but_its_role(urls: dict[str, str], folder: Path) -> None:
    writer = urls["writer"]
    done = run(writer, "ingest", folder, "--collection", "direct", "--thumbnails")
    assert done.exit_code == 0, done.output
    assert "4 added" in done.stdout
    assert "4 unchanged" in run(writer, "ingest", folder, "--collection", "direct").stdout
    queued = run(writer, "ingest", folder, "--collection", "queued", "--enqueue-only")
    assert queued.exit_code == 0, queued.output
    worked = run(writer, "worker", "--until-empty")
    assert worked.exit_code == 0, worked.output
    stats = [json.loads(line) for line in run(writer, "stats", "--json").stdout.splitlines()]
    assert {(one["collection"], one["embedded"], one["pending"]) for one in stats} == {
        ("direct", 4, 0),
        ("queued", 4, 0),
    }
    found = run(writer, "search", "text", "red", "--json")
    assert len(found.stdout.splitlines()) == 8
    assert run(urls["reader"], "search", "text", "red", "--json").stdout == found.stdout
    assert run(urls["owner"], "index", "build").exit_code == 0
    assert run(writer, "collection", "drop", "queued", "--yes").exit_code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("model", "add", "space", "--dimensions", "3"),
        ("index", "build", "--rebuild"),
        ("model", "remove", "tiny", "--yes"),
        ("db", "downgrade", "base", "--yes"),
    ],
)
def test_a_writer_makes_and_drops_no_tables(
    urls: dict[str, str], folder: Path, command: tuple[str, ...]
) -> None:
    run(urls["writer"], "ingest", folder)
    refused = run(urls["writer"], *command)
    assert refused.exit_code == 1, refused.output
    assert "Traceback" not in refused.output
    assert refused.stderr.count("\n") == 1


def test_a_writer_puts_and_removes_and_a_reader_does_not(urls: dict[str, str]) -> None:
    put = "select clipsql.put_image('c', 'u', captions => '{red}', embedding => clipsql.embed_text('red'))"
    with psycopg.connect(urls["writer"], autocommit=True) as writer:
        ((image,),) = writer.execute(put.encode()).fetchall()
        assert writer.execute("select image_id from clipsql.search_text('red')").fetchall() == [(image,)]
        with psycopg.connect(urls["reader"], autocommit=True) as reader:
            for statement in (
                put,
                f"select clipsql.remove_images('{{{image}}}')",
                "select clipsql.add_model('x', 3)",
                "insert into clipsql.image (collection, url) values ('c', 'v')",
                "update clipsql.image set url = 'v'",
                "delete from clipsql.caption",
                "delete from clipsql_private.queue",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(statement.encode())
            assert reader.execute("select url from clipsql.search_text('red')").fetchall() == [("u",)]
            ask = "select clipsql.search_request('{\"text\": \"red\"}') -> 'matches' -> 0 ->> 'url'"
            assert reader.execute(ask.encode()).fetchall() == [("u",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="Only the owner"):
            writer.execute("select clipsql.add_model('x', 3)")
        assert writer.execute(f"select clipsql.remove_images('{{{image}}}')".encode()).fetchall() == [(1,)]
