"""What is released stays as it is; a release says its version everywhere, and installs from what is built of it."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from release import ROOT, changes, fingerprints, write_release

import clipsql as package
from clipsql import assets
from clipsql.db.schema import migrating

DAY = dt.date(2026, 11, 29)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project in small, before its first release."""
    for path, text in {
        "sql/functions/search/search_v01.sql": "-- a search\n",
        "migrations/versions/0001_pictures.py": "revision = '0001'\n",
        "migrations/releases.json": "{}\n",
        "clipsql/__init__.py": '"""A package."""\n\n__version__ = "0.1.0.dev0"\n',
        "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n- Much.\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    return tmp_path


def test_no_released_file_has_changed() -> None:
    for version, revision in assets.releases().items():
        frozen = ROOT / "tests" / "frozen"
        released = json.loads((frozen / "released" / f"{version}.json").read_text("utf-8"))
        assert released
        assert changes(ROOT, released) == []
        assert (frozen / f"{revision}.sql").is_file(), "an upgrade from it with rows is tried by test_dumping"
        assert f"## {version} (" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_a_version_is_one_in_the_making_or_one_that_is_written_down() -> None:
    assert package.__version__.endswith(".dev0") or package.__version__ in assets.releases()
    assert fingerprints(ROOT).keys() >= {
        "sql/functions/search/search_v01.sql",
        "migrations/versions/0001_pictures.py",
    }


def test_a_release_says_its_version_and_lets_nobody_change_what_it_is_made_of(tree: Path) -> None:
    write_release(tree, "0.1.0", revision="0001", day=DAY)
    assert '__version__ = "0.1.0"\n' in (tree / "clipsql/__init__.py").read_text()
    assert "## 0.1.0 (2026-11-29)\n\n- Much." in (tree / "CHANGELOG.md").read_text()
    assert json.loads((tree / "migrations/releases.json").read_text()) == {"0.1.0": "0001"}
    released = json.loads((tree / "tests/frozen/released/0.1.0.json").read_text())
    (tree / "sql/functions/search/search_v02.sql").write_text("-- a better search\n")
    (tree / "migrations/versions/0002_better.py").write_text("revision = '0002'\n")
    assert changes(tree, released) == []
    (tree / "sql/functions/search/search_v01.sql").write_text("-- a search \n")
    (tree / "migrations/versions/0001_pictures.py").unlink()
    assert changes(tree, released) == [
        "migrations/versions/0001_pictures.py is gone: a release has it, so it stays",
        "sql/functions/search/search_v01.sql was released: make a file of the next version, and a migration",
    ]
    (tree / "CHANGELOG.md").write_text("## Unreleased\n")
    with pytest.raises(
        ValueError, match=r"release 0\.1\.0 was changed: migrations/versions/0001_pictures\.py"
    ):
        write_release(tree, "0.2.0", revision="0002", day=DAY)
    assert '__version__ = "0.1.0"\n' in (tree / "clipsql/__init__.py").read_text()


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("0.1.0.dev0", "no version of a release"),
        ("v0.1.0", "no version of a release"),
        ("0.0.9", "released already"),
        ("0.1.0", "no heading"),
    ],
)
def test_what_cannot_be_released_is_said_and_nothing_is_written(tree: Path, version: str, says: str) -> None:
    (tree / "migrations/releases.json").write_text('{"0.0.9": "0001"}')
    (tree / "tests/frozen/released").mkdir(parents=True)
    (tree / "tests/frozen/released/0.0.9.json").write_text(json.dumps(fingerprints(tree)))
    if says == "no heading":
        (tree / "CHANGELOG.md").write_text("# Changelog\n")
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=says):
        write_release(tree, version, revision="0001", day=DAY)
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_wheel_and_source_archive_install_and_make_the_extension(tmp_path: Path) -> None:
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT))
    subprocess.run(build, check=True, capture_output=True)  # the wheel is made of the source archive
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    (source,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {*fingerprints(ROOT), "migrations/releases.json", "docs/extension.md", "tests/release.py"}
    for built in (wheel, source):
        target = tmp_path / built.suffix
        install = (
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
            "--quiet",
            "--target",
        )
        subprocess.run((sys.executable, *install, target, built), check=True, capture_output=True)
        command = "from clipsql.cli import main; main()"
        run = (sys.executable, "-c", command, "db", "extension", "--write", str(target / "share"))
        done = subprocess.run(
            run,
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(target)},
        )
        script = target / "share" / "extension" / f"clipsql--{package.__version__}.sql"
        assert str(script) in done.stdout
        assert f"'{migrating.newest_revision()}'" in script.read_text("utf-8")
