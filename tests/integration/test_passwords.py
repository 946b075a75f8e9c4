"""No command shows the database's password, in its results, its log or its errors; only `clipsql db url` does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import psycopg
import pytest
from click.testing import CliRunner, Result
from local_picture_models import make_blip_describing, make_blip_matching, make_vilt_answering
from PIL import Image
from psycopg import sql
from sqlalchemy.engine import make_url

from clipsql.cli import main

SECRET = "S3cr3t-of-the-database"
MODELS = {
    "ANSWERING": make_vilt_answering,
    "DESCRIBING": make_blip_describing,
    "MATCHING": make_blip_matching,
}
PRINTS_IT = ("db", "url")


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


ARGUMENTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("ask",): ("1", "a dog", "--model", "ANSWERING"),
    ("classify",): ("1", "--label", "dog", "--label", "cat"),
    ("collection", "drop"): ("c", "--yes"),
    ("count", "judge"): ("a dog", "1", "right"),
    ("count", "matches"): ("a dog",),
    ("count", "next"): ("a dog",),
    ("db", "adopt"): ("--to", "migrations"),
    ("db", "downgrade"): ("base", "--yes"),
    ("db", "extension"): ("--write", "extension"),
    ("db", "psql"): ("-c", "select 1"),
    ("db", "settings", "add"): ("pictures", "/pictures"),
    ("db", "settings", "remove"): ("pictures",),
    ("demo",): ("--frames", "50"),
    ("describe",): ("c", "--model", "DESCRIBING"),
    ("explain", "image"): ("1", "a dog"),
    ("explain", "text"): ("a dog",),
    ("fusion", "fit"): ("triplets.csv", "--collection", "demo", "--name", "f", "--model", "clipsql-demo"),
    ("fusion", "remove"): ("f", "--yes", "--model", "clipsql-demo"),
    ("fusion", "show"): ("f", "--model", "clipsql-demo"),
    ("ingest",): ("pictures", "--collection", "c", "--model", "MODEL"),
    ("key", "add"): ("someone",),
    ("key", "remove"): ("someone",),
    ("match",): ("1", "a dog"),
    ("model", "compare"): ("MODEL", "clipsql-demo"),
    ("model", "retire"): ("clipsql-demo",),
    ("model", "shadow"): ("clipsql-demo",),
    ("model", "add"): ("MODEL",),
    ("model", "remember"): ("MODEL", "a dog"),
    ("model", "remove"): ("MODEL", "--yes"),
    ("model", "train"): ("--collection", "c", "--output", "new", "--epochs", "1", "--batch-size", "2"),
    ("model", "use"): ("MODEL",),
    ("regions", "import"): ("boxes.jsonl", "--collection", "c"),
    ("regions", "remove"): ("c", "--yes"),
    ("regions", "tile"): ("c", "--tiles", "2x2"),
    ("shard", "add"): ("postgresql://127.0.0.1:1/x",),
    ("shard", "remove"): ("x",),
    ("remove",): ("--metadata-matches", "$.none == 1", "--yes"),
    ("score",): ("a dog", "--model", "MATCHING"),
    ("search", "captions"): ("a dog",),
    ("search", "moments"): ("a dog",),
    ("search", "image"): ("pictures/0.png",),
    ("search", "like"): ("1",),
    ("search", "query"): ("dog + cat",),
    ("search", "hybrid"): ("a dog",),
    ("search", "text"): ("a dog",),
    ("search", "vector"): (str([1] * 24),),
    ("suggest",): ("1",),
    ("table", "attach"): ("thing", "--url-column", "url"),
    ("table", "detach"): ("other", "--yes"),
    ("table", "reattach"): ("thing", "--url-column", "url"),
    ("watch", "add"): ("w", "a dog", "--min-similarity", "-1"),
    ("watch", "test"): ("w",),
    ("watch", "deliver"): ("https://example.org/", "--until-empty"),
    ("watch", "judge"): ("1", "right"),
    ("watch", "pause"): ("w",),
    ("watch", "resume"): ("w",),
    ("watch", "remove"): ("w", "--yes"),
    ("worker",): ("--until-empty",),
}
"""What commands cannot do without; MODEL stands for a model's folder."""


@pytest.fixture
def secret_url(database_url: str) -> Iterator[str]:
    """The database as a superuser whose password is the secret."""
    name = f"secretive_{os.getpid()}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        role = sql.Identifier(name)
        connection.execute(
            sql.SQL("create role {} login superuser password {}").format(role, sql.Literal(SECRET))
        )
        for table in ("thing", "other"):
            connection.execute(f"create table {table} (id bigint primary key, url text)".encode())
        connection.execute("select clipsql.attach('other', 'url')")
        try:
            url = make_url(database_url).set(username=name, password=SECRET)
            yield url.render_as_string(hide_password=False)
        finally:
            connection.execute(sql.SQL("reassign owned by {} to current_user").format(role))
            connection.execute(sql.SQL("drop owned by {}").format(role))
            connection.execute(sql.SQL("drop role {}").format(role))


