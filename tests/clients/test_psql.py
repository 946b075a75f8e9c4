"""psql: what it lists, prints, copies and takes as variables."""

from __future__ import annotations

import csv
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from clients.documented import examples
from sqlalchemy.engine import URL

from clipsql.errors import EmbeddedServerError
from clipsql.server import EmbeddedServer

Psql = Callable[..., str]
SEARCH = "select image_id, similarity from clipsql.search_text(query => {}, max_results => 5)"


@pytest.fixture
def psql(reader_url: URL) -> Psql:
    """Type a script as a reader; what it printed, unaligned. `-v` sets variables."""
    try:
        program = EmbeddedServer.client_program("psql")
    except EmbeddedServerError as error:
        pytest.skip(str(error))
    address = reader_url.set(drivername="postgresql").render_as_string(hide_password=False)

    def run(script: str, *options: str, complains: bool = False) -> str:
        done = subprocess.run(
            [program, address, "--no-psqlrc", "--csv", "--tuples-only", "--set=ON_ERROR_STOP=1", *options],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == complains, done.stderr
        return done.stderr if complains else done.stdout

    return run


def pairs(output: str) -> list[tuple[int, float]]:
    return [(int(image_id), float(similarity)) for image_id, similarity in csv.reader(output.splitlines())]


def test_its_list_of_functions_has_every_public_one_with_its_description(psql: Psql, owner_url: URL) -> None:
    listed = list(csv.DictReader(psql("\\pset tuples_only off\n\\df+ clipsql.*").splitlines()))
    with psycopg.connect(owner_url.render_as_string(hide_password=False)) as connection:
        names = connection.execute(
            "select p.proname from pg_proc as p where p.pronamespace = 'clipsql'::regnamespace order by 1"
        ).fetchall()
    assert sorted(row["Name"] for row in listed) == [name for (name,) in names]
    assert "search_text" in {row["Name"] for row in listed}
    assert [row["Name"] for row in listed if not row["Description"] or row["Security"] != "invoker"] == []


def test_named_arguments_and_variables_find_the_same_pictures(
    psql: Psql, right_answer: list[tuple[int, float]]
) -> None:
    assert pairs(psql(SEARCH.format("'a red truck'") + ";")) == right_answer
    assert pairs(psql(SEARCH.format(":'what'") + ";", "--set=what=a red truck")) == right_answer
    assert pairs(psql(SEARCH.format("$1") + r" \bind 'a red truck' \g")) == right_answer


def test_a_variable_stays_one_text_whatever_is_in_it(psql: Psql) -> None:
    hostile = "a dog'); drop table clipsql.image; --"
    assert len(pairs(psql(SEARCH.format(":'what'") + ";", f"--set=what={hostile}"))) == 5
    assert psql("select count(*) from clipsql.image;").strip() == "120"


def test_the_example_prints_a_search_and_copies_it_to_a_file(
    psql: Psql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right_answer: list[tuple[int, float]]
) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = examples("psql")
    *printed, copied = psql(example).splitlines(keepends=True)
    assert pairs("".join(printed)) == right_answer
    assert copied == "COPY 5\n"
    assert pairs((tmp_path / "found.csv").read_text()) == right_answer


def test_a_mistake_is_one_error_with_its_state(psql: Psql) -> None:
    said = psql(r"\set VERBOSITY verbose" + "\nselect * from clipsql.search_text('');", complains=True)
    assert re.search(r"ERROR:  CQ\d{3}: The text is empty; give at least one word\.?$", said, re.MULTILINE)
