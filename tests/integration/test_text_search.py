"""A text search is answered by the database: the command, Python and SQL agree, and none needs torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from local_models import make_clip, make_siglip
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql import Searcher
from clipsql.encoding import load_encoder
from clipsql.errors import TextEncoderUnavailable

Clipsql = Callable[..., Result]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(6):
        Image.new("RGB", (40, 40), (40 * number, 120, 255 - 40 * number)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def siglip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_siglip(tmp_path_factory.mktemp("siglip"))


def _ids(result: Result) -> list[int]:
    assert result.exit_code == 0, result.output
    return [json.loads(line)["image_id"] for line in result.stdout.splitlines()]


def test_command_python_and_sql_give_the_same_answer(
    clipsql: Clipsql, engine: Engine, model_folder: Path, pictures: Path
) -> None:
    assert clipsql("ingest", pictures, "--model", model_folder, "--dtype", "float32").exit_code == 0
    by_command = _ids(clipsql("search", "text", "a red truck", "--max-results", "4", "--json"))
    by_python = [match.image_id for match in Searcher(engine).search_text("a red truck", max_results=4)]
    with engine.connect() as connection:
        by_sql = list(
            connection.scalars(sa.text("select image_id from clipsql.search_text('a red truck', 4)"))
        )
    query = load_encoder(str(model_folder), dtype="float32").encode_texts(["a red truck"])[0]
    by_torch = [match.image_id for match in Searcher(engine).search(query, max_results=4)]
    assert by_command == by_python == by_sql == by_torch


def test_a_text_search_needs_no_torch(
    clipsql: Clipsql, database_url: str, model_folder: Path, pictures: Path
) -> None:
    assert clipsql("ingest", pictures, "--model", model_folder).exit_code == 0
    # None in sys.modules makes every import of the name fail, as where it is not installed.
    program = (
        "import sys; sys.modules.update(torch=None, transformers=None);"
        "from clipsql.cli import main; main(['search', 'text', 'a dog', '--max-results', '2', '--json'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CLIPSQL_DATABASE_URL": database_url},
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_a_model_of_another_kind_says_what_to_do_and_doing_it_helps(
    clipsql: Clipsql, engine: Engine, siglip_folder: Path, pictures: Path
) -> None:
    added = clipsql("model", "add", siglip_folder, "--name", "siglip")
    assert added.exit_code == 0, added.output
    assert "clipsql model remember" in added.stderr
    assert clipsql("ingest", pictures, "--model", "siglip", "--dtype", "float32").exit_code == 0

    statement = sa.text("select image_id from clipsql.search_text('a red truck', 3)")
    with (
        engine.connect() as connection,
        pytest.raises(sa.exc.DBAPIError, match="clipsql model remember siglip"),
    ):
        connection.scalars(statement)
    by_torch = [
        match.image_id
        for match in Searcher(engine, dtype="float32").search_text("a red truck", max_results=3)
    ]

    assert clipsql("model", "remember", "siglip", "a red truck", "--dtype", "float32").exit_code == 0
    with engine.connect() as connection:
        assert list(connection.scalars(statement)) == by_torch


def test_a_file_of_texts_is_remembered(clipsql: Clipsql, siglip_folder: Path, tmp_path: Path) -> None:
    clipsql("model", "add", siglip_folder, "--name", "siglip")
    texts = tmp_path / "texts.txt"
    texts.write_text("a bus\n\na van at night\na bus\n", encoding="utf-8")
    remembered = clipsql("model", "remember", "siglip", "--file", texts)
    assert remembered.exit_code == 0, remembered.output
    assert "2 texts" in remembered.stdout
    nothing = clipsql("model", "remember", "siglip")
    assert nothing.exit_code == 1
    assert "--file" in nothing.stderr


def test_captions_are_found_by_a_text_under_a_model_of_another_kind_too(
    clipsql: Clipsql, engine: Engine, siglip_folder: Path, pictures: Path
) -> None:
    lines = ["file\tcaption", *(f"{number}.png\tpicture {number} of a bus" for number in range(6))]
    (pictures / "captions.tsv").write_text("\n".join(lines), encoding="utf-8")
    assert clipsql("ingest", pictures, "--model", siglip_folder, "--dtype", "float32").exit_code == 0
    searcher = Searcher(engine, dtype="float32")
    vector = load_encoder(str(siglip_folder), dtype="float32").encode_texts(["a red truck"])[0]
    by_vector = [caption.caption_id for caption in searcher.search_captions(vector, max_results=3)]
    by_text = [caption.caption_id for caption in searcher.search_captions("a red truck", max_results=3)]
    options = ("--max-results", "3", "--dtype", "float32", "--json")
    told = clipsql("search", "captions", "a red truck", *options)
    by_command = [json.loads(line)["caption_id"] for line in told.stdout.splitlines()]
    assert len(by_vector) == 3
    assert by_vector == by_text == by_command


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("dog \udcff", "character 5 is the byte 0xFF, which is not UTF-8", id="bytes"),
        pytest.param("dog " * 2000, "5000 characters", id="too long"),
        pytest.param("\u3000", "The text is empty", id="blank"),
    ],
)
def test_what_no_search_takes_is_not_remembered(
    clipsql: Clipsql, siglip_folder: Path, tmp_path: Path, text: str, said: str
) -> None:
    assert clipsql("model", "add", siglip_folder, "--name", "siglip").exit_code == 0
    texts = tmp_path / "texts.txt"
    texts.write_bytes(f"a bus\n{text}.\n".encode(errors="surrogateescape"))
    by_file = clipsql("model", "remember", "siglip", "--file", texts)
    as_argument = clipsql("model", "remember", "siglip", "a bus", text)
    for refused in (as_argument,) if text == "\u3000" else (as_argument, by_file):
        assert refused.exit_code == 1, refused.output
        assert refused.stderr.startswith("Error: ")
        assert refused.stderr.count("\n") == 1
        assert said in refused.stderr


def test_adding_a_model_again_brings_back_a_missing_text_tower(
    clipsql: Clipsql, engine: Engine, tmp_path: Path
) -> None:
    folder = make_clip(tmp_path / "clip")
    assert clipsql("model", "add", folder, "--name", "small").exit_code == 0
    with engine.begin() as connection:
        connection.execute(sa.text("delete from clipsql_private.text_tower"))
    with pytest.raises(TextEncoderUnavailable):
        Searcher(engine).embed_text("a dog")
    assert clipsql("model", "add", folder, "--name", "small").exit_code == 0
    assert len(Searcher(engine).embed_text("a dog")) == 24


def test_a_text_without_a_word_is_refused(clipsql: Clipsql, model_folder: Path) -> None:
    clipsql("model", "add", model_folder)
    refused = clipsql("search", "text", "  ")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: The text is empty")
