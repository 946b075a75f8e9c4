"""Facts of docker-compose.yml that a user of it counts on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"

PASSWORD = re.compile(r"\$\{CLIPSQL_DB_PASSWORD:\?[^}]+\}")
UNITS = {"mb": 1024**2, "gb": 1024**3}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load(COMPOSE_FILE.read_text())
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def db(compose: dict[str, Any]) -> dict[str, Any]:
    service = compose["services"]["db"]
    assert isinstance(service, dict)
    return service


@pytest.fixture(scope="module")
def ingest(compose: dict[str, Any]) -> dict[str, Any]:
    service = compose["services"]["ingest"]
    assert isinstance(service, dict)
    return service


@pytest.fixture(scope="module")
def worker(compose: dict[str, Any]) -> dict[str, Any]:
    service = compose["services"]["worker"]
    assert isinstance(service, dict)
    return service


def in_bytes(size: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\w\w)", size.lower()).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def server_settings(db: dict[str, Any]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in db["command"] if "=" in word)


def test_the_image_is_pinned_to_a_pgvector_without_known_index_faults(db: dict[str, Any]) -> None:
    tag = re.fullmatch(r"pgvector/pgvector:(\d+)\.(\d+)\.(\d+)-pg18-\w+", db["image"])
    assert tag is not None
    assert tuple(map(int, tag.groups())) >= (0, 8, 4)


def test_the_base_image_of_the_ingest_service_is_pinned_to_a_patch_version(ingest: dict[str, Any]) -> None:
    assert re.match(r"FROM python:3\.11\.\d+-slim-\w+\n", ingest["build"]["dockerfile_inline"])


def test_the_data_lies_in_a_named_volume_where_the_images_of_postgresql_18_keep_it(
    compose: dict[str, Any], db: dict[str, Any]
) -> None:
    assert db["volumes"] == ["db:/var/lib/postgresql"]
    assert "db" in compose["volumes"]


def test_the_health_check_waits_for_a_server_that_listens_on_tcp(db: dict[str, Any]) -> None:
    assert db["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert "--host=127.0.0.1" in db["healthcheck"]["test"]


def test_the_shared_memory_holds_the_graph_of_a_parallel_index_build(db: dict[str, Any]) -> None:
    settings = server_settings(db)
    assert int(settings["max_parallel_maintenance_workers"]) > 0
    assert in_bytes(db["shm_size"]) > in_bytes(settings["maintenance_work_mem"])


def test_the_database_is_reached_from_this_machine_only(db: dict[str, Any]) -> None:
    assert [port.split(":", 1)[0] for port in db["ports"]] == ["127.0.0.1"]


def test_passwords_come_from_the_environment_and_from_nowhere_else(
    db: dict[str, Any], ingest: dict[str, Any]
) -> None:
    assert PASSWORD.fullmatch(db["environment"]["POSTGRES_PASSWORD"])
    assert PASSWORD.fullmatch(ingest["environment"]["PGPASSWORD"])
    for service in (db, ingest):
        for value in service["environment"].values():
            assert not re.search(r"://[^/@]*:[^/@]*@", value), "a URL with a password in it"


def test_pictures_are_mounted_read_only_from_a_folder_that_has_to_exist(ingest: dict[str, Any]) -> None:
    pictures = next(volume for volume in ingest["volumes"] if isinstance(volume, dict))
    assert pictures["target"] == "/pictures"
    assert pictures["read_only"] is True
    assert pictures["bind"] == {"create_host_path": False}


def test_the_ingest_service_runs_once_after_the_database_is_healthy(ingest: dict[str, Any]) -> None:
    assert ingest["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert ingest["restart"] == "no"


def test_any_number_of_workers_may_run_and_each_is_stopped_gently(
    worker: dict[str, Any], ingest: dict[str, Any]
) -> None:
    assert "container_name" not in worker  # a name, or a port of the host, would allow one only
    assert "ports" not in worker
    assert worker["command"][-1] == "clipsql db upgrade && exec clipsql worker"
    assert worker["stop_grace_period"] == "1m"
    assert worker["restart"] == "unless-stopped"
    assert worker["build"] == ingest["build"]
    assert worker["environment"] == ingest["environment"]
    assert worker["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert all(isinstance(volume, str) for volume in worker["volumes"])


def test_the_server_waits_for_the_database_and_is_for_this_machine_alone(
    compose: dict[str, Any], ingest: dict[str, Any]
) -> None:
    serve = compose["services"]["serve"]
    assert serve["command"][-1] == "clipsql db upgrade && exec clipsql serve --host 0.0.0.0"
    assert serve["ports"] == ["127.0.0.1:${CLIPSQL_HTTP_PORT:-8000}:8000"]
    assert "--public" not in str(serve)
    assert (serve["build"], serve["environment"]) == (ingest["build"], ingest["environment"])
    assert serve["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert "/readyz" in serve["healthcheck"]["test"][-1]
    extras = re.search(r'"\.\[(.*)\]"', serve["build"]["dockerfile_inline"])
    assert extras is not None
    assert "serve" in extras[1].split(",")


def test_everything_that_the_ingest_image_copies_is_in_the_checkout(ingest: dict[str, Any]) -> None:
    copies = re.findall(r"^COPY (.+) \S+$", ingest["build"]["dockerfile_inline"], flags=re.MULTILINE)
    sources = [source for copy in copies for source in copy.split()]
    assert {"pyproject.toml", "clipsql", "sql", "migrations"} <= set(sources)
    assert [source for source in sources if not (ROOT / source).exists()] == []


def compose_config(**environment: str) -> subprocess.CompletedProcess[str]:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("needs docker with its compose plugin")
    return subprocess.run(
        [
            docker,
            "compose",
            "--file",
            COMPOSE_FILE,
            "--profile",
            "ingest",
            "--profile",
            "worker",
            "--profile",
            "serve",
            "config",
            "--quiet",
        ],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_docker_accepts_the_file() -> None:
    checked = compose_config(CLIPSQL_DB_PASSWORD="a: #$@/ b")
    assert checked.returncode == 0, checked.stderr


def test_docker_refuses_to_start_without_a_password() -> None:
    checked = compose_config()
    assert checked.returncode != 0
    assert "CLIPSQL_DB_PASSWORD" in checked.stderr
