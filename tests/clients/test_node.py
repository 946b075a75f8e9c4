"""node-postgres, pg-listen and PostGraphile 4 from npm: a search, alarms, and a field of a GraphQL schema."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
import psycopg
import pytest
from clients.documented import examples
from sqlalchemy.engine import URL
from waiting import until

from clipsql.server.postmaster import free_port, is_free

PACKAGES = ("pg@8", "pg-listen@1", "postgraphile@4")
TABLE_FIELDS = {
    "allAttachmentStatuses",
    "alert",
    "alertByAlertId",
    "alertByWatchIdAndImageId",
    "alertByWatchIdAndOccasion",
    "allAlerts",
    "allCaptions",
    "allCollectionStats",
    "allFusions",
    "allImageRegions",
    "allImages",
    "allIndexStats",
    "allModelAnswers",
    "allModelChanges",
    "allModelFailures",
    "allModelQueries",
    "allModels",
    "allPictureAnswers",
    "allPictures",
    "allSettings",
    "allVideoFrames",
    "allWatchLists",
    "allWatchStats",
    "caption",
    "captionByCaptionId",
    "fusion",
    "fusionByFusionId",
    "fusionByModelIdAndName",
    "image",
    "imageByImageId",
    "imageRegion",
    "imageRegionByImageIdAndBoxAndLabel",
    "imageRegionByRegionId",
    "imageRegionByRegionIdAndImageId",
    "model",
    "modelAnswer",
    "modelAnswerByQueryIdAndImageId",
    "modelByModelId",
    "modelByName",
    "modelQuery",
    "modelQueryByKindAndModelAndRevisionAndQuery",
    "modelQueryByQueryId",
    "node",
    "nodeId",
    "query",
    "setting",
    "settingByPictureFolder",
    "videoFrame",
    "videoFrameByImageId",
    "watchList",
    "watchListByName",
    "watchListByWatchId",
}
"""Fields of PostGraphile's schema that are not functions of clipsql."""

Pairs = list[tuple[int, float]]


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder node_modules with the packages, installed once into the user's cache."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not here")
    home = Path(platformdirs.user_cache_dir("clipsql-tests")) / "-".join(("node", *PACKAGES))
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        fresh = tempfile.mkdtemp(dir=home.parent)
        install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", fresh, *PACKAGES]
        done = subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            shutil.rmtree(fresh)
            pytest.skip(f"npm cannot install {' and '.join(PACKAGES)}: {done.stderr.strip()[-200:]}")
        Path(fresh).rename(home)
    return home / "node_modules"


@pytest.fixture
def environment(reader_url: URL, modules: Path) -> dict[str, str]:
    url = reader_url.set(drivername="postgresql").render_as_string(hide_password=False)
    return {**os.environ, "CLIPSQL_DATABASE_URL": url, "NODE_PATH": str(modules)}


def pairs(rows: list[dict[str, Any]], image_id: str) -> Pairs:
    return [(int(row[image_id]), row["similarity"]) for row in rows]


def test_node_postgres_searches_with_parameters(environment: dict[str, str], right_answer: Pairs) -> None:
    (example,) = examples("node-postgres")
    done = subprocess.run(
        ["node", "-e", example], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert pairs(json.loads(done.stdout), "image_id") == right_answer


def test_pg_listen_hears_of_alarms(environment: dict[str, str], owner_url: URL) -> None:
    (example,) = examples("pg-listen")
    with (
        psycopg.connect(owner_url.render_as_string(hide_password=False), autocommit=True) as owner,
        subprocess.Popen(
            ["node", "-e", example], env=environment, stdout=subprocess.PIPE, text=True
        ) as program,
    ):
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "listening\n"
            owner.execute(
                "select clipsql.watch('red trucks', query => 'a red truck', min_similarity => 0.99)"
            )
            put = "select clipsql.put_image('heard', %s, clipsql.embed_text(%s))"
            owner.execute(put, ("one", "a red truck"))
            owner.execute(put, ("far", "a blue bicycle"))
            with owner.transaction(force_rollback=True):
                owner.execute(put, ("never", "a red truck"))
            with owner.transaction():
                for url in ("two", "three"):
                    owner.execute(put, (url, "a red truck"))
            heard = [json.loads(program.stdout.readline()) for _ in range(3)]
            assert program.poll() is None
        finally:
            program.kill()
            owner.execute("select clipsql.unwatch('red trucks')")
            owner.execute(
                "select clipsql.remove_images(array(select image_id from clipsql.image where collection = 'heard'))"
            )
    assert sorted(alarm["url"] for alarm in heard) == ["one", "three", "two"]
    assert {alarm["name"] for alarm in heard} == {"red trucks"}
    assert all(alarm["similarity"] > 0.99 for alarm in heard)


@pytest.fixture
def graphql(environment: dict[str, str], modules: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a PostGraphile that was started with the command of the page."""
    command = examples("PostGraphile 4")[0].replace("npx postgraphile@4", "exec $POSTGRAPHILE")
    port = free_port()
    environment["POSTGRAPHILE"] = f"node {modules / '.bin' / 'postgraphile'} --port {port} --host 127.0.0.1"
    log = tmp_path / "postgraphile.log"
    with (
        log.open("w") as output,
        subprocess.Popen(["sh", "-c", command], env=environment, stdout=output, stderr=output) as server,
    ):
        try:
            until(lambda: server.poll() is not None or not is_free(port), seconds=60)
            assert server.poll() is None, log.read_text()
            yield f"http://127.0.0.1:{port}/graphql"
        finally:
            server.terminate()


def ask(address: str, query: str) -> dict[str, Any]:
    request = urllib.request.Request(
        address, json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def test_a_search_is_a_field_of_graphql(graphql: str, right_answer: Pairs) -> None:
    answer = ask(graphql, examples("PostGraphile 4")[1])
    assert pairs(answer["data"]["searchText"]["nodes"], "imageId") == right_answer


def test_its_schema_has_every_public_function_that_a_reader_may_call_and_nothing_private(
    graphql: str, owner_url: URL
) -> None:
    schema = ask(
        graphql,
        "{ __schema { types { name } queryType { fields { name } } mutationType { fields { name } } } }",
    )
    told = schema["data"]["__schema"]
    fields = {
        field["name"]
        for kind in ("queryType", "mutationType")
        if told[kind]
        for field in told[kind]["fields"]
    }
    with psycopg.connect(owner_url.render_as_string(hide_password=False)) as connection:
        functions = connection.execute(
            "select p.proname from pg_proc as p where p.pronamespace = 'clipsql'::regnamespace"
            " and has_function_privilege('clipsql_reader', p.oid, 'execute')"
        ).fetchall()
    assert fields == TABLE_FIELDS | {camel(name) for (name,) in functions}
    assert [
        kind["name"] for kind in told["types"] if re.search(r"private|\d", kind["name"], re.IGNORECASE)
    ] == []


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
