"""The built wheel carries all that it needs, and works outside the checkout without torch."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import clipsql as package

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_sql_migrations_page_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("sql", "migrations"):
        files = {
            path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.suffix in (".sql", ".py")
        }
        assert files
        assert {f"clipsql/_assets/{file.as_posix()}" for file in files} <= names
    assert {"clipsql/py.typed", "clipsql/search/page.html", "clipsql/duplicates/page.html"} <= names


def test_the_version_is_said_once_and_the_wheel_has_it(wheel: Path) -> None:
    assert wheel.name.split("-")[1] == package.__version__
    said = [
        file
        for folder in ("clipsql", ".ci", "docs")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".txt", ".md", "")
        and file.is_file()
        and package.__version__ in file.read_text()
    ]
    assert said == [ROOT / "clipsql" / "__init__.py"]
    assert package.__version__ not in (ROOT / "pyproject.toml").read_text()


@pytest.mark.slow
def test_the_installed_wheel_works_elsewhere_and_without_torch(
    wheel: Path, database_url: str, tmp_path: Path
) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    # Ahead of the checkout on the path; torch is as if it were not there.
    hidden = "import sys; sys.modules['torch'] = None; sys.modules['transformers'] = None\n"
    run = (
        hidden
        + "import clipsql; from clipsql.cli import main; print(clipsql.__file__, file=sys.stderr); main()"
    )

    def clipsql(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "PYTHONPATH": str(tmp_path / "installed"),
            "CLIPSQL_DATABASE_URL": database_url,
        }
        return subprocess.run(
            (sys.executable, "-c", run, *arguments),
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
        )

    told = clipsql("--help")
    assert told.stderr.startswith(str(tmp_path / "installed"))
    assert told.stdout.startswith("Usage: ")
    assert clipsql("--version").stdout == f"clipsql, version {package.__version__}\n"
    assert clipsql("db", "downgrade", "base", "--yes").returncode == 0
    assert clipsql("db", "upgrade").returncode == 0
    assert clipsql("stats").returncode == 0
    refused = clipsql("model", "add", str(tmp_path))
    assert refused.returncode == 1
    assert 'pip install "clipsql[clip]"' in refused.stderr.splitlines()[-1]