@pytest.fixture
def run(tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command with what it needs, on a database by its URL."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLIPSQL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CLIPSQL_WEBHOOK_SECRET", "whsec_" + "A" * 32)
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        Image.new("RGB", (64, 48), (number * 90, 90, 200)).save(tmp_path / "pictures" / f"{number}.png")
    rows = "".join(f"{number}.png\ta dog\n" for number in range(3))
    (tmp_path / "pictures" / "captions.tsv").write_text("file\tcaption\n" + rows)
    (tmp_path / "boxes.jsonl").write_text('{"image": "0.png", "box": [0, 0, 9, 9]}\n')
    frames = [f"frame-{number:04}.jpg" for number in range(50)]
    (tmp_path / "triplets.csv").write_text(
        "picture,text,wanted\n"
        + "".join(
            f"{one},at night,{other}\n" for one, other in zip(frames, frames[1:] + frames[:1], strict=True)
        )
    )

    folders = {"MODEL": model_folder}
    for name, make in MODELS.items():
        (tmp_path / name).mkdir()
        folders[name] = make(tmp_path / name)

    def run(url: str, command: tuple[str, ...], *options: str) -> Result:
        given = [str(folders.get(word, word)) for word in ARGUMENTS.get(command, ())]
        words = ["--log-level", "debug", *command, *given, *options]
        return CliRunner().invoke(main, words, env={"CLIPSQL_DATABASE_URL": url})

    return run


@pytest.mark.slow
def test_no_command_that_works_shows_the_password(run: Callable[..., Result], secret_url: str) -> None:
    last = [("watch", "remove"), ("collection", "drop"), ("model", "remove"), ("db", "downgrade")]
    first = [("ingest",), ("demo",), ("model", "use"), ("watch", "deliver"), ("watch", "add")]
    others = [
        command
        for command in commands(main)
        # psql takes the place of the process; start and stop are for the embedded server, which has no such URL; to
        # follow and to serve have no end.
        if command
        not in [
            *first,
            *last,
            ("db", "psql"),
            ("db", "start"),
            ("db", "stop"),
            ("watch", "follow"),
            ("serve",),
            # A coordinator has no pictures of its own; tests/clients/test_shards.py looks there.
            ("shard", "add"),
            ("shard", "remove"),
        ]
    ]
    done = {command: run(secret_url, command) for command in first}
    with psycopg.connect(secret_url) as connection:
        connection.execute("update clipsql.image_embedding set embedding = embedding")  # raises an alarm
    done |= {command: run(secret_url, command) for command in [*others, *last]}
    failed = [" ".join(command) for command, result in done.items() if result.exit_code]
    assert not failed, {name: done[tuple(name.split())].output for name in failed}
    shown = [command for command, result in done.items() if SECRET in result.output]
    assert shown == [PRINTS_IT]
    assert "***" in done["db", "status"].output


WRONG_URLS = [
    pytest.param(f"postgresql://me:{SECRET}@127.0.0.1:1/x", id="nobody listens"),
    pytest.param(f"postgresql://me:{SECRET}@no-such-host.invalid/x", id="no such host"),
    pytest.param(f"postgresql://me:{SECRET}@127.0.0.1:port/x", id="a port that is no number"),
    pytest.param(f"mysql://me:{SECRET}@127.0.0.1/x", id="another kind of database"),
    pytest.param(f"postgresql://me:{SECRET}@127.0.0.1:1/x?password={SECRET}", id="the password as an option"),
    pytest.param(
        f"postgresql://127.0.0.1:1/x?user=me&password={SECRET}", id="the password as an option alone"
    ),
    pytest.param(f"postgresql://me:{SECRET}@[::1/x", id="a broken address"),
    pytest.param(f"postgresql:me:{SECRET}@127.0.0.1/x", id="no URL"),
    pytest.param(f"host=127.0.0.1 port=1 password={SECRET}", id="words and values"),
]


@pytest.mark.parametrize("url", WRONG_URLS)
def test_no_command_that_fails_shows_the_password(run: Callable[..., Result], url: str) -> None:
    for command in commands(main):
        # Files of the extension are written without a database.
        if command not in (PRINTS_IT, ("db", "psql"), ("db", "extension")):
            result = run(url, command)
            assert result.exit_code != 0, command
            assert SECRET not in result.output, command
            assert isinstance(result.exception, SystemExit), (command, result.exception)
            told = result.stdout if command == ("db", "status") and not result.stderr else result.stderr
            assert told.strip()


@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_query_in_another_database_shows_no_password(
    run: Callable[..., Result], database_url: str, url: str
) -> None:
    arguments = ("--query", "select 1 as file", "--query-url", url, "--enqueue-only")
    result = CliRunner().invoke(main, ["ingest", *arguments], env={"CLIPSQL_DATABASE_URL": database_url})
    assert result.exit_code == 1
    assert SECRET not in result.output
    assert result.stderr.startswith("Error: ")
    assert run(url, ("ingest",)).exit_code == 1


@pytest.mark.usefixtures("run")
def test_json_lines_show_no_password(secret_url: str) -> None:
    done = CliRunner().invoke(
        main,
        ["--log-format", "json", "--log-level", "debug", "ingest", "pictures", "--enqueue-only"],
        env={"CLIPSQL_DATABASE_URL": secret_url},
    )
    refused = CliRunner().invoke(
        main,
        ["--log-format", "json", "stats"],
        env={"CLIPSQL_DATABASE_URL": f"postgresql://me:{SECRET}@127.0.0.1:1/x"},
    )
    assert (done.exit_code, refused.exit_code) == (0, 1)
    assert SECRET not in done.output + refused.output
    assert json.loads(refused.stderr)["level"] == "error"


def test_psql_gets_the_password_by_its_environment_and_shows_none(secret_url: str) -> None:
    line = "from clipsql.cli import main; main()"
    done = subprocess.run(
        (sys.executable, "-c", line, "db", "psql", "-Atc", "select current_user", "-c", "\\conninfo"),
        capture_output=True,
        text=True,
        env={**os.environ, "CLIPSQL_DATABASE_URL": secret_url},
        check=True,
    )
    assert f"secretive_{os.getpid()}" in done.stdout
    assert SECRET not in done.stdout + done.stderr
