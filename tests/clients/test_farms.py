"""The recipes for Ray Data, Daft and Spark as they stand: two local processes each, and the rows of an ingest."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from clients.environments import python_with
from PIL import Image
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine
from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model
from clipsql.search.searcher import Searcher

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PICTURES = 24


@pytest.fixture(scope="module")
def farm_url(
    new_database: Callable[..., URL], template: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A database whose collection "demo" has pictures with files."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(PICTURES):
        Image.new("RGB", (64, 48), (number * 10, 255 - number * 10, 90)).save(folder / f"{number}.jpg")
    url = new_database(template=template).render_as_string(hide_password=False)
    engine = create_engine(url)
    register_model(engine, str(MODEL_FOLDER), name="clipsql-demo", dtype="float32")
    Searcher(engine, model="clipsql-demo", dtype="float32").ingest(folder, collection="demo", thumbnails=True)
    engine.dispose()
    return url


def ran(python: str, name: str, url: str) -> str:
    """What an example prints."""
    environment = os.environ | {
        "CLIPSQL_DATABASE_URL": url,
        "PYTHONPATH": str(EXAMPLES.parent),
        "DAFT_PROGRESS_BAR": "0",
        "DO_NOT_TRACK": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        (python, EXAMPLES / name), capture_output=True, text=True, env=environment, check=False, timeout=400
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout


def rows_differ(url: str, collection: str) -> int:
    """How many pictures of the demo the collection has not, or with another content, facts, thumbnail or vector."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            """
            select count(*)
            from clipsql.image as i
            join clipsql.image_embedding as e using (image_id)
            left join (clipsql.image as o join clipsql.image_embedding as v using (image_id))
                on o.collection = %s and o.url = i.url and o.sha256 = i.sha256 and o.file = i.file
                and o.width = i.width and o.status = i.status and o.metadata = i.metadata
                and clipsql.thumbnail_uri(o.image_id) = clipsql.thumbnail_uri(i.image_id)
                and v.embedding <=> e.embedding < 1e-4
            where i.collection = 'demo' and o.image_id is null
            """,
            (collection,),
        ).fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize(
    ("package", "collection", "name"),
    [
        pytest.param("ray", "ray", "ray_data.py", id="ray"),
        pytest.param("daft", "daft", "daft_frame.py", id="daft"),
    ],
)
def test_a_recipe_brings_in_what_an_ingest_would(
    farm_url: str, package: str, collection: str, name: str
) -> None:
    python = python_with("ray", "daft", modules=(package,))
    assert f"{{'added': {PICTURES}}}" in ran(python, name, farm_url)
    assert rows_differ(farm_url, collection) == 0


def test_the_recipe_for_spark_can_be_run_again(farm_url: str) -> None:
    # Its package has 450 MB and is built from source, so nobody is made to get it.
    if find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("needs pip install pyspark, and a Java")
    python = python_with(modules=("pyspark",))
    assert f"{{'added': {PICTURES}}}" in ran(python, "spark_job.py", farm_url)
    assert rows_differ(farm_url, "spark") == 0
    assert f"{{'unchanged': {PICTURES}}}" in ran(python, "spark_job.py", farm_url)
