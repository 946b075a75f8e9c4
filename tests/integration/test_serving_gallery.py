"""The gallery over real HTTP: searches, facets, pictures that are sent, the door, watches; nothing stored is markup."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterator

import httpx2
import psycopg
import pytest
import sqlalchemy as sa
from integration.galleries import WRITER, database_url, demo_database, gallery, images, sql_of, token, writers
from PIL import Image
from serving import served
from sqlalchemy.engine import URL, Engine
from web_server import WebServer

from clipsql.db import keys
from clipsql.db.models import require_model
from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model
from clipsql.serving.encoders import Encoders

__all__ = ["database_url", "gallery", "writers"]  # fixtures

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


@pytest.fixture(scope="module")
def engine(new_database: Callable[..., URL], template: str) -> Iterator[Engine]:
    """A database of 150 pictures under the model in the box, and one whose every text is hostile."""
    with demo_database(new_database(template=template), rows=150) as (engine, _):
        with engine.begin() as connection:
            connection.execute(
                sa.text(
                    "select clipsql.put_image(collection => :text, url => 'javascript:' || :text,"
                    " captions => array[:text], metadata => jsonb_build_object(:text, :text, 'name', :text),"
                    " taken_at => '2025-06-01Z', embedding => clipsql.embed_text('a red truck'))"
                ),
                {"text": HOSTILE},
            )
        yield engine


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("/", id="all"),
        pytest.param("/?in_collection=streets&m.camera=K1&m.camera=K2&m.night=true&taken_from=2025-03-01", id="seen"),
        pytest.param("/?near_longitude=13.4&near_latitude=52.5&within_m=20000", id="near"),
        pytest.param("/?query=a+red+truck+-+night&min_percentile=40&order=date", id="by date"),
        pytest.param("/?query=image:7&in_collection=%E4%B8%AD%E6%96%87&distinct_above=0.99", id="picture and Chinese"),
        pytest.param("/?query=%22100%25+%3Acolon+%5C%5C+it%27s%22&m.camera=K1%27%22%5C&m.camera=K3", id="signs"),
        pytest.param("/?only_images=3,5,9&query=dog", id="picked"),
    ],
)  # fmt: skip
def test_what_is_shown_is_what_the_shown_sql_finds(
    gallery: httpx2.Client, database_url: str, address: str
) -> None:
    page = gallery.get(address)
    assert page.status_code == 200, page.text
    with psycopg.connect(database_url) as connection:
        found = connection.execute(sql_of(page.text).encode()).fetchall()
    assert found
    assert images(page.text) == [row[1] for row in found]


def test_a_mistake_in_the_query_is_shown_at_its_column(gallery: httpx2.Client) -> None:
    page = gallery.get("/", params={"query": "a <b> (truck"})
    assert page.status_code == 422
    assert "a &lt;b&gt; <mark>(</mark>truck" in page.text
    assert ('data-column="7"' in page.text, "does not group here" in page.text) == (True, True)
    assert 'role="alert"' in page.text


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/?taken_from=yesterday", 422, "taken_from"),
        ("/?query=a&min_similarity=3", 422, "min_similarity"),
        ("/?in_collection=street", 404, "streets"),
        ("/?picture=!!", 422, "picture"),
        ("/pictures/999999", 404, "no image 999999"),
        ("/pictures/x", 422, "image"),
        ("/nowhere", 404, "Not Found"),
        ("/export.exe", 422, "csv"),
        ("/?query=%00", 422, "cannot be stored"),
    ],
)
def test_a_refusal_is_a_page(gallery: httpx2.Client, address: str, status: int, said: str) -> None:
    page = gallery.get(address)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8"), page.text
    assert said in html.unescape(page.text)


def test_facets_count_what_is_found_and_offer_the_rest(gallery: httpx2.Client, engine: Engine) -> None:
    page = gallery.get("/?in_collection=streets&m.camera=K1").text
    choices = dict(
        re.findall(r'href="[^"]*"(?: aria-current="true")?\s*><span>(\w+)</span><small>(\d+)</small>', page)
    )
    with engine.connect() as connection:
        cameras = connection.exec_driver_sql(
            "select metadata ->> 'camera', count(*)::text from clipsql.image where collection = 'streets' group by 1"
        ).all()
        collections = connection.exec_driver_sql(
            "select collection, count(*)::text from clipsql.image where metadata ->> 'camera' = 'K1' group by 1"
        ).all()
    for name, count in (*cameras, *collections):
        assert choices[name] == count
    assert len(images(page)) == int(dict(tuple(row) for row in cameras)["K1"])


def test_what_is_folded_is_counted_and_opened(gallery: httpx2.Client, engine: Engine) -> None:
    address = "/?query=a+dog&in_collection=streets"
    whole, folded = (
        images(gallery.get(address + "&shown=180").text),
        gallery.get(address + "&distinct_above=0.15"),
    )
    kept = images(folded.text)
    assert kept == [image for image in whole if image in kept]
    opened: dict[int, list[int]] = {}
    for card in folded.text.split('class="card"')[1:]:
        (image,) = map(int, re.findall(r'^ data-image="(\d+)"', card))
        if link := re.search(r'class="fold" href="([^"]*)"[^>]*>(\d+) nearly the same<', card):
            opened[image] = images(gallery.get(html.unescape(link[1])).text)
            assert len(opened[image]) == int(link[2])
    assert len(opened) > 1
    assert sorted(kept + [image for alike in opened.values() for image in alike]) == sorted(whole)
    with engine.connect() as connection:
        for image, others in opened.items():
            earlier = connection.exec_driver_sql(  # one that stands before them would stand for them
                "select max(1 - (a.embedding <=> b.embedding)) from clipsql.image_embedding as a,"
                " clipsql.image_embedding as b where a.image_id = any (%s) and b.image_id = any (%s)",
                (kept[: kept.index(image)], others),
            ).scalar_one()
            assert earlier is None or earlier <= 0.15
            least = connection.exec_driver_sql(
                "select min(1 - (a.embedding <=> b.embedding)) from clipsql.image_embedding as a,"
                " clipsql.image_embedding as b where a.image_id = %s and b.image_id = any (%s)",
                (image, others),
            ).scalar_one()
            assert least > 0.15
    assert 'class="fold"' not in gallery.get(address).text
    assert (
        'class="fold"' not in gallery.get("/?distinct_above=0.1").text
    )  # nothing is compared without a question


def test_how_a_search_is_answered_is_told(gallery: httpx2.Client, engine: Engine) -> None:
    query = "100% red : truck - 2*image:7"
    address = httpx2.QueryParams({"query": query, "in_collection": "streets", "min_similarity": "-1"})
    page = gallery.get(f"/plan?{address}")
    with engine.connect() as connection:
        explained = connection.exec_driver_sql(
            "select p.explanation from clipsql.search_plan(clipsql.mix(array[clipsql.embed_text('100%% red : truck'),"
            " clipsql.image_vector(7)], '{1,-2}'), max_results => 60, in_collection => 'streets',"
            " except_images => '{7}', min_similarity => -1) as p"
        ).scalar_one()
    assert (page.status_code, explained in html.unescape(page.text)) == (200, True), page.text
    assert 'hx-get="/plan?' in gallery.get(f"/?{address}").text
    alone = gallery.get("/plan?query=a+dog")
    assert (alone.status_code, "clipsql-" not in alone.text) == (200, True)
    for wrong in ("/plan", "/plan?in_collection=streets", "/plan?query=a+(", "/plan?query=./a.jpg"):
        assert gallery.get(wrong).status_code == 422


def test_a_picture_tells_how_it_fits_and_what_it_is(gallery: httpx2.Client, engine: Engine) -> None:
    search = {"query": "a dog - 2*image:7", "labels": "a dog，a car, <b>", "min_similarity": "0.99"}
    with engine.connect() as connection:
        collection = connection.exec_driver_sql(
            "select collection from clipsql.image where image_id = 9"
        ).scalar_one()
    page = gallery.get("/pictures/9", params=search | {"in_collection": collection}).text
    with engine.connect() as connection:
        cosines = connection.exec_driver_sql(
            "select clipsql.match(9, 'a dog'), 1 - (clipsql.image_vector(9) <=> clipsql.image_vector(7))"
        ).one()
        labels = connection.exec_driver_sql(
            "select * from clipsql.classify(9, array['a dog', 'a car', '<b>'])"
        ).all()
        (found,) = connection.exec_driver_sql(
            "select similarity, percentile from clipsql.search_query('a dog - 2*image:7', only_images => '{9}',"
            " in_collection => %s)",
            (collection,),
        ).all()
    for number in cosines:
        assert f"</meter> {number:.3f}" in page
    assert f"{found.similarity:.3f} · better than {found.percentile:.2f} %" in page
    shown = re.findall(r"<dt>([^<]*)</dt><dd><meter[^>]*></meter> ([\d.]+) %", page)
    assert [(html.unescape(name), number) for name, number in shown] == [
        (name, f"{100 * probability:.1f}") for name, probability in labels
    ]
    one_label = gallery.get("/pictures/9?labels=dog")
    assert (one_label.status_code, "two labels or more" in one_label.text) == (200, True)
    assert "</meter>" not in gallery.get("/pictures/9").text


def test_hours_of_the_day_are_utc_counted_and_chosen(
    writers: httpx2.Client, database_url: str, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"alter role {WRITER} set timezone = 'Asia/Tokyo'")
    counted = "select count(*) from clipsql.image where collection = 'streets' and "
    hour = "extract(hour from taken_at at time zone 'UTC')"
    role = "set_config('timezone', 'Asia/Tokyo', false)"
    for address, condition in (
        ("daily_from=06:00&daily_until=18:00", f"{hour} >= 6 and {hour} < 18"),
        ("daily_from=20:00&daily_until=04:00", f"({hour} >= 20 or {hour} < 4)"),
        ("daily_from=22:00&daily_until=00:00", f"{hour} >= 22"),
        ("daily_until=05:00", f"{hour} < 5"),
    ):
        with engine.connect() as connection:
            expected = connection.exec_driver_sql(counted + condition).scalar_one()
        for query in ("", "&query=a+dog"):
            page = writers.get(f"/?in_collection=streets&shown=600&{address}{query}").text
            assert len(images(page)) == expected > 0, (address, query)
            with psycopg.connect(database_url) as connection:
                connection.execute("select " + role)
                cursor = connection.execute(sql_of(page).encode())
                while cursor.nextset():
                    pass
                assert [row[1] for row in cursor.fetchall()] == images(page)
    bars = re.findall(r'data-begin="(\d\d:00)" data-end="(\d\d:00)">\s*<title>[^<]*: (\d+)<', page)
    assert (len(bars), sum(int(count) for _, _, count in bars)) == (24, expected)
    assert [begin for begin, _, count in bars if int(count)] <= ["04:00"]
    watch = {"token": token(writers), "name": "at night", "query": "a dog", "alarms_per_day": "0.1",
             "daily_from": "06:00", "daily_until": "23:00", "in_collection": "streets"}  # fmt: skip
    assert writers.post("/watches", data=watch).status_code == 303
    with engine.begin() as connection:
        kept = (
            "select filters ->> 'daily_from', filters ->> 'daily_until', timezone"
            " from clipsql.watch_list where name = 'at night'"
        )
        assert tuple(connection.exec_driver_sql(kept).one()) == ("06:00:00", "23:00:00", "UTC")
        connection.exec_driver_sql(f"alter role {WRITER} reset timezone")


@pytest.fixture
def towerless(engine: Engine) -> Iterator[str]:
    """A model with the same files and vectors, whose text tower is not in the database."""
    model, _ = register_model(engine, str(MODEL_FOLDER), name="towerless", dtype="float32")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "delete from clipsql_private.text_tower where model_id = %s", (model.model_id,)
        )
        connection.exec_driver_sql(
            "insert into clipsql.image_embedding (model_id, image_id, embedding)"
            " select %s, image_id, embedding from clipsql.image_embedding where model_id <> %s",
            (model.model_id, model.model_id),
        )
    yield model.name
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "delete from clipsql.image_embedding where model_id = %s", (model.model_id,)
        )
        connection.exec_driver_sql("delete from clipsql.model where model_id = %s", (model.model_id,))


def test_texts_are_embedded_here_under_a_model_whose_tower_sql_lacks(
    gallery: httpx2.Client,
    database_url: str,
    towerless: str,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = "/?query=a+red+truck+-+2*night+%2B+image:7&in_collection=streets&shown=600"
    with served(database_url, public=True, model=towerless) as client:
        client.headers["accept"] = "text/html"
        page = client.get(address)
        assert page.status_code == 200, page.text
        right = images(gallery.get(address).text)  # by a vector that differs in its last digits
        assert (images(page.text)[:20], sorted(images(page.text))) == (right[:20], sorted(right))
        with psycopg.connect(database_url) as connection:
            assert [row[1] for row in connection.execute(sql_of(page.text).encode())] == images(page.text)
        lines = client.get(address.replace("/?", "/export.jsonl?")).text.splitlines()
        assert [json.loads(line)["image_id"] for line in lines] == images(page.text)
        told = "/pictures/9?query=a+dog&labels=a+dog,a+car"
        bars = [
            [float(number) for number in re.findall(r"</meter> (-?[\d.]+)", each.get(told).text)]
            for each in (client, gallery)
        ]
        assert len(bars[0]) == 3
        assert bars[0] == pytest.approx(bars[1], abs=0.11)
        assert "towerless" in client.get("/plan?query=a+dog").text
        for request in (
            {"text": "a dog", "in_collection": "streets", "max_results": 50},
            {"query": "a dog - 2*night + image:7", "only_images": list(range(1, 20)), "except_images": [3]},
        ):
            answer, right = (
                [match["id"] for match in each.post("/v1/search", json=request).json()["matches"]]
                for each in (client, gallery)
            )
            assert answer[:10] == right[:10]
            assert len(answer) == len(right) > 5
        assert client.post("/v1/search", json={"text": " "}).status_code == 422
        encoders = Encoders()
        monkeypatch.setattr("clipsql.serving.encoders._REMEMBERED", 2)
        model = require_model(engine, towerless)
        first = asyncio.run(encoders.embed(model, ["a dog", "a car", "a dog", "a bus"]))
        assert (list(first), len(encoders._texts)) == (["a dog", "a car", "a bus"], 2)
        fused = client.post("/v1/search", json={"query": "a + b", "fusion": "minimum similarity"})
        assert (fused.status_code, "clipsql model remember" in html.unescape(fused.text)) == (422, True)


def test_more_is_shown_when_it_is_asked_for(gallery: httpx2.Client) -> None:
    first = gallery.get("/?query=a+dog").text
    assert len(images(first)) == 60
    more = re.search(r'id="more" href="([^"]*)"', first)
    assert more is not None
    second = images(gallery.get(html.unescape(more[1])).text)
    assert (len(second), second[:60]) == (120, images(first))
    assert 'id="more"' not in gallery.get("/?query=a+dog&shown=180").text


def test_nothing_that_is_stored_is_ever_markup(
    gallery: httpx2.Client, writers: httpx2.Client, engine: Engine
) -> None:
    with engine.connect() as connection:
        image = connection.exec_driver_sql("select max(image_id) from clipsql.image").scalar_one()
    watch = {"token": token(writers), "name": HOSTILE, "query": "a red truck", "alarms_per_day": "0.1"}
    assert writers.post("/watches", data=watch).status_code == 303
    for address in (
        f"/pictures/{image}",
        "/?query=a+red+truck",
        "/?query=" + HOSTILE.replace("+", ""),
        "/?in_collection=" + HOSTILE,
        "/?m." + HOSTILE + "=" + HOSTILE,
        "/progress",
        "/watches",
        "/watches?watch=" + HOSTILE,
        "/login?then=" + HOSTILE,
        "/pictures/" + HOSTILE,
    ):
        page = gallery.get(address)
        assert page.status_code < 500, address
        assert "<script>alert" not in page.text, address
        assert "<img src=x" not in page.text, address
        assert "49" not in re.findall(r"&#39;&gt;&lt;img src=x onerror=alert\(2\)&gt;(\d\d)", page.text), (
            address
        )
        assert 'href="javascript:' not in page.text, address


def test_a_picture_that_is_sent_becomes_part_of_the_url(gallery: httpx2.Client) -> None:
    held = io.BytesIO()
    Image.effect_noise((80, 60), 80).convert("RGB").save(held, "PNG")
    form = {"token": token(gallery), "query": "a dog - night", "m.camera": "K1", "in_collection": "streets"}
    sent = gallery.post("/picture", data=form, files={"picture": ("a.png", held.getvalue())})
    assert sent.status_code == 303, sent.text
    page = gallery.get(sent.headers["location"])
    assert (page.status_code, len(images(page.text)) > 0) == (200, True)
    assert "clipsql.search_vectors(" in sql_of(page.text)
    assert sql_of(page.text).count("clipsql.embed_text(") == 2
    assert "{1,-1,1}" in sql_of(page.text)
    alone = gallery.post(
        "/picture", data={"token": token(gallery)}, files={"picture": ("a.png", held.getvalue())}
    )
    assert "clipsql.search(" in sql_of(gallery.get(alone.headers["location"]).text)
    for data, said in ((b"no picture", "not a picture"), (b"", "No picture")):
        refused = gallery.post("/picture", data=form, files={"picture": ("a.png", data)})
        assert (refused.status_code, said in refused.text) == (422, True)
    for wrong in ("", "0" * 64):
        refused = gallery.post(
            "/picture", data=form | {"token": wrong}, files={"picture": ("a.png", held.getvalue())}
        )
        assert refused.status_code == 403


def test_a_picture_at_an_address_is_searched_with(database_url: str) -> None:
    with WebServer() as web, served(database_url, public=True) as client:
        client.headers["accept"] = "text/html"
        form = {"token": token(client), "query": "a dog", "address": web.url("/ok.jpg", host="127.0.0.1")}
        refused = client.post("/picture", data=form)
        assert (refused.status_code, web.requests) == (422, [])
        assert "inside a private network" in refused.text
        assert "127.0.0.1 " not in refused.text  # where a name leads to within the own network is not told
        with served(database_url, public=True, allow_private_hosts=True) as allowed:
            form["token"] = token(allowed)
            assert allowed.post("/picture", data=form | {"token": "x"}).status_code == 403
            assert web.requests == []
            sent = allowed.post("/picture", data=form)
            found = allowed.get(sent.headers["location"], headers={"accept": "text/html"})
            assert "clipsql.search_vectors(" in sql_of(found.text)
        with served(database_url, allow_private_hosts=True) as closed:
            asked = len(web.requests)
            form["token"] = token(closed, "/login")
            assert closed.post("/picture", data=form).status_code in (303, 401)
            closed.headers["api-key"] = "clipsql_wrong"  # for which nothing is fetched either
            form["token"] = token(closed, "/login")
            assert closed.post("/picture", data=form).status_code == 401
            assert len(web.requests) == asked


def test_a_search_is_exported_as_it_is_shown(gallery: httpx2.Client, engine: Engine) -> None:
    address = "query=a+red+truck&in_collection=streets"
    shown = images(gallery.get("/?" + address).text)
    rows = list(csv.DictReader(io.StringIO(gallery.get("/export.csv?" + address).text)))
    lines = [json.loads(line) for line in gallery.get("/export.jsonl?" + address).text.splitlines()]
    assert [int(row["image_id"]) for row in rows] == shown == [line["image_id"] for line in lines]
    assert json.loads(rows[0]["metadata"]) == lines[0]["metadata"]
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update clipsql.caption set body = '=HYPERLINK(1)' where image_id = %s", (shown[0],)
        )
    formula = next(csv.DictReader(io.StringIO(gallery.get("/export.csv?" + address).text)))
    assert formula["caption"] in ("", "'=HYPERLINK(1)")


def test_a_key_opens_the_gallery_and_is_kept_where_no_script_reads_it(
    engine: Engine, database_url: str
) -> None:
    key = keys.add_key(engine, "of a visitor")
    with served(database_url) as client:
        client.headers["accept"] = "text/html"
        turned = client.get("/?query=a+dog")
        assert (turned.status_code, turned.headers["location"]) == (303, "/login?then=%2F%3Fquery%3Da%2Bdog")
        form = {"token": token(client, "/login"), "then": "/?query=a+dog"}
        assert client.post("/login", data=form | {"key": "clipsql_wrong"}).status_code == 401
        assert client.post("/login", data={"key": key}).status_code == 403
        entered = client.post("/login", data=form | {"key": key})
        assert (entered.status_code, entered.headers["location"]) == (303, "/?query=a+dog")
        cookie = entered.headers["set-cookie"]
        assert ("HttpOnly" in cookie, "samesite=strict" in cookie.lower()) == (True, True)
        assert client.get("/?query=a+dog").status_code == 200
        assert (
            client.get("/v1/images/1/thumbnail", headers={"accept": "image/*"}).status_code == 404
        )  # it has none
        for elsewhere in ("https://evil.example", "//evil.example", "/\\evil.example", "/ /evil"):
            away = client.post("/login", data={"token": token(client), "then": elsewhere, "key": key})
            assert away.headers["location"] == "/", elsewhere
        assert client.post("/logout").status_code == 403
        assert client.post("/logout", data={"token": form["token"]}).status_code == 403  # of who had no key
        assert client.post("/logout", data={"token": token(client)}).status_code == 303
        assert client.get("/").status_code == 303
        client.cookies.set("clipsql_key", "clipsql_removed")
        assert client.get("/").headers["location"].startswith("/login")


def test_a_watch_is_made_judged_and_paused_on_its_page(
    writers: httpx2.Client, gallery: httpx2.Client
) -> None:
    assert "<form" not in gallery.get("/watches").text  # a reader is offered nothing that it may not do
    assert 'action="/watches"' not in gallery.get("/?query=a+dog").text
    page = writers.get("/?query=a+dog&in_collection=watched+here")
    made = {
        "token": token(writers),
        "name": "dogs",
        "query": "a dog",
        "in_collection": "streets",
        "alarms_per_day": "0.1",
    }
    assert page.status_code == 404
    answer = writers.post("/watches", data=made)
    assert (answer.status_code, answer.headers["location"]) == (303, "/watches?watch=dogs")
    for wrong in ({"name": " "}, {"alarms_per_day": "many"}, {"token": ""}):
        assert writers.post("/watches", data=made | wrong).status_code in (403, 422)
    watch = {"query": "a dog", "min_similarity": -1, "in_collection": "streets"}
    assert writers.put("/v1/watches/dogs", json=watch).status_code == 200
    put = {"collection": "streets", "url": "https://a.example/dog.jpg", "embedding": [1.0] * 128}
    writers.put("/v1/images", json=put)
    (alert,) = re.findall(r'id="a-(\d+)"', writers.get("/watches?watch=dogs").text)
    judged = writers.post(
        f"/alerts/{alert}", data={"token": made["token"], "verdict": "right", "watch": "dogs"}
    )
    assert judged.headers["location"] == f"/watches?watch=dogs#a-{alert}"
    assert 'value="none" aria-pressed="true"' in writers.get("/watches?watch=dogs").text
    writers.post("/watches/pause", data={"token": made["token"], "watch": "dogs"})
    assert "paused" in writers.get("/watches").text
    writers.post("/watches/pause", data={"token": made["token"], "watch": "dogs", "on": "1"})
    assert "paused" not in writers.get("/watches").text


def test_matches_are_counted_by_what_people_say(writers: httpx2.Client, gallery: httpx2.Client) -> None:
    address = "/counts?query=a+dog+-+night&in_collection=streets&by=year"
    assert "<form" not in gallery.get(address).text
    assert "After ten pictures" in gallery.get(address).text
    form = {"token": token(writers), "query": "a dog - night", "in_collection": "streets", "by": "year"}
    for _ in range(2):
        shown = re.findall(r'name="image" value="(\d+)"', writers.get(address).text)
        assert len(shown) == 12
        for number, image in enumerate(shown):
            verdict = "right" if number % 2 else "wrong"
            judged = writers.post("/counts", data=form | {"image": image, "verdict": verdict})
            assert judged.status_code == 303, judged.text
            assert judged.headers["location"] == "/counts?query=a+dog+-+night&in_collection=streets&by=year"
    page = gallery.get(address).text
    assert re.search(r'<path class="error" d="M[\d.]+ [\d.]+V[\d.]+"/>', page)
    rows = re.findall(r'<td class="n">(\d+)</td><td class="n">(\d+)</td></tr>', page)
    known = gallery.post("/describe_index_stats", json={}).json()["namespaces"]["streets"]["vectorCount"]
    assert (sum(int(row[0]) for row in rows), sum(int(row[1]) for row in rows)) == (24, known)
    for wrong in ("?query=", "?query=a+dog&by=decade", "?query=a+(", "?query=a+dog&picture=AAAA"):
        assert gallery.get("/counts" + wrong).status_code == 422
    assert writers.post("/counts", data=form | {"image": "x", "verdict": "right"}).status_code == 422
    assert writers.post("/counts", data=form | {"token": "x", "image": "1"}).status_code == 403
    assert gallery.get("/counts?query=a+dog&by=hour").status_code == 200


def test_places_are_on_a_map_that_narrows(gallery: httpx2.Client) -> None:
    page = gallery.get("/?in_collection=streets").text
    spots = re.findall(r'<a href="([^"]*)" aria-label="(\d+) pictures: [^"]*">\s*<title>', page)
    assert len(spots) > 3
    link, count = spots[0]
    assert len(images(gallery.get(html.unescape(link)).text)) >= int(count)


def test_tiles_of_a_server_that_is_named_are_on_the_map_and_allowed(
    gallery: httpx2.Client, database_url: str
) -> None:
    assert "img-src 'self';" in gallery.get("/").headers["content-security-policy"]
    tiles = {"tiles": "https://tiles.example:8443/a/{z}/{x}/{y}.png?k=1&b=2", "tiles_credit": "© <b>Them</b>"}
    with served(database_url, public=True, **tiles) as client:
        page = client.get("/?in_collection=streets", headers={"accept": "text/html"})
    assert "img-src 'self' https://tiles.example:8443;" in page.headers["content-security-policy"]
    assert (
        len(re.findall(r'<image href="https://tiles.example:8443/a/\d+/\d+/\d+.png\?k=1&amp;b=2"', page.text))
        > 3
    )
    assert ("© &lt;b&gt;Them" in page.text, 'class="land"' in page.text) == (True, False)


def test_pages_speak_chinese(gallery: httpx2.Client) -> None:
    page = gallery.get("/?query=a+dog", headers={"Accept-Language": "zh-CN"}).text
    assert ('<html lang="zh">' in page, "按相关性" in page) == (True, True)
    assert '<html lang="en">' in gallery.get("/?query=a+dog&lang=en", headers={"Accept-Language": "zh"}).text


def test_the_documentation_names_every_route(gallery: httpx2.Client) -> None:
    page = gallery.get("/docs").text
    for path in gallery.get("/openapi.json").json()["paths"]:
        assert f"<code>{html.escape(path)}</code>" in page
    assert "https://" not in re.sub(
        r"<(pre|code|dd|p)\b.*?</\1>", "", page, flags=re.DOTALL
    )  # nothing from elsewhere
