"""A notebook of a real kernel shows matches as pictures."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql.search.searcher import Searcher

nbclient = pytest.importorskip("nbclient", reason="needs pip install nbclient ipykernel")
nbformat = pytest.importorskip("nbformat", reason="needs pip install nbclient ipykernel")

CELLS = (
    "import clipsql\nwith clipsql.connect() as pictures:\n    found = pictures.search([1, 0, 0])\nfound",
    "found[0]",
    "found[:1]",
    "[match.url for match in found]",
)


# What the kernel's own libraries warn of is not clipsql's affair.
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_shows_what_was_found(
    engine: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("ipykernel") is None:
        pytest.skip("needs pip install ipykernel")
    Image.new("RGB", (20, 20), "red").save(tmp_path / "red.png")
    pictures = Searcher(engine)
    pictures.add_model("space", dimensions=3)
    red = pictures.put("c", (tmp_path / "red.png").as_uri(), embedding=[1, 0, 0], captions=["<b>red</b>"])
    with engine.begin() as connection:  # as an ingest would note it
        connection.exec_driver_sql(
            "update clipsql.image set file = %s where image_id = %s", (str(tmp_path / "red.png"), red)
        )
    pictures.put("c", "https://pictures.example/green.jpg", embedding=[0, 1, 0])
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", database_url)
    for folder in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(folder, str(tmp_path / folder))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    try:
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    except RuntimeError as error:  # a cell's error is another: CellExecutionError
        pytest.skip(f"the kernel does not start: {error}")
    shown: list[Any] = [cell["outputs"][0]["data"] for cell in notebook["cells"]]
    tiles = shown[0]["text/html"].split("<figure")[1:]
    assert ["data:image/jpeg;base64," in tile for tile in tiles] == [True, False]
    assert "&lt;b&gt;red&lt;/b&gt;" in tiles[0]
    assert '<a href="https://pictures.example/green.jpg">' in tiles[1]
    assert shown[1]["text/html"].count("data:image/jpeg") == shown[2]["text/html"].count("<figure") == 1
    assert "text/html" not in shown[3]
    assert "green.jpg" in shown[3]["text/plain"]
