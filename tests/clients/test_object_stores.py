"""An S3 server and s3fs, as they come: pictures and shards of a bucket, with credentials of the environment alone."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from clients.environments import python_with
from PIL import Image
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine
from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model

ROOT = Path(__file__).resolve().parents[2]
SECRET = "wJalrXUtnFEMI"
FILL = """
import sys, s3fs
files = s3fs.S3FileSystem()
files.mkdir("bucket")
files.put(sys.argv[1] + "/*", "bucket/", recursive=True)
"""


@pytest.fixture(scope="module")
def python() -> str:
    return python_with("moto[server]", "s3fs", modules=("moto", "s3fs", "flask"))


@pytest.fixture(scope="module")
def bucket(python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which s3://bucket can be reached; it holds pictures and a shard."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "PYTHONPATH": str(ROOT),
    }
    server = subprocess.Popen(
        (python, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        for _ in range(600):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        folder = tmp_path_factory.mktemp("bucket")
        (folder / "photos").mkdir()
        shard = io.BytesIO()
        with tarfile.open(fileobj=shard, mode="w") as archive:
            for number in range(4):
                held = io.BytesIO()
                Image.new("RGB", (64, 48), (number * 60, 90, 90)).save(held, "JPEG")
                (folder / "photos" / f"{number}.jpg").write_bytes(held.getvalue())
                for ending, content in (("jpg", held.getvalue()), ("txt", b"Number %d." % number)):
                    member = tarfile.TarInfo(f"{number:04}.{ending}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
        (folder / "train-0.tar").write_bytes(shard.getvalue())
        subprocess.run((python, "-c", FILL, folder), env=environment, check=True)
        yield environment
    finally:
        server.terminate()
        server.wait()


def test_a_bucket_becomes_collections(
    bucket: dict[str, str], python: str, new_database: Callable[..., URL], template: str
) -> None:
    url = new_database(template=template).render_as_string(hide_password=False)
    engine = create_engine(url)
    register_model(engine, str(MODEL_FOLDER), name="clipsql-demo", dtype="float32")
    engine.dispose()

    def ran(*arguments: str, **further: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (python, "-c", "from clipsql.cli import main; main()", "--log-level", "debug", *arguments),
            env=bucket | {"CLIPSQL_DATABASE_URL": url} | further,
            capture_output=True,
            text=True,
            check=False,
        )

    photos = ran("ingest", "s3://bucket/photos", "--collection", "photos", "--dtype", "float32")
    assert "4 added" in photos.stdout, photos.stderr
    shards = ran("ingest", "s3://bucket/train-*.tar", "--collection", "train", "--dtype", "float32")
    assert "4 added" in shards.stdout, shards.stderr
    refused = ran(
        "ingest", "s3://bucket/photos", "--collection", "c", AWS_SECRET_ACCESS_KEY="", AWS_ACCESS_KEY_ID=""
    )
    assert refused.returncode == 1
    assert "Error: s3://bucket/photos cannot be read" in refused.stderr
    ran("ingest", "s3://bucket/train-0.tar", "--collection", "queued", "--enqueue-only")
    worked = ran("worker", "--until-empty", "--dtype", "float32", CLIPSQL_STORES="s3://bucket")
    assert "4 added" in worked.stdout, worked.stderr
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select collection, url, file, status, caption from clipsql.picture where url ~ '3.jpg' order by 1"
        ).fetchall()
    assert rows == [
        ("photos", *2 * ("s3://bucket/photos/3.jpg",), "embedded", None),
        ("queued", *2 * ("s3://bucket/train-0.tar/0003.jpg",), "embedded", "Number 3."),
        ("train", *2 * ("s3://bucket/train-0.tar/0003.jpg",), "embedded", "Number 3."),
    ]
    for done in (photos, shards, refused, worked):
        assert SECRET not in done.stdout + done.stderr
