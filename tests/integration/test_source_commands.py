"""`clipsql ingest` of sources that are no plain list or folder, as people run it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from PIL import Image

Clipsql = Callable[..., Result]


def png(number: int) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (64, 48), (40 * number, 90, 200)).save(held, "PNG")
    return held.getvalue()


def test_what_a_folder_has_besides_pictures_is_counted_at_the_end(
    clipsql: Clipsql, model_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "p").mkdir()
    for name in ("a.png", "b.doc", "c.DOC", "notes"):
        (tmp_path / "p" / name).write_bytes(png(1))
    result = clipsql("ingest", tmp_path / "p", "--model", model_folder)
    assert result.exit_code == 0, result.output
    assert "Passed over, by the endings of their names: 2 .doc, 1 without an ending." in result.stderr, (
        result.output
    )
    (tmp_path / "p" / "1.csv").write_text("file\na.png\n")
    assert "Passed over" not in clipsql("ingest", tmp_path / "p" / "1.csv").stderr


def test_a_delimiter_may_be_told(clipsql: Clipsql, model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a;b.png").write_bytes(png(1))
    (tmp_path / "a.csv").write_text("caption;file\tfile\nx\ta;b.png\n")
    command = ("ingest", tmp_path / "a.csv", "--model", model_folder, "--map", "caption=caption;file")
    assert clipsql(*command, "--delimiter", ";").exit_code != 0
    result = clipsql(*command, "--delimiter", "tab")
    assert result.exit_code == 0, result.output
    assert "1 added; 1 captions added" in result.stdout


def test_a_page_shows_pictures_that_lie_in_an_archive(
    clipsql: Clipsql, model_folder: Path, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for number in range(2):
            member = tarfile.TarInfo(f"{number}.png")
            member.size = len(png(number))
            tar.addfile(member, io.BytesIO(png(number)))
    result = clipsql("ingest", tmp_path / "a-or-not*.tar", "--model", model_folder)
    assert 'a-or-not*.tar" does not exist' in result.stderr
    result = clipsql("ingest", tmp_path / "*.tar", "--model", model_folder)
    assert result.exit_code == 0, result.output
    page = tmp_path / "found.html"
    assert clipsql("search", "text", "a dog", "--html", page).exit_code == 0
    assert page.read_text().count("data:image/jpeg;base64,") == 2
