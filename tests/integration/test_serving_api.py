"""`clipsql serve` as programs meet it: keys, searches page by page, pictures, watches, errors, all over real HTTP."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
import sqlalchemy as sa
from click.testing import Result
from integration.galleries import WRITER, database_url, demo_database
from PIL import ExifTags, Image
from prometheus_client.parser import text_string_to_metric_families
from serving import bearer, served
from sqlalchemy.engine import URL, Engine
from waiting import until
from web_server import PICTURE, WebServer

from clipsql.db import keys
from clipsql.db.models import require_model
from clipsql.images.hashing import content_hash
from clipsql.serving.callers import Callers, NotAllowed, Shown
from clipsql.serving.cursor import write_cursor
from clipsql.serving.options import ServeOptions

__all__ = ["database_url"]  # a fixture
Asked = Callable[..., Any]


@pytest.fixture(scope="module")
def engine(new_database: Callable[..., URL], template: str) -> Iterator[Engine]:
    """A database of 120 pictures under the model in the box."""
    with demo_database(new_database(template=template), rows=120) as (engine, _):
        yield engine


@pytest.fixture(scope="module")
def anybody(database_url: str) -> Iterator[httpx2.Client]:
    """A client without a key."""
    with served(database_url) as client:
        yield client


@pytest.fixture(scope="module")
def reader(engine: Engine, anybody: httpx2.Client) -> Iterator[httpx2.Client]:
    """A client with a key of clipsql_reader."""
    headers = bearer(keys.add_key(engine, "of the reader"))
    with httpx2.Client(base_url=anybody.base_url, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def writer(engine: Engine, anybody: httpx2.Client) -> Iterator[httpx2.Client]:
    """A client with a key of a writer."""
    headers = bearer(keys.add_key(engine, "of the writer", role=WRITER))
    with httpx2.Client(base_url=anybody.base_url, headers=headers, timeout=30) as client:
        yield client


def problem(answer: httpx2.Response) -> tuple[int, str | None]:
    """Status and SQLSTATE of a refusal, which is a problem as RFC 9457 has it."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert {"type", "title", "detail"} <= set(body)
    return answer.status_code, body.get("sqlstate")


def all_ids(client: httpx2.Client, request: dict[str, Any]) -> list[int]:
    """Ids of all pages of a search, in order."""
    found: list[int] = []
    while True:
        answer = client.post("/v1/search", json=request).json()
        assert [match["rank"] for match in answer["matches"]] == list(
            range(len(found) + 1, len(found) + len(answer["matches"]) + 1)
        )
        ids = [match["id"] for match in answer["matches"]]
        assert not set(ids) & set(found), "a page repeats what was shown"
        found += ids
        if answer["after"] is None:
            return found
        request = request | {"after": answer["after"]}


def test_without_a_key_nothing_is_answered_but_that_the_server_lives(
    anybody: httpx2.Client, reader: httpx2.Client
) -> None:
    paths = reader.get("/openapi.json").json()["paths"]
    assert len(paths) > 12
    for path, methods in paths.items():
        for method in methods:
            address = path.replace("{image}", "1").replace("{alert}", "1").replace("{name}", "a")
            answer = anybody.request(method, address)
            assert problem(answer) == (401, None), path
            assert answer.headers["www-authenticate"] == "Bearer"
    assert problem(anybody.get("/metrics")) == (401, None)
    assert problem(anybody.get("/v1/models", headers=bearer("clipsql_wrong"))) == (401, None)
    assert anybody.get("/healthz").json() == {"status": "alive"}
    assert anybody.get("/readyz").json() == {"status": "ready"}


def test_a_key_opens_until_it_is_removed(clipsql: Callable[..., Result], anybody: httpx2.Client) -> None:
    made = clipsql("key", "add", "of a moment")
    key = made.stdout.strip()
    assert (anybody.get("/v1/models", headers=bearer(key)).status_code, len(key) > 40) == (200, True)
    assert anybody.get("/v1/models", headers={"Api-Key": key}).status_code == 200
    assert clipsql("key", "add", "of a moment").exit_code == 1
    listed = clipsql("key", "list", "--json").stdout
    assert ('"of a moment"' in listed, key in listed) == (True, False)
    assert clipsql("key", "remove", "of a moment").exit_code == 0
    assert problem(anybody.get("/v1/models", headers=bearer(key))) == (401, None)
    assert "there is:" in clipsql("key", "remove", "of a moment").stderr


