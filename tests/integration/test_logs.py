"""Logs of long-running commands: text or JSON lines on stderr, results on stdout, bars on terminals only."""

from __future__ import annotations

import ast
import datetime as dt
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from PIL import Image

from clipsql.cli import logs

ROOT = Path(__file__).resolve().parents[2]
Clipsql = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures with captions, one of them no picture at all."""
    for number in range(2):
        Image.new("RGB", (64, 48), (number * 90, 90, 200)).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes(b"no picture")
    (tmp_path / "captions.tsv").write_text("file\tcaption\n0.png\ta red car\n1.png\ta dog\n2.png\ta cat\n")
    return tmp_path


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stderr.splitlines()]


def test_json_lines_have_time_level_logger_message_and_fields(
    clipsql: Clipsql, folder: Path, model_folder: Path
) -> None:
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    done = clipsql("--log-format", "json", "ingest", folder, "--model", model_folder, "--json")
    assert json.loads(done.stdout)["added"] == 2  # results stay on stdout
    for line in lines(done):
        assert list(line)[:4] == ["time", "level", "logger", "message"]
        assert before <= dt.datetime.fromisoformat(line["time"]) <= dt.datetime.now(dt.UTC)
        assert logging.getLevelNamesMapping()[line["level"].upper()]
        assert line["logger"].startswith("clipsql.")
    (built,) = [line for line in lines(done) if line.get("table") == "image_embedding"]
    assert built["message"] == "Building an HNSW index over 2 vectors."
    assert (built["logger"], built["level"], built["rows"]) == ("clipsql.db.indexes", "info", 2)


def test_text_lines_have_time_and_level_where_stderr_is_no_terminal(
    clipsql: Clipsql, folder: Path, model_folder: Path
) -> None:
    done = clipsql("ingest", folder, "--model", model_folder)
    assert done.stdout.startswith("Collection default: 2 added, 1 failed")
    assert len(done.stdout.splitlines()) == 1
    *logged, remark, error = done.stderr.splitlines()
    assert remark.startswith("Failed: ")
    assert error.startswith("Error: Pictures that failed: 1;")
    for line in logged:
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ (INFO|WARNING) \w", line), line


@pytest.mark.parametrize(
    ("level", "levels"),
    [
        pytest.param("error", {"error"}, id="error"),
        pytest.param("info", {"info", "error"}, id="info"),
        pytest.param("debug", {"debug", "info", "error"}, id="debug"),
    ],
)
def test_a_level_leaves_out_what_is_less(
    clipsql: Clipsql, folder: Path, model_folder: Path, level: str, levels: set[str]
) -> None:
    done = clipsql("--log-format", "json", "--log-level", level, "ingest", folder, "--model", model_folder)
    assert {line["level"] for line in lines(done)} == levels
    told = [line["message"] for line in lines(done) if line["logger"] == "clipsql.ingest.pipeline"]
    assert ["2.png" in message for message in told] == ([True] if level == "debug" else [])


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        pytest.param(("ingest", "gone"), 1, '"gone" does not exist', id="what clipsql refuses"),
        pytest.param(("ingest",), 2, "Name one source", id="wrong usage"),
        pytest.param(("db", "status", "--no-such-option"), 2, "--no-such-option", id="an unknown option"),
    ],
)
def test_errors_are_json_lines_too(
    clipsql: Clipsql, arguments: tuple[str, ...], exit_code: int, said: str
) -> None:
    refused = clipsql("--log-format", "json", *arguments)
    (line,) = lines(refused)
    assert (refused.exit_code, line["level"]) == (exit_code, "error")
    assert said in line["message"]


def test_remarks_are_bare_text_or_json_lines(clipsql: Clipsql) -> None:
    assert clipsql("stats").stderr == 'There is no picture yet; run "clipsql ingest FOLDER".\n'
    (line,) = lines(clipsql("--log-format", "json", "stats"))
    assert line["message"] == 'There is no picture yet; run "clipsql ingest FOLDER".'


def test_without_a_terminal_progress_is_a_line_now_and_then(
    clipsql: Clipsql, folder: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = clipsql("ingest", folder, "--model", model_folder, "--collection", "quick")
    assert " of 3 pictures" not in quiet.stderr  # over before the first line is due
    monkeypatch.setattr(logs, "_LINE_EVERY_S", 0)
    text = clipsql("ingest", folder, "--collection", "slow").stderr
    assert "INFO 3 of 3 pictures, 1 failed" in text
    told = lines(clipsql("--log-format", "json", "ingest", folder, "--collection", "machines"))
    counts = [line for line in told if line["logger"] == "clipsql.cli.logs"]
    assert [line["done"] for line in counts] == [1, 2, 3]
    assert {"total": 3, "unit": "pictures", "failed": 1}.items() <= counts[-1].items()
    assert "\r" not in text


def test_long_running_commands_log(clipsql: Clipsql, folder: Path, model_folder: Path) -> None:
    def loggers(*arguments: str | Path, exit_code: int = 0) -> set[str]:
        done = clipsql("--log-format", "json", *arguments)
        assert done.exit_code == exit_code, done.output
        return {line["logger"] for line in lines(done)}

    assert "clipsql.db.schema.migrating" in loggers("db", "downgrade", "base", "--yes")
    assert "clipsql.db.schema.migrating" in loggers("db", "upgrade")
    assert "clipsql.models" in loggers("model", "add", model_folder)
    loggers("ingest", folder, "--enqueue-only")
    assert {"clipsql.db.indexes"} <= loggers("worker", "--until-empty", exit_code=1)
    assert "clipsql.db.tuning" in loggers("index", "tune", "--queries", "2")
    assert "clipsql.db.indexes" in loggers("index", "build", "--rebuild")
    begun = ("--from", model_folder, "--output", folder / "new", "--epochs", "1", "--batch-size", "2")
    (folder / "2.png").unlink()
    (folder / "captions.tsv").write_text("file\tcaption\n0.png\ta red car\n1.png\ta dog\n")
    assert "clipsql.cli.train" in loggers("model", "train", "--source", folder, "--held-out", "0", *begun)


def test_only_the_command_configures_logging_and_each_logger_has_its_modules_name() -> None:
    for file in (ROOT / "clipsql").rglob("*.py"):
        text = file.read_text("utf-8")
        if "getLogger(" in text and file.name not in ("logs.py", "output.py"):
            assert "_log = logging.getLogger(__name__)" in text, file
            assert text.count("getLogger(") == 1, file
        if "cli" in file.parts or file.name.startswith("build_"):  # a program of its own
            continue
        called = {
            node.func.attr
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not called & {"basicConfig", "addHandler", "setLevel", "dictConfig"}, file


def test_the_handler_goes_with_the_command(clipsql: Clipsql) -> None:
    clipsql("--log-level", "error", "stats")
    logger = logging.getLogger("clipsql")
    assert (logger.handlers, logger.level) == ([], logging.NOTSET)
