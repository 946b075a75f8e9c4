"""Bring pictures in from a program and find them again."""

from __future__ import annotations

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
        with clipsql.connect(model="clipsql-demo") as pictures:
            report = pictures.ingest(folder, collection="colours")
            there = report.outcomes["added"] + report.outcomes["unchanged"]
            print(f"{there} pictures, {report.failed} failed")

            for match in pictures.search_image(
                folder / "red.png", include_self=True, in_collection="colours"
            ):
                print(f"{match.similarity:.3f}  {match.caption}")


if __name__ == "__main__":
    main()