def test_of_a_key_only_a_hash_is_kept(engine: Engine) -> None:
    key = keys.add_key(engine, "hashed")
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("select k::text from clipsql_private.api_key as k").scalars().all()
    assert not [row for row in kept if key in row or key.encode().hex() in row]
    keys.remove_key(engine, "hashed")


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        pytest.param("nobody_of_that_name", "There is no role", id="unknown"),
        pytest.param("pg_monitor", "may not search", id="no reader"),
    ],
)
def test_a_key_stands_for_a_role_that_may_search(
    clipsql: Callable[..., Result], role: str, reason: str
) -> None:
    refused = clipsql("key", "add", "of nobody", "--role", role)
    assert (refused.exit_code, reason in refused.stderr) == (1, True)


def test_no_key_and_no_header_stands_for_a_superuser(
    clipsql: Callable[..., Result], engine: Engine, database_url: str
) -> None:
    owner = engine.url.username or "postgres"
    assert "No right and no policy holds" in clipsql("key", "add", "of all", "--role", owner).stderr
    with served(database_url, role_header="x-role") as client:
        assert client.get("/v1/models", headers={"X-Role": WRITER}).status_code == 200
        assert problem(client.get("/v1/models", headers={"X-Role": owner})) == (403, None)
        assert problem(client.get("/v1/models", headers={"X-Role": "none"})) == (403, None)
        assert problem(client.get("/v1/models")) == (401, None)
    with served(database_url) as client:  # a header counts where it is trusted alone
        assert problem(client.get("/v1/models", headers={"X-Role": WRITER})) == (401, None)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"text": "a red truck"}, id="text"),
        pytest.param({"query": "a red truck - night", "max_results": 3}, id="query"),
        pytest.param({"image": 7, "in_collection": "streets", "min_similarity": -0.5}, id="image"),
        pytest.param({"vector": [1.0] * 128, "taken_from": "2025-05-01T00:00:00Z"}, id="vector"),
        pytest.param({"text": "a dog", "metadata_matches": '$.camera == "K1"', "only_images": list(range(1, 99))},
                     id="filters"),
    ],
)  # fmt: skip
def test_a_search_answers_as_search_request_does(
    reader: httpx2.Client, engine: Engine, request_: dict[str, Any]
) -> None:
    with engine.connect() as connection:
        expected = connection.exec_driver_sql(
            "select clipsql.search_request(%s)", (json.dumps(request_),)
        ).scalar_one()
    answer = reader.post("/v1/search", json=request_)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    del body["after"]
    assert body == expected
    assert len(expected["matches"]) > 1
    lines = reader.post("/v1/search", json=request_, headers={"Accept": "application/x-ndjson"})
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert lines.headers["clipsql-model"] == "demo"
    assert [json.loads(line) for line in lines.text.splitlines()] == expected["matches"]


def test_pages_lose_and_repeat_nothing(reader: httpx2.Client, writer: httpx2.Client, engine: Engine) -> None:
    request = {"text": "a red truck", "max_results": 7, "in_collection": "streets", "except_images": [3]}
    with engine.connect() as connection:
        known = set(
            connection.exec_driver_sql(
                "select image_id from clipsql.image where collection = 'streets' and image_id <> 3"
            ).scalars()
        )
    found = all_ids(reader, request)
    assert (len(found), set(found)) == (len(known), known)
    at_once = reader.post("/v1/search", json=request | {"max_results": 1000}).json()
    assert (found, at_once["after"]) == ([match["id"] for match in at_once["matches"]], None)
    # A picture that comes in between has its chance, though it lies before the pages that were shown.
    first = reader.post("/v1/search", json=request).json()
    with engine.connect() as connection:
        nearest = connection.exec_driver_sql("select clipsql.embed_text('a red truck')::text").scalar_one()
    put = {"collection": "streets", "url": "https://a.example/new.jpg", "embedding": json.loads(nearest)}
    new = writer.put("/v1/images", json=put).json()["image_id"]
    second = reader.post("/v1/search", json=request | {"after": first["after"]}).json()
    assert [match["id"] for match in second["matches"]] == [new, *found[7:13]]
    assert writer.delete(f"/v1/images/{new}").status_code == 204


