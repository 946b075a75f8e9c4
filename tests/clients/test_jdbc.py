"""JDBC: the Java program of docs/clients.md, run from its source."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest
from clients.documented import examples
from sqlalchemy.engine import URL

REPOSITORIES = (
    Path.home() / ".m2" / "repository" / "org" / "postgresql" / "postgresql",
    Path("/usr/share/java"),
)


def test_java_searches_with_parameters(
    reader_url: URL, tmp_path: Path, right_answer: list[tuple[int, float]]
) -> None:
    if shutil.which("java") is None or shutil.which("javac") is None:
        pytest.skip("no JDK is here; it comes with the package default-jdk-headless")
    drivers = sorted(found for folder in REPOSITORIES for found in folder.rglob("postgresql*.jar"))
    if not drivers:
        pytest.skip("the JDBC driver is not here; it comes with the package libpostgresql-jdbc-java")
    (example,) = examples("JDBC")
    (tmp_path / "Search.java").write_text(example)
    user = urlencode({"user": reader_url.username, "password": reader_url.password})
    url = f"jdbc:postgresql://{reader_url.host}:{reader_url.port}/{reader_url.database}?{user}"
    done = subprocess.run(
        ["java", "--class-path", str(drivers[-1]), str(tmp_path / "Search.java")],
        env={**os.environ, "JDBC_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [line.split() for line in done.stdout.splitlines()]
    assert [(int(image_id), float(similarity)) for image_id, similarity in found] == right_answer
