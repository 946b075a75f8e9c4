"""The gallery plays videos from the second of a frame: parts of the file that was read, to those who see the frame."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest

pytest.importorskip("av", reason="needs pip install clipsql[video]")

from integration.filling import new_model
from rendered_videos import still, write_video
from serving import served
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine
from clipsql.db.pictures.records import PictureWrite
from clipsql.db.pictures.writing import write_pictures
from clipsql.db.statements import autocommit_connection
from clipsql.picture import PictureRecord
from clipsql.sources.sampling import Sampling
from clipsql.sources.video import VideoReading, digest_of

TENANT = f"clipsql_test_{os.getpid()}_films"
EVERYTHING = f"clipsql_test_{os.getpid()}_all_films"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "gate.mp4"
    return write_video(path, [still(("red", "truck"))] * 12 + [still()] * 13)


@pytest.fixture(scope="module")
def database_url(new_database: Callable[..., URL], template: str, video: Path) -> Iterator[str]:
    """Pictures 1 and 2 are frames of a video, of which a tenant sees the second alone; 3 is none."""
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    new_model(engine, dimensions=3)
    base = PictureRecord(video.as_uri(), video, position=video.name)
    records = [
        *VideoReading(base=base, digest=digest_of(video), sampling=Sampling()).frames(),
        PictureRecord("still", video.parent / "still.png"),
    ]
    with autocommit_connection(engine) as connection:
        for record in records:
            write_pictures(connection, [PictureWrite(picture=record)], collection="gate", model=None)
        connection.execute(f"create role {TENANT} in role clipsql_reader")
        connection.execute(f"create role {EVERYTHING} in role clipsql_reader")
        connection.execute("alter table clipsql.image enable row level security")
        connection.execute(
            "create policy later on clipsql.image for select to clipsql_reader using (url like '%#t=2')"
        )
        connection.execute(
            f"create policy everything on clipsql.image for select to {EVERYTHING} using (true)"
        )
        connection.execute("select clipsql.enable_tenants()")
    yield engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with autocommit_connection(engine) as connection:
        for role in (TENANT, EVERYTHING):
            connection.execute(f"drop owned by {role}; drop role {role}")
    engine.dispose()


@pytest.fixture(scope="module")
def owner(database_url: str) -> Iterator[httpx2.Client]:
    """Requests of who sees all pictures."""
    with served(database_url, public=True, role=EVERYTHING) as client:
        yield client


def test_a_browser_gets_the_parts_of_a_video_that_it_asks_for(owner: httpx2.Client, video: Path) -> None:
    content = video.read_bytes()
    whole = owner.get("/v1/images/1/video")
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["cache-control"] == "private, no-cache"
    part = owner.get("/v1/images/2/video", headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(content)}"
    assert owner.get("/v1/images/1/video", headers={"Range": f"bytes={len(content)}-"}).status_code == 416


def test_the_page_of_a_frame_plays_from_its_second(owner: httpx2.Client) -> None:
    page = owner.get("/pictures/2", headers={"accept": "text/html"})
    found = re.search(r'<video [^>]*src="([^"]+)"', page.text)
    assert found is not None
    assert found[1] == "/v1/images/2/video#t=2.0,2.5"
    assert "media-src 'self'" in page.headers["content-security-policy"]
    assert "<video " not in owner.get("/pictures/3", headers={"accept": "text/html"}).text


def test_a_video_is_shown_to_those_alone_who_see_a_frame_of_it(database_url: str, video: Path) -> None:
    with served(database_url, public=True, role=TENANT) as client:
        assert client.get("/v1/images/2/video").content == video.read_bytes()
        for image in (1, 3, 99):
            refused = client.get(f"/v1/images/{image}/video")
            assert refused.status_code == 404
            assert "frame of a video" in refused.text
    with psycopg.connect(database_url) as connection:
        connection.execute(f"set role {TENANT}")
        assert connection.execute("select image_id from clipsql.video_frame").fetchall() == [(2,)]


def test_a_file_that_is_another_by_now_is_not_shown(owner: httpx2.Client, video: Path) -> None:
    content = video.read_bytes()
    try:
        video.write_bytes(content + b"x")
        assert owner.get("/v1/images/1/video").status_code == 404
        video.unlink()
        assert owner.get("/v1/images/1/video").status_code == 404
    finally:
        video.write_bytes(content)
    assert owner.get("/v1/images/1/video").status_code == 200


def test_a_row_that_names_another_file_shows_it_to_nobody(
    owner: httpx2.Client, database_url: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update clipsql.image set file = %s where image_id = 1", (f"{secret}/0",))
        connection.execute(
            "update clipsql.video_frame set video_sha256 = %s where image_id = 1", (digest_of(secret),)
        )
    assert owner.get("/v1/images/1/video").status_code == 404