def test_pages_of_folded_pictures_lose_and_repeat_nothing(
    reader: httpx2.Client, writer: httpx2.Client, engine: Engine
) -> None:
    with engine.connect() as connection:
        nearest = connection.exec_driver_sql("select clipsql.embed_text('a red truck')::text").scalar_one()
    vector = json.loads(nearest)
    copies = []
    for number in range(6):  # three pairs, and in each two that are nearly the same
        turned = [value + 0.3 * (place == number // 2) for place, value in enumerate(vector)]
        put = {"collection": "burst", "url": f"https://a.example/{number}.jpg",
               "embedding": [value + 1e-4 * number for value in turned]}  # fmt: skip
        copies.append(writer.put("/v1/images", json=put).json()["image_id"])
    for collection, distinct_above in (("burst", 0.97), ("streets", 0.15)):
        request = {"text": "a red truck", "in_collection": collection, "distinct_above": distinct_above}
        at_once = reader.post("/v1/search", json=request | {"max_results": 1000}).json()
        assert at_once["after"] is None
        for page in (1, 7):
            found = all_ids(reader, request | {"max_results": page})
            assert found == [match["id"] for match in at_once["matches"]]
            assert len(found) == 3 or collection == "streets"
    assert len(found) < len(all_ids(reader, {"text": "a red truck", "in_collection": "streets"}))
    cursor = write_cursor({"model": None} | request, range(1, 99_995))
    too_deep = reader.post("/v1/search", json=request | {"after": cursor, "max_results": 7})
    assert (problem(too_deep), "100,000" in too_deep.json()["detail"]) == ((422, "CQ004"), True)
    assert writer.post("/v1/images/remove", json={"images": copies}).json() == {"removed": 6}


def test_a_cursor_goes_with_its_request_alone(reader: httpx2.Client) -> None:
    request = {"text": "a red truck", "max_results": 5}
    after = reader.post("/v1/search", json=request).json()["after"]
    assert reader.post("/v1/search", json=request | {"after": after, "max_results": 9}).status_code == 200
    for other in (
        {"text": "a dog", "after": after},
        request | {"after": after[:-6]},
        request | {"after": "AAAA"},
        request | {"after": "é"},
        request | {"after": after, "distinct_above": 0.9},
    ):
        assert problem(reader.post("/v1/search", json=other)) == (422, "CQ004"), other


@pytest.mark.parametrize(
    ("request_", "status", "sqlstate", "detail"),
    [
        pytest.param({"query": "a red (truck"}, 422, "CQ004", "Column 7 of the query", id="column"),
        pytest.param({"text": "a"} | {"image": 1}, 422, "CQ004", "one of text, image", id="two questions"),
        pytest.param({"image": 10**9}, 404, "CQ002", "1000000000", id="no picture"),
        pytest.param({"text": "a", "model": "none"}, 404, "CQ001", "none", id="no model"),
        pytest.param({"text": "a", "in_collection": "street"}, 404, "CQ008", "streets", id="no collection"),
        pytest.param({"vector": [1, 2]}, 422, "CQ003", "2 dimensions", id="dimensions"),
        pytest.param({"text": "\0"}, 422, "CQ006", "cannot be stored", id="NUL"),
        pytest.param({"text": "a", "max_result": 3}, 422, None, "max_result", id="unknown member"),
        pytest.param({"text": "a", "taken_from": "yesterdey"}, 422, "CQ004", "taken_from", id="no time"),
    ],
)
def test_a_refusal_says_what_is_wrong(
    reader: httpx2.Client, request_: dict[str, Any], status: int, sqlstate: str | None, detail: str
) -> None:
    answer = reader.post("/v1/search", json=request_)
    assert problem(answer) == (status, sqlstate)
    assert detail in answer.json()["detail"]


def test_the_rights_are_those_of_the_role(
    reader: httpx2.Client, writer: httpx2.Client, database_url: str
) -> None:
    put = {"collection": "put", "url": "https://a.example/1.jpg", "captions": ["<b>A red dog.</b>"],
           "embedding": [1.0, *[0.0] * 127], "taken_at": "2025-01-01T00:00:00Z"}  # fmt: skip
    assert problem(reader.put("/v1/images", json=put)) == (403, "42501")
    image = writer.put("/v1/images", json=put).json()["image_id"]
    known = reader.get(f"/v1/images/{image}").json()
    assert (known["captions"], known["taken_at"], known["status"]) == (
        ["<b>A red dog.</b>"],
        "2025-01-01T00:00:00Z",
        "embedded",
    )
    assert problem(reader.delete(f"/v1/images/{image}")) == (403, "42501")
    assert problem(reader.post("/v1/images/remove", json={"images": [image]})) == (403, "42501")
    assert writer.post("/v1/images/remove", json={"images": [image, 10**9]}).json() == {"removed": 1}
    assert problem(reader.get(f"/v1/images/{image}")) == (404, "CQ002")
    assert problem(writer.delete(f"/v1/images/{image}")) == (404, "CQ002")
    with served(database_url, read_only=True, public=True, role=WRITER) as client:
        assert problem(client.put("/v1/images", json=put)) == (403, None)
        assert client.post("/v1/search", json={"text": "a dog"}).status_code == 200


def test_a_watch_is_made_tells_and_is_judged(writer: httpx2.Client, reader: httpx2.Client) -> None:
    name = "red / lorry"
    watch = {"query": "a red truck", "min_similarity": -1, "once_per": "PT15M", "in_collection": "watched"}
    assert writer.put(f"/v1/watches/{name}", json=watch).status_code == 200
    assert problem(writer.put("/v1/watches/other", json={"query": "a"}))[0] == 422
    image = writer.put(
        "/v1/images",
        json={"collection": "watched", "url": "https://a.example/w.jpg", "embedding": [1.0] * 128},
    ).json()["image_id"]
    (alert,) = reader.get("/v1/alerts", params={"watch": name}).json()
    assert (alert["image_id"], alert["verdict"]) == (image, None)
    assert problem(reader.post(f"/v1/alerts/{alert['alert_id']}/verdict", json={"is_right": True}))[0] == 403
    judged = writer.post(f"/v1/alerts/{alert['alert_id']}/verdict", json={"is_right": True})
    assert judged.status_code == 204
    (told,) = reader.get("/v1/watches").json()
    assert (told["name"], told["judged"], told["once_per"]) == (name, 1, "PT15M")
    assert writer.post(f"/v1/watches/{name}/pause").status_code == 204
    assert reader.get("/v1/watches").json()[0]["is_paused"]
    assert writer.post(f"/v1/watches/{name}/resume").status_code == 204
    assert not reader.get("/v1/watches").json()[0]["is_paused"]
    assert writer.delete(f"/v1/watches/{name}").status_code == 204
    assert problem(writer.delete(f"/v1/watches/{name}")) == (404, "CQ009")


@pytest.fixture
def shown(engine: Engine, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A picture that was read from a file, and the file."""
    file = tmp_path / "shown.png"
    Image.effect_noise((2000, 1000), 90).convert("RGB").save(file)
    with engine.begin() as connection:
        image = connection.exec_driver_sql(
            "insert into clipsql.image (collection, url, file, sha256, status)"
            " values ('shown', %s, %s, %s, 'embedded') returning image_id",
            (file.as_uri(), str(file), content_hash(file.read_bytes())),
        ).scalar_one()
    yield image, file
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image where image_id = %s", (image,))


def test_a_picture_is_shown_small_and_large_and_not_sent_twice(
    reader: httpx2.Client, shown: tuple[int, Path]
) -> None:
    image, _ = shown
    for part, size in (("thumbnail", (256, 128)), ("picture", (1600, 800))):
        answer = reader.get(f"/v1/images/{image}/{part}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.size == size
        again = reader.get(f"/v1/images/{image}/{part}", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (
            reader.get(f"/v1/images/{image}/{part}", headers={"If-None-Match": '"other"'}).status_code == 200
        )


def test_no_file_is_shown_but_the_one_that_was_read(
    reader: httpx2.Client, shown: tuple[int, Path], engine: Engine
) -> None:
    image, file = shown
    Image.new("RGB", (40, 40), (9, 9, 9)).save(file)  # another content than was read
    assert problem(reader.get(f"/v1/images/{image}/picture")) == (404, "CQ002")
    other = file.with_name("other.png")
    Image.new("RGB", (20, 10), (1, 2, 3)).save(other)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update clipsql.image set file = %s where image_id = %s", (str(other), image)
        )
    assert problem(reader.get(f"/v1/images/{image}/picture")) == (404, "CQ002")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update clipsql.image set file = %s, sha256 = null where image_id = %s", (str(file), image)
        )
    assert problem(reader.get(f"/v1/images/{image}/thumbnail")) == (404, "CQ002")


def test_an_upload_is_kept_found_and_shown(database_url: str, tmp_path: Path, reader: httpx2.Client) -> None:
    held = io.BytesIO()
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:01 10:00:00"
    Image.effect_noise((400, 200), 90).convert("RGB").save(held, "JPEG", exif=exif)
    file = {"picture": ("a.jpg", held.getvalue())}
    form = {"collection": "sent", "captions": ["<b>one</b>", "two"], "metadata": '{"camera": "K1"}'}
    with served(database_url, public=True, role=WRITER, originals=tmp_path / "kept") as client:
        sent = client.post("/v1/images/upload", data=form, files=file)
        assert sent.status_code == 200, sent.text
        image = sent.json()["image_id"]
        assert client.post("/v1/images/upload", data=form, files=file).json()["image_id"] == image
        known = client.get(f"/v1/images/{image}").json()
        assert {
            name: known[name] for name in ("captions", "metadata", "taken_at", "width", "format", "status")
        } == {
            "captions": ["<b>one</b>", "two"],
            "metadata": {"camera": "K1"},
            "taken_at": "2024-05-01T10:00:00Z",
            "width": 400,
            "format": "JPEG",
            "status": "embedded",
        }
        (match,) = client.post("/v1/search", json={"image": 1, "in_collection": "sent"}).json()["matches"]
        assert match["id"] == image
        for part, width in (("thumbnail", 256), ("picture", 400)):
            answer = client.get(f"/v1/images/{image}/{part}")
            with Image.open(io.BytesIO(answer.content)) as shown:
                assert shown.size == (width, width // 2)
        (kept,) = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
        assert kept.read_bytes() == held.getvalue()
        no_picture = client.post("/v1/images/upload", data=form, files={"picture": ("a.jpg", b"<svg/>")})
        assert problem(no_picture) == (422, None)
        assert problem(client.post("/v1/images/upload", data=form)) == (422, None)
        wrong = client.post("/v1/images/upload", data=form | {"metadata": "[1]"}, files=file)
        assert problem(wrong) == (422, None)
        assert client.delete(f"/v1/images/{image}").status_code == 204
    assert problem(reader.post("/v1/images/upload", data=form, files=file)) == (501, None)
    with served(database_url, public=True, originals=tmp_path / "none") as client:
        assert problem(client.post("/v1/images/upload", data=form, files=file)) == (403, None)
    assert not (tmp_path / "none").exists()


def test_a_picture_of_the_web_is_fetched_kept_and_found(
    database_url: str, tmp_path: Path, reader: httpx2.Client
) -> None:
    with WebServer() as web:
        address = web.url("/ok.jpg", host="127.0.0.1")
        body = {
            "collection": "fetched",
            "url": address,
            "captions": ["of the web"],
            "longitude": 5,
            "latitude": 6,
        }
        options = {"public": True, "role": WRITER, "originals": tmp_path / "kept", "fetch_timeout_s": 1.0}
        with served(database_url, **options) as client:
            refused = client.post("/v1/images/download", json=body)
            assert (problem(refused), web.requests) == ((422, None), [])
            assert "inside a private network" in refused.json()["detail"]
        with served(database_url, allow_private_hosts=True, most_bytes=5000, **options) as client:
            image = client.post("/v1/images/download", json=body).json()["image_id"]
            assert client.post("/v1/images/download", json=body).json()["image_id"] == image
            known = client.get(f"/v1/images/{image}").json()
            assert [known[name] for name in ("url", "captions", "longitude", "width", "status")] == [
                address, ["of the web"], 5, 64, "embedded"
            ]  # fmt: skip
            assert Path(known["file"]).read_bytes() == PICTURE
            shown = client.get(f"/v1/images/{image}/thumbnail")
            assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
            for path, said in (
                ("/nowhere", "404"),
                ("/hang", "within 1 s"),
                ("/endless", "more than"),
                ("/gzip-said.html", "not a picture"),
            ):
                answer = client.post(
                    "/v1/images/download", json=body | {"url": web.url(path, host="127.0.0.1")}
                )
                assert problem(answer) == (422, None), path
                assert said in answer.json()["detail"], answer.text
            for url in ("file:///etc/hostname", "ftp://a.example/1.jpg", "nothing"):
                assert problem(client.post("/v1/images/download", json=body | {"url": url})) == (422, None)
            assert client.delete(f"/v1/images/{image}").status_code == 204
        asked = len(web.requests)
        assert problem(reader.post("/v1/images/download", json=body)) == (501, None)
        for more in ({"role": "clipsql_reader"}, {"read_only": True}):
            with served(database_url, allow_private_hosts=True, **(options | more)) as client:
                assert problem(client.post("/v1/images/download", json=body)) == (403, None)
        assert len(web.requests) == asked


def test_a_picture_is_lit_where_a_text_is(reader: httpx2.Client, shown: tuple[int, Path]) -> None:
    image, file = shown
    lit = reader.get(f"/v1/images/{image}/heat", params={"query": "a red truck"})
    assert (lit.status_code, lit.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(lit.content)) as picture:
        assert picture.width / picture.height == pytest.approx(2, rel=0.01)
    page = reader.get(f"/pictures/{image}?where=a+red+%22truck", headers={"Accept": "text/html"}).text
    assert f"/v1/images/{image}/heat?query=a+red+%22truck" in page
    assert problem(reader.get(f"/v1/images/{image}/heat", params={"query": " "})) == (422, "CQ006")
    assert problem(reader.get("/v1/images/1/heat", params={"query": "a dog"})) == (404, "CQ002")
    file.unlink()
    assert problem(reader.get(f"/v1/images/{image}/heat", params={"query": "a dog"})) == (404, "CQ002")


def test_every_answer_has_the_headers_that_keep_a_browser_safe(anybody: httpx2.Client) -> None:
    for path in ("/healthz", "/v1/models", "/nowhere"):
        headers = anybody.get(path).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
        assert "set-cookie" not in headers


def test_a_request_of_another_sites_page_and_one_too_large_are_refused(
    reader: httpx2.Client, database_url: str
) -> None:
    request = {"text": "a dog"}
    other = reader.post("/v1/search", json=request, headers={"Origin": "https://evil.example"})
    assert problem(other) == (403, None)
    own = {"Origin": str(reader.base_url).rstrip("/")}
    assert reader.post("/v1/search", json=request, headers=own).status_code == 200
    with served(database_url, public=True, most_bytes=1000) as client:
        assert problem(client.post("/v1/search", json={"text": "a" * 2000})) == (413, None)
        endless = client.post("/v1/search", content=iter([b'{"text": "', *[b"a" * 500] * 9]))
        assert problem(endless) == (413, None)
        assert client.post("/v1/search", json=request).status_code == 200


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Within the block nobody reads pictures."""
    with engine.begin() as connection:
        connection.exec_driver_sql("lock table clipsql.image in access exclusive mode")
        yield


def asking_now(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        ).fetchone()
        assert found is not None
        return int(found[0])


def test_a_client_that_goes_away_leaves_no_question_and_holds_no_connection(
    engine: Engine, database_url: str
) -> None:
    with served(database_url, public=True, pool_size=1) as client, locked(engine):
        with pytest.raises(httpx2.TimeoutException):
            client.get("/v1/images/1", timeout=0.5)
        until(lambda: asking_now(database_url) == 0, seconds=10)
        assert client.get("/readyz").status_code == 200  # with the one connection there is


def test_a_question_that_takes_too_long_and_a_pool_in_use_are_told(engine: Engine, database_url: str) -> None:
    with (
        served(database_url, public=True, pool_size=1, pool_wait_s=0.1, statement_timeout_s=1.0) as client,
        locked(engine),
    ):
        assert problem(client.get("/v1/images/1")) == (504, "57014")
        other = httpx2.Client(base_url=client.base_url)
        with other, pytest.raises(httpx2.TimeoutException):
            other.get("/v1/images/1", timeout=0.3)
            # Not reached: the connection is in use until the server has noticed.
    with served(database_url, public=True) as client:
        assert client.get("/readyz").status_code == 200


def test_a_transaction_is_the_roles_reads_alone_and_ends(engine: Engine) -> None:
    told = sa.text(
        "select current_user::text, current_setting('transaction_read_only'), current_setting('statement_timeout'),"
        " current_setting('app.told', true), current_setting('role')"
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(f"alter role {WRITER} set app.told = 'a = b'")
        connection.exec_driver_sql(f"alter role {WRITER} set statement_timeout = '7s'")
        connection.exec_driver_sql(f"alter role {WRITER} set role = 'clipsql_reader'")

    async def ask() -> list[tuple[Any, ...]]:
        callers = Callers(engine.url, ServeOptions(public=True, role=WRITER))
        found = []
        for writes in (False, True):
            async with callers.asking(Shown(), writes=writes) as connection:
                found.append(tuple((await connection.execute(told)).one()))
        async with callers.engine.connect() as connection:
            found.append(tuple((await connection.execute(told)).one())[3:])
        await callers.engine.dispose()
        return found

    reading, writing, after = asyncio.run(ask())
    with engine.begin() as connection:
        connection.exec_driver_sql(f"alter role {WRITER} reset all")
    assert reading == (WRITER, "on", "7s", "a = b", WRITER)
    assert writing == (WRITER, "off", "7s", "a = b", WRITER)
    assert after in (("", "none"), (None, "none"))


def test_a_role_that_the_server_may_not_become_is_named_with_the_remedy(engine: Engine) -> None:
    server = f"{WRITER}_server"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create role {server} login password 'x' in role clipsql_reader")

    async def ask() -> None:
        callers = Callers(
            engine.url.set(username=server, password="x"), ServeOptions(public=True, role=WRITER)
        )
        try:
            async with callers.asking(Shown()):
                pass
        finally:
            await callers.engine.dispose()

    try:
        with pytest.raises(NotAllowed, match=f"let an owner grant {WRITER} to it"):
            asyncio.run(ask())
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"drop role {server}")


def test_a_restart_of_the_database_is_survived(reader: httpx2.Client, engine: Engine) -> None:
    assert reader.get("/v1/models").status_code == 200
    with engine.begin() as connection:
        gone = connection.exec_driver_sql(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        ).scalar_one()
    assert gone >= 1
    assert reader.get("/v1/models").status_code == 200


def test_metrics_are_what_prometheus_reads(reader: httpx2.Client) -> None:
    reader.post("/v1/search", json={"text": "a dog"})
    answer = reader.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    counted = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for sample in families["clipsql_requests"].samples
        if sample.name == "clipsql_requests_total"
    }
    assert counted["POST", "/v1/search", "200"] >= 1
    assert families["clipsql_connections_in_use"].samples[0].value == 0  # this request's is given back
    assert {"clipsql_request_seconds", "process_resident_memory_bytes"} <= set(families)


def test_the_server_starts_without_torch() -> None:
    code = "import sys, clipsql.serving.running; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_members_of_a_request_are_those_of_sql(engine: Engine) -> None:
    from clipsql.db.calls.watching import WatchOptions
    from clipsql.serving.requests import SearchRequest, WatchRequest

    with engine.connect() as connection:
        members = connection.exec_driver_sql(
            "select attname from pg_attribute where attrelid = 'clipsql_private.requested_search'::regclass"
            " and attnum > 0 and not attisdropped"
        ).scalars()
        assert {*members, "after"} == set(SearchRequest.model_fields)
    assert {*WatchOptions.__annotations__, "query", "image", "images", "query_vector"} == set(
        WatchRequest.model_fields
    )
    assert require_model(engine).name == "demo"
