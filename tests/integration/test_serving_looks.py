"""Parts of pictures in the gallery and the API, pictures that are matched again, and what models said of them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from integration.filling import embed_regions
from integration.galleries import database_url, demo_database, gallery, images, sql_of, token, writers
from PIL import Image
from serving import served
from sqlalchemy.engine import URL, Engine

from clipsql.db.models import require_model
from clipsql.errors import ConfigurationError
from clipsql.images.hashing import content_hash
from clipsql.models import load_known
from clipsql.serving.options import ServeOptions
from clipsql.serving.picture_vector import read_vector
from clipsql.sources.triplets import Triplet, read_triplets

__all__ = ["database_url", "gallery", "writers"]  # fixtures

ROWS = 54


@pytest.fixture(scope="module")
def engine(new_database: Callable[..., URL], template: str, tmp_path_factory: Any) -> Iterator[Engine]:
    """54 pictures with regions under the model in the box, the first of them in a file of 64 x 48 pixels."""
    file = tmp_path_factory.mktemp("shown") / "1.png"
    cells = np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(cells).resize((64, 48), Image.Resampling.NEAREST).save(file)
    with demo_database(new_database(template=template), rows=ROWS) as (engine, model):
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "update clipsql.image set width = 64, height = 48; delete from clipsql.video_frame"
            )
            connection.execute(
                sa.text("update clipsql.image set file = :file, sha256 = :sha256 where image_id = 1"),
                {"file": str(file), "sha256": content_hash(file.read_bytes())},
            )
        embed_regions(engine, model)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "update clipsql.image_region set label = 'bus', box = '{5,6,20,21}' where mod(image_id, 3) = 2"
            )
        yield engine


def found_by(database_url: str, page: httpx2.Response) -> list[dict[str, Any]]:
    """The rows of the SQL that a page shows."""
    assert page.status_code == 200, page.text
    with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(sql_of(page.text).encode()).fetchall()


def frames(page: str) -> list[list[int]]:
    """The boxes that are drawn on pictures."""
    found = re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/></svg>', page)
    return [[int(side) for side in box] for box in found]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"query": "a red truck"}, id="text"),
        pytest.param({"query": "a red truck - image:9", "m.camera": "K1", "order": "date"}, id="terms"),
        pytest.param({"query": "- night", "having_label": "truck", "min_similarity": "-0.9"}, id="label"),
        pytest.param({"query": "image:3", "caption_query": "truck or dog"}, id="words"),
    ],
)
def test_parts_are_searched_and_framed(
    gallery: httpx2.Client, database_url: str, asked: dict[str, str]
) -> None:
    page = gallery.get("/", params={**asked, "search_in": "regions"})
    rows = found_by(database_url, page)
    assert rows
    assert "clipsql.search_regions(" in sql_of(page.text)
    assert images(page.text) == [row["image_id"] for row in rows]
    assert frames(page.text) == [row["box"] for row in rows]
    assert asked.get("having_label") in (None, *{row["label"] for row in rows})
    counted = re.findall(r'id="l-\d+"[^>]*><span>(\w+)</span><small>(\d+)</small>', page.text)
    labels = [row["label"] for row in rows]
    assert set(labels) - {None} <= {label for label, _ in counted}
    if "having_label" in asked:
        assert len(counted) > 1  # the others can be chosen
        assert set(labels) == {asked["having_label"]}
    else:
        assert {label: int(count) for label, count in counted} == {
            label: labels.count(label) for label in set(labels) - {None}
        }
    first = gallery.get(f"/pictures/{rows[0]['image_id']}", params={**asked, "search_in": "regions"}).text
    assert frames(first) == [rows[0]["box"]]
    lines = gallery.get("/export.csv", params={**asked, "search_in": "regions"}).text.splitlines()
    assert lines[0].endswith(",region_id,box,label")
    assert len(lines) == len(rows) + 1


def test_whole_pictures_and_parts_are_a_choice(gallery: httpx2.Client) -> None:
    whole = gallery.get("/", params={"query": "a dog", "min_percentile": "50", "distinct_above": "0.9"}).text
    there = html.unescape(re.search(r'id="parts" href="([^"]+)"', whole)[1])  # type: ignore[index]
    assert "percentile" not in there
    assert "distinct" not in there
    parts = gallery.get(there).text
    assert "clipsql.search_regions(" in sql_of(parts)
    for of_whole_ones in ('name="min_percentile"', 'name="distinct_above"', 'hx-get="/plan', 'href="/counts'):
        assert of_whole_ones in whole
        assert of_whole_ones not in parts
    back = html.unescape(re.search(r'id="whole" href="([^"]+)"', parts)[1])  # type: ignore[index]
    assert "search_regions" not in sql_of(gallery.get(back).text)
    assert 'id="parts"' not in gallery.get("/").text  # where nothing is looked for


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/?query=dog&search_in=regions&min_percentile=3", "min_percentile is of whole pictures"),
        ("/?query=dog&search_in=regions&distinct_above=.9", "distinct_above is of whole pictures"),
        ("/?query=dog&having_label=truck", "having_label is of parts"),
        ("/plan?query=dog&search_in=regions", "A plan is of a search for whole pictures"),
        ("/?scored_by=x&query=dog", "scored_by has"),
        ("/?scored_by=2147483648&query=dog", "scored_by has"),
        ("/?caption_query=-", "has no word to look for"),
    ],
)
def test_what_parts_cannot_have_is_told(gallery: httpx2.Client, address: str, said: str) -> None:
    page = gallery.get(address)
    assert (page.status_code, said in html.unescape(page.text)) == (422, True), page.text


def test_the_api_searches_parts_page_by_page(gallery: httpx2.Client, engine: Engine) -> None:
    asked = {"text": "a dog", "search_in": "regions", "max_results": 10, "having_label": "truck"}
    seen: list[int] = []
    after = None
    while True:
        body = gallery.post("/v1/search", json=asked | ({"after": after} if after else {})).json()
        assert all(match["label"] == "truck" and len(match["box"]) == 4 for match in body["matches"])
        seen += [match["id"] for match in body["matches"]]
        if (after := body["after"]) is None:
            break
    with engine.connect() as connection:
        known = connection.exec_driver_sql(
            "select array_agg(distinct image_id order by image_id) from clipsql.image_region where label = 'truck'"
        ).scalar_one()
    assert sorted(seen) == known
    assert len(known) > 15


def sent(client: httpx2.Client, path: str, **fields: str) -> httpx2.Response:
    return client.post(path, data={"token": token(client)} | fields)


def test_a_part_of_a_picture_is_searched_with(gallery: httpx2.Client, engine: Engine) -> None:
    kept = {"query": "a dog", "in_collection": "streets", "min_similarity": "0.2"}
    part = {"x": "16", "y": "8", "width": "24", "height": "30"}
    page = gallery.get("/pictures/1", params=kept).text
    assert 'class="box draw" viewBox="0 0 64 48"' in page
    assert page.count('value="regions">') == 1
    for among, function in (("pictures", "clipsql.search("), ("regions", "clipsql.search_regions(")):
        answer = sent(gallery, "/pictures/1/part", **kept, **part, among=among)
        assert answer.status_code == 303, answer.text
        where = parse_qs(urlsplit(answer.headers["location"]).query)
        assert set(where) - {"search_in"} == {"picture", "in_collection"}
        assert function in sql_of(gallery.get(answer.headers["location"]).text)
    vector = np.array(read_vector(where["picture"][0])[1:-1].split(","), float)
    with engine.connect() as connection:
        file = connection.exec_driver_sql("select file from clipsql.image where image_id = 1").scalar_one()
    encoder = load_known(require_model(engine, "demo"), dtype="float32")
    with Image.open(file) as picture:
        expected = encoder.encode_images([picture.convert("RGB").crop((16, 8, 40, 38))])[0]
    assert vector @ expected == pytest.approx(1, abs=1e-3)
    lit = sent(gallery, "/pictures/1/part", where="a red truck", among="pictures")
    assert lit.status_code == 303
    assert parse_qs(urlsplit(lit.headers["location"]).query)["picture"] != where["picture"]
    assert "Search with the framed part" in gallery.get("/pictures/1?where=a+red+truck").text


@pytest.mark.parametrize(
    ("path", "fields", "status", "said"),
    [
        ("/pictures/1/part", {"x": "1", "y": "1", "width": "", "height": "5"}, 422, "whole numbers of pixels"),
        ("/pictures/1/part", {"x": "-1", "y": "1", "width": "3", "height": "5"}, 422, "whole numbers of pixels"),
        ("/pictures/1/part", {"x": "70", "y": "1", "width": "3", "height": "5"}, 422, "outside the picture"),
        ("/pictures/1/part", {"x": "1", "y": "1", "width": "3", "height": "5", "token": "0"}, 403, "load it again"),
        ("/pictures/2/part", {"x": "1", "y": "1", "width": "3", "height": "5"}, 404, "file is on this machine"),
        ("/matching", {"query": "a dog", "matcher": "blip", "token": "0"}, 403, "load it again"),
        ("/matching", {"query": "a dog", "matcher": "no such"}, 422, "clipsql score TEXT --model no such"),
        ("/matching", {"query": "a dog - night", "matcher": "blip"}, 422, "look for a text alone"),
        ("/matching", {"matcher": "blip"}, 422, "look for a text alone"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_at_is_told(
    writers: httpx2.Client, path: str, fields: dict[str, str], status: int, said: str
) -> None:
    answer = sent(writers, path, **fields)
    assert (answer.status_code, said in html.unescape(answer.text)) == (status, True), answer.text


@pytest.fixture
def scored(engine: Engine) -> Iterator[None]:
    """Two models have said how likely "a dog" is true of some pictures, one of them in two states of its files."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            """
            insert into clipsql.model_query (kind, query, model, revision)
            values ('match', 'a dog', 'blip', '1'), ('match', 'a cat', 'blip', '2'), ('match', 'a cow', 'other', '1'),
                ('answer', 'a dog', 'vqa', '1')
            """
        )
        connection.exec_driver_sql(
            """
            insert into clipsql.model_answer (query_id, image_id, score)
            select q.query_id, i.image_id, (i.image_id * 37 %% 41) / 50.0
            from clipsql.model_query as q
            cross join (select s.image_id from clipsql.search_text('a dog', 20) as s) as i
            where q.kind = 'match' and q.query in ('a dog', 'a cat')
            """
        )
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql("truncate clipsql.model_query cascade")


@pytest.mark.usefixtures("scored")
def test_what_is_found_stands_in_the_order_of_stored_scores(
    gallery: httpx2.Client, database_url: str
) -> None:
    page = gallery.get("/?query=a+dog").text
    (address,) = re.findall(r'href="([^"]+)" >by blip', page)
    assert "by blip" in page
    assert "by other" not in page
    assert 'action="/matching"' not in page  # a reader asks for nothing
    ordered = gallery.get(html.unescape(address))
    rows = found_by(database_url, ordered)
    assert images(ordered.text) == [row["image_id"] for row in rows]
    scores = [row["itm_score"] for row in rows]
    assert scores[:20] == sorted(scores[:20], reverse=True)
    assert scores[20:] == [None] * 34
    assert [row["rank"] for row in rows[20:]] == sorted(row["rank"] for row in rows[20:])
    assert "20 of 54 looked at again" in ordered.text
    assert f"match {scores[0]:.3f}" in ordered.text
    lines = gallery.get(html.unescape(address).replace("/?", "/export.csv?")).text.splitlines()
    assert lines[0].endswith(",itm_score")
    # Those of a text say nothing of another one.
    other = gallery.get(html.unescape(address).replace("dog", "duck")).text
    assert "itm_score" not in sql_of(other)
    assert images(other) == images(gallery.get("/?query=a+duck").text)
    # Nor are answers to a question of the same words scores.
    with psycopg.connect(database_url) as connection:
        ((answers,),) = connection.execute(
            "select q.query_id from clipsql.model_query as q where q.kind = 'answer'"
        ).fetchall()
    assert "itm_score" not in sql_of(gallery.get(f"/?query=a+dog&scored_by={answers}").text)


@pytest.mark.usefixtures("scored")
def test_a_model_is_asked_to_look_at_what_is_shown(
    writers: httpx2.Client, gallery: httpx2.Client, engine: Engine
) -> None:
    page = writers.get("/?query=a+duck&in_collection=streets").text
    assert re.findall(r'name="matcher" value="(\w+)"', page) == ["blip", "other"]
    answer = sent(writers, "/matching", query="a duck", in_collection="streets", matcher="blip", shown="60")
    assert answer.status_code == 303, answer.text
    again = sent(writers, "/matching", query="a duck", in_collection="streets", matcher="blip")
    assert again.headers["location"] == answer.headers["location"]
    with engine.connect() as connection:
        asked = connection.exec_driver_sql(
            "select q.query_id, q.kind, q.model, q.revision, array_agg(t.image_id order by t.image_id)"
            " from clipsql.model_query as q join clipsql_private.model_task as t using (query_id)"
            " where q.query = 'a duck' group by q.query_id"
        ).all()
    ((query_id, kind, model, revision, waiting),) = asked
    assert (kind, model, revision) == ("match", "blip", "2")  # the state of its files that was asked last
    assert waiting == sorted(images(page))
    assert parse_qs(urlsplit(answer.headers["location"]).query)["scored_by"] == [str(query_id)]
    assert "0 of" in writers.get(answer.headers["location"]).text
    refused = sent(gallery, "/matching", query="a duck", matcher="blip")
    assert refused.status_code == 403


def test_what_models_said_of_a_picture_is_shown_as_theirs(gallery: httpx2.Client, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            """
            insert into clipsql.caption (image_id, body, language, source)
            values (5, 'a zeppelin <b>', 'en', 'model:blip'), (6, 'a zeppelin', 'en', null);
            insert into clipsql.model_query (kind, query, model, revision)
            values ('answer', 'what is it?', 'vqa', '1'), ('match', 'a kite', 'itm', '1');
            insert into clipsql.model_answer (query_id, image_id, answer, score)
            select q.query_id, 5, case q.kind when 'answer' then 'a balloon' end, 0.625 from clipsql.model_query as q
            """
        )
    page = gallery.get("/pictures/5").text
    assert "a zeppelin &lt;b&gt; <small>model:blip · en</small>" in page
    assert "<dt>what is it?</dt><dd>a balloon <small>62.5 % · vqa</small>" in page
    assert re.search(r"<dt>a kite</dt><dd><meter[^>]*></meter> 0.625 <small>itm</small>", page)
    assert "What models say" not in gallery.get("/pictures/6").text
    for words, found in (("zeppelin", [5, 6]), ("zeppelin source:person", [6])):
        for query in ("", "a dog"):
            shown = gallery.get("/", params={"caption_query": words, "query": query}).text
            assert sorted(images(shown)) == found
    with engine.begin() as connection:
        connection.exec_driver_sql("truncate clipsql.model_query cascade")


def test_what_is_opened_of_a_search_by_picture_and_text_becomes_an_example(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "clicks.jsonl"
    with served(database_url, public=True, clicks=file) as client:
        for query in ('"é truck" + image:3', "image:3 + 2*dog", "image:3 - dog", "image:3", "a dog", "image:7 + dog",
                      "image:3 + a + b", "image:3 + image:4"):  # fmt: skip
            assert client.get("/pictures/7", params={"query": query}).status_code == 200
        assert (
            client.get("/pictures/8", params={"query": "image:3 + dog", "search_in": "regions"}).status_code
            == 200
        )
        found = [
            (one.picture, one.text, one.wanted) for one in read_triplets(file) if isinstance(one, Triplet)
        ]
        assert found == [("3", "é truck", "7"), ("3", "dog", "8")]
        assert len(file.read_text("utf-8").splitlines()) == 2
        file.unlink()
        file.mkdir()  # which cannot be written: the picture is shown all the same
        assert client.get("/pictures/7", params={"query": "image:3 + dog"}).status_code == 200
    with pytest.raises(ConfigurationError, match="cannot be written: Is a directory; choose another file"):
        ServeOptions(clicks=file)
