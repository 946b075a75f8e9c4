"""What each extra of clipsql is for: with it absent, one line says what to install, and all else works."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from clipsql.extras import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def clipsql_without(database_url: str, tmp_path: Path) -> Run:
    """Run a command in a process in which the packages of some extras cannot be imported."""

    def run(extras: tuple[str, ...], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        # httpx2 comes with transformers, too; without the rest of the extra nothing is downloaded.
        hidden = [package for extra in extras for package in PACKAGES[extra] if package != "httpx2"]
        code = (
            f"import sys; sys.modules.update(dict.fromkeys({hidden}))\nfrom clipsql.cli import main; main()"
        )
        environment = os.environ | {"CLIPSQL_DATABASE_URL": database_url, "CLIPSQL_HOME": str(tmp_path)}
        return subprocess.run(
            (sys.executable, "-c", code, *map(str, arguments)),
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
        )

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two pictures."""
    (tmp_path / "pictures").mkdir()
    for number in range(2):
        Image.new("RGB", (64, 48), (number * 90, 90, 200)).save(tmp_path / "pictures" / f"{number}.png")
    return tmp_path / "pictures"


def test_the_packages_of_an_extra_are_those_of_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert {"clip", "web", "embedded", "parquet", "all", "test"} == set(extras)
    for extra, packages in PACKAGES.items():
        assert {need.partition(">=")[0].partition("[")[0] for need in extras[extra]} == set(packages)
    assert extras["all"] == ["clipsql[clip,web,embedded,parquet]"]
    assert "clipsql[all]" in extras["test"]


def test_local_pictures_are_ingested_without_the_extra_web(
    clipsql_without: Run, folder: Path, model_folder: Path
) -> None:
    done = clipsql_without(("web", "parquet"), "ingest", folder, "--model", model_folder)
    assert (done.returncode, "2 added" in done.stdout) == (0, True), done.stderr
    checked = clipsql_without(("web", "clip"), "ingest", folder, "--validate-only", "--collection", "other")
    assert (checked.returncode, "2 checked" in checked.stdout) == (0, True), checked.stderr


def test_a_list_of_addresses_is_enqueued_without_the_extra_web(clipsql_without: Run, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("url\nhttps://pictures.example/1.jpg\n")
    done = clipsql_without(("web", "clip"), "ingest", tmp_path / "list.csv", "--enqueue-only")
    assert (done.returncode, "1 queued" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize(
    ("extra", "arguments"),
    [
        pytest.param("web", ("worker", "--until-empty"), id="worker"),
        pytest.param("web", ("ingest", "list.csv", "--model", "MODEL"), id="ingest of addresses"),
        pytest.param("web", ("ingest", "list.csv", "--validate-only"), id="validation of addresses"),
        pytest.param("clip", ("ingest", "pictures", "--model", "MODEL"), id="ingest of a folder"),
        pytest.param("clip", ("demo", "--frames", "50"), id="demo"),
        pytest.param("clip", ("model", "add", "MODEL"), id="model add"),
        pytest.param(
            "clip",
            ("model", "train", "--source", "pictures", "--from", "MODEL", "--output", "new"),
            id="model train",
        ),
        pytest.param("parquet", ("ingest", "list.parquet"), id="ingest of Parquet"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_command_that_needs_an_extra_says_so_in_one_line(
    clipsql_without: Run, extra: str, arguments: tuple[str, ...], model_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text("url\nhttps://pictures.example/1.jpg\n")
    (tmp_path / "pictures" / "captions.tsv").write_text("file\tcaption\n0.png\ta dog\n1.png\ta cat\n")
    pq.write_table(pa.table({"file": ["pictures/0.png"]}), tmp_path / "list.parquet")
    given = [str(model_folder) if word == "MODEL" else word for word in arguments]
    refused = clipsql_without((extra,), *given)
    assert refused.returncode == 1
    errors = [line for line in refused.stderr.splitlines() if " INFO " not in line]
    assert len(errors) == 1, refused.stderr
    assert errors[0].startswith("Error: ")
    assert errors[0].endswith(f'; run: pip install "clipsql[{extra}]"')
