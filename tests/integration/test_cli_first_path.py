"""The first whole path: pictures in, SQL hits out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from PIL import Image

Clipsql = Callable[..., Result]


def _pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (64, 48), (number * 40 % 256, 90, 200 - number * 30 % 200)).save(
            folder / f"picture {number}.png"
        )
    return folder


def test_pictures_go_in_and_matches_come_out(clipsql: Clipsql, model_folder: Path, tmp_path: Path) -> None:
    folder = _pictures(tmp_path / "pictures", 5)
    ingested = clipsql("ingest", folder, "--collection", "colours", "--model", model_folder)
    assert ingested.exit_code == 0, ingested.output
    assert "5 added" in ingested.stdout

    found = clipsql(
        "search", "image", folder / "picture 3.png", "--include-self", "--max-results", "3", "--json"
    )
    assert found.exit_code == 0, found.output
    matches = [json.loads(line) for line in found.stdout.splitlines()]
    assert [match["rank"] for match in matches] == [1, 2, 3]
    assert matches[0]["url"] == (folder / "picture 3.png").resolve().as_uri()
    assert matches[0]["similarity"] > 0.999

    again = clipsql("ingest", folder, "--collection", "colours")
    assert "5 unchanged" in again.stdout
