"""Bring pictures in from a program and find them again: the command ingests, the library searches."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

import clipsql


def main() -> None:
    """Draw two pictures, ingest them with their captions, and print which is more like the first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for colour in ("red", "blue"):
            Image.new("RGB", (320, 240), colour).save(folder / f"{colour}.png")
        (folder / "captions.csv").write_text("file,caption\nred.png,all red\nblue.png,all blue\n")
        report = ingest(folder, collection="colours", model="clipsql-demo")
        print(f"{report['added'] + report['unchanged']} pictures, {report['failed']} failed")

        with clipsql.connect(model="clipsql-demo") as pictures:
            for match in pictures.search_image(
                folder / "red.png", include_self=True, in_collection="colours"
            ):
                print(f"{match.similarity:.3f}  {match.caption}")


def ingest(folder: Path, *, collection: str, model: str) -> dict[str, int]:
    """Run `clipsql ingest`; its `--json` line says what it did, `--log-format json` suits a log collector."""
    command = ("-c", "from clipsql.cli import main; main()", "--log-format", "json", "ingest", str(folder))
    options = ("--collection", collection, "--model", model, "--json")
    done = subprocess.run((sys.executable, *command, *options), stdout=subprocess.PIPE, check=True)
    report: dict[str, int] = json.loads(done.stdout)
    return report


if __name__ == "__main__":
    main()
