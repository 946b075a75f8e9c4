"""Two tenants of one server: what either gets by its key, from the API, the gallery and Pinecone's face, is its own."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
from integration.filling import fill
from PIL import Image
from serving import bearer, served
from sqlalchemy.engine import URL, Engine

from clipsql.db import keys
from clipsql.db.engine import create_engine
from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model

A, B = (f"clipsql_test_{os.getpid()}_served_{name}" for name in "ab")
POLICIES = {
    # Said by ALTER ROLE, which nobody's login has read here: the server itself heeds it.
    "setting": "collection = current_setting('app.tenant', true)",
    "role": "collection = current_user",
}


@pytest.fixture(scope="module", params=POLICIES)
def tenants(
    request: pytest.FixtureRequest, new_database: Callable[..., URL], template: str, tmp_path_factory: Any
) -> Iterator[tuple[Engine, httpx2.Client, httpx2.Client]]:
    """A database with pictures of tenant a; clients with the keys of a and of b."""
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    model, _ = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
    fill(engine, rows=100, model=model)
    with engine.begin() as connection:
        for statement in (
            f"update clipsql.image set collection = '{A}'",
            "alter table clipsql.image enable row level security",
            "create policy of_tenant on clipsql.image to clipsql_reader, clipsql_writer"
            f" using ({POLICIES[request.param]})",
            *(f"create role {role} in role clipsql_writer" for role in (A, B)),
            *(f"alter role {role} set app.tenant = '{role}'" for role in (A, B)),
            "select clipsql.enable_tenants()",
        ):
            connection.exec_driver_sql(statement)
    with served(
        url.render_as_string(hide_password=False), originals=tmp_path_factory.mktemp("kept")
    ) as anybody:
        of_a, of_b = (
            httpx2.Client(base_url=anybody.base_url, headers=bearer(keys.add_key(engine, role, role=role)))
            for role in (A, B)
        )
        with of_a, of_b:
            yield engine, of_a, of_b
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop owned by {A}, {B}; drop role {A}, {B}")
    engine.dispose()


def everything(client: httpx2.Client, others: list[int]) -> dict[str, str]:
    """All that the server tells who shows this key, by the request."""
    vector = [1.0] * 128
    told: dict[str, str] = {}
    posts: list[tuple[str, dict[str, Any]]] = [
        *(
            ("/v1/search", question | {"max_results": 200} | more)
            for question in ({"text": "a quokka"}, {"query": "a quokka - a dog"}, {"vector": vector},
                             {"image": others[0]})
            for more in ({}, {"in_collection": B}, {"only_images": others}, {"caption_query": "quokka"},
                         {"min_percentile": 50}, {"having_metadata": {"secret": 1}})
        ),
        *(("/query", {"topK": 100, "vector": vector, "namespace": namespace}) for namespace in (A, B)),
        ("/query", {"topK": 3, "id": "https://b.example/1", "namespace": B}),
        ("/describe_index_stats", {}),
    ]  # fmt: skip
    for address, body in posts:
        answer = client.post(address, json=body)
        told[f"{address} {body}"] = f"{answer.status_code} {answer.text}"
    gets = [
        *("/v1/stats", "/v1/models", "/v1/watches", "/v1/alerts", "/", "/?query=a+quokka", "/?m.secret=1"),
        *(
            "/?query=a+quokka&in_collection=" + B,
            "/watches",
            "/progress",
            "/export.csv",
            "/export.jsonl?query=quokka",
        ),
        *(f"/v1/images/{image}{part}" for image in others for part in ("", "/thumbnail", "/picture")),
        *(f"/pictures/{image}" for image in others),
        *(f"/?query=image:{image}" for image in others),
        "/?only_images=" + ",".join(map(str, others)),
        f"/vectors/list?namespace={B}",
        f"/vectors/fetch?ids=https://b.example/1&namespace={B}",
    ]
    for address in gets:
        answer = client.get(
            address, headers={"Accept": "text/html"} if address[:2] in ("/", "/?", "/p") else {}
        )
        told[address] = f"{answer.status_code} " + re.sub(r'(?<=name="token" value=")\w+', "", answer.text)
    return told


def test_nothing_that_a_tenant_is_told_depends_on_another(
    tenants: tuple[Engine, httpx2.Client, httpx2.Client],
) -> None:
    engine, of_a, of_b = tenants
    with engine.connect() as connection:
        last = connection.exec_driver_sql("select max(image_id) from clipsql.image").scalar_one()
    others = list(range(last + 1, last + 13))
    before = everything(of_a, others)
    for number in range(10):
        put = {
            "collection": B,
            "url": f"https://b.example/{number}",
            "embedding": np.eye(128)[number].tolist(),
            "captions": ["A quokka."],
            "metadata": {"secret": 1},
        }
        assert of_b.put("/v1/images", json=put).status_code == 200
    held = io.BytesIO()
    Image.effect_noise((300, 200), 80).convert("RGB").save(held, "PNG")
    sent = of_b.post(
        "/v1/images/upload", data={"collection": B}, files={"picture": ("b.png", held.getvalue())}
    )
    assert sent.status_code == 200, sent.text
    assert of_b.put("/v1/watches/of b", json={"query": "a quokka", "min_similarity": -1}).status_code == 200
    put = {"collection": B, "url": "https://b.example/watched", "embedding": [1.0] * 128}
    assert of_b.put("/v1/images", json=put).status_code == 200
    assert len(of_b.get("/v1/alerts").json()) == 1
    assert of_b.get(f"/v1/images/{sent.json()['image_id']}/picture").status_code == 200
    assert len(of_b.post("/v1/search", json={"text": "a quokka", "max_results": 100}).json()["matches"]) == 12
    after = everything(of_a, others)
    assert {
        request: (before[request], told) for request, told in after.items() if told != before[request]
    } == {}
    assert len(of_a.post("/v1/search", json={"text": "a", "max_results": 200}).json()["matches"]) == 100


def test_no_tenant_writes_what_is_anothers(tenants: tuple[Engine, httpx2.Client, httpx2.Client]) -> None:
    _, of_a, of_b = tenants
    put = {"collection": B, "url": "https://b.example/mine", "embedding": [1.0] * 128}
    image = of_b.put("/v1/images", json=put).json()["image_id"]
    assert of_a.put("/v1/images", json=put).status_code == 403
    assert of_a.delete(f"/v1/images/{image}").status_code == 404
    assert of_a.post("/v1/images/remove", json={"images": [image]}).json() == {"removed": 0}
    upsert = {"vectors": [{"id": put["url"], "values": [1.0] * 128}], "namespace": B}
    assert of_a.post("/vectors/upsert", json=upsert).status_code == 403
    assert of_a.post("/vectors/delete", json={"deleteAll": True, "namespace": B}).status_code == 200
    assert of_b.get(f"/v1/images/{image}").status_code == 200
    of_b.put("/v1/watches/mine of b", json={"query": "a quokka", "min_similarity": -1})
    assert of_a.delete("/v1/watches/mine of b").status_code in (403, 404)
    assert "mine of b" in of_b.get("/v1/watches").text
