"""The pages are true: every block runs on the demo collection and prints what the page says; the examples run, too.

`CLIPSQL_REWRITE_DOCS=1 pytest tests/integration/test_docs.py` writes the present outputs into the pages.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from integration.documents import Reader, blocks, rewritten, same_output
from picture_server import PictureServer
from psycopg import sql
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine
from clipsql.demo import world
from clipsql.demo.cameras import CAMERAS, week_of_frames
from clipsql.demo.films import film_of, write_film
from clipsql.demo.tour import MODEL

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md",
    "quickstart.md",
    "queries.md",
    "analyst.md",
    "dashboards.md",
    "developer.md",
    "operator.md",
    "filtered-search.md",
    "watching.md",
    "attached-tables.md",
    "changing-models.md",
    "video.md",
    "looking-again.md",
    "zh.md",
    "farms.md",
)
FRAMES = 600  # as `clipsql demo` draws them, so that a reader gets the same answers


def page_file(name: str) -> Path:
    return ROOT / name if name == "README.md" else ROOT / "docs" / name


def night_triplets() -> str:
    """Examples of what "at night" is meant to do: a frame by day, and one of such a vehicle by night."""
    scenes = [frame.scene for frame in week_of_frames(FRAMES)]
    seen = [(scene.time, scene.vehicles[0].kind, scene.vehicles[0].colour) for scene in scenes]
    rows = [
        f"frame-{number:04}.jpg,at night,frame-{other:04}.jpg"
        for number, (time, *vehicle) in enumerate(seen)
        for other, (later, *wanted) in enumerate(seen)
        if (time, later) == ("day", "night") and vehicle == wanted
    ]
    return "\n".join(["picture,text,wanted", *rows]) + "\n"


@pytest.fixture(scope="module")
def demo(
    new_database: Callable[..., URL], template: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A database with the demo in it, to be copied, and clipsql's home with its frames."""
    home = tmp_path_factory.mktemp("home")
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    world.set_up(engine, home / "demo", frames=FRAMES)
    engine.dispose()
    assert url.database is not None
    return url.database, home


@pytest.fixture
def here(demo: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a reader types, with some photos and a list of addresses."""
    frames = sorted((demo[1] / "demo").glob("frame-*.jpg"))
    (tmp_path / "photos").mkdir()
    for name, frame in zip(("first.jpg", "second.jpg", "third.jpg"), frames, strict=False):
        shutil.copy(frame, tmp_path / "photos" / name)
    (tmp_path / "triplets.csv").write_text(night_triplets())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def url(demo: tuple[str, Path], new_database: Callable[..., URL], monkeypatch: pytest.MonkeyPatch) -> str:
    """A copy of the demo's database, the one that the environment names."""
    url = new_database(template=demo[0]).render_as_string(hide_password=False)
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", url)
    monkeypatch.setenv("CLIPSQL_HOME", str(demo[1]))
    return url


@pytest.fixture
def reader(
    url: str, demo: tuple[str, Path], here: Path, model_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Reader]:
    """A reader after `clipsql demo`; the model that an ingest would download is the demo's, hosts may be this one.

    Vectors are made in float32, as those of the demo: in bfloat16 frames that look alike change places from one
    processor to the next.
    """
    model = {"model": MODEL}
    ingest = {**model, "dtype": "float32", "allow_private_hosts": True}
    defaults = {
        "ingest": ingest,
        "worker": ingest,
        "dedup": model,
        "search": dict.fromkeys(("text", "image", "moments"), model),
    }
    if request.node.callspec.params["name"] == "video.md":
        write_film(here / "harbour-road.mp4", film_of(CAMERAS[2], seconds=45))
    if request.node.callspec.params["name"] == "changing-models.md":
        # Its workers work for all models that pictures are kept under.
        del defaults["worker"]
        shutil.copytree(model_folder, here / "newer")
    analyst = f"analyst_{os.getpid()}"
    with PictureServer() as web, psycopg.connect(url, autocommit=True) as session:
        (here / "captions.tsv").write_text("".join(f"a picture\t{web.url(number)}\n" for number in range(3)))
        session.execute(sql.SQL("create role {} login").format(sql.Identifier(analyst)))
        names = {"postgresql://me:secret@db.example/pictures": url, "analyst": analyst}
        yield Reader(session=session, home=demo[1], names=names, defaults=defaults)
        session.execute(
            sql.SQL("reset role; drop owned by {0}; drop role {0}").format(sql.Identifier(analyst))
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_the_page_prints_what_the_page_says(name: str, reader: Reader) -> None:
    page = page_file(name)
    if os.environ.get("CLIPSQL_REWRITE_DOCS"):
        page.write_text(rewritten(page, reader.run), encoding="utf-8")
        return
    wrong = []
    for block in blocks(page):
        found = reader.run(block)
        if block.output is not None and not same_output(block.output, found):
            wrong.append(f"line {block.line} now prints:\n{found}")
    assert not wrong, "\n".join(wrong)


def test_every_page_with_blocks_is_run() -> None:
    fence = re.compile("^```(sql|sh|python)$", re.MULTILINE)
    pages = {file.name for file in (ROOT / "docs").glob("*.md") if fence.search(file.read_text("utf-8"))}
    # What these type for servers of their own is run by test_dumping, test_checking and test_extension.
    assert pages - {"upgrades.md", "extension.md", "extension-findings.md"} | {"README.md"} == set(PAGES)


@pytest.mark.parametrize(
    "link",
    sorted(
        (file.relative_to(ROOT).as_posix(), target)
        for file in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "README.md")
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", file.read_text("utf-8"))
    ),
    ids=" -> ".join,
)
def test_every_link_leads_somewhere(link: tuple[str, str]) -> None:
    name, _, heading = link[1].partition("#")
    target = (ROOT / link[0]).parent / name if name else ROOT / link[0]
    assert target.exists()
    if heading:
        headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
        assert heading in {re.sub(r"[^\w -]", "", found.lower()).replace(" ", "-") for found in headings}


BY_CLIENTS = {"ray_data.py", "daft_frame.py", "spark_job.py"}
"""Examples that tests/clients/test_farms.py runs, for they need what clipsql does not."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", sorted({file.name for file in (ROOT / "examples").glob("*.py")} - BY_CLIENTS)
)
@pytest.mark.usefixtures("url", "here")
def test_every_example_runs_as_it_stands(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    expected = {
        "business_join.py": "taxi",
        "plain_psycopg.py": "5  0.",
        "dashboard.py": "Weather, as it looks",
        "ingest_and_search.py": "1.000  all red",
    }
    runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")
    assert expected[name] in capsys.readouterr().out
    assert f"`{name}`" in (ROOT / "examples" / "README.md").read_text()


@pytest.mark.parametrize(
    ("shown", "found", "are_same"),
    [
        pytest.param("a | 0.421\n", "a  |  0.422\n", True, id="the last digit"),
        pytest.param("a | 0.421\n", "a | 0.423\n", False, id="two last digits"),
        pytest.param("a | 42\n", "a | 43\n", False, id="whole numbers"),
        pytest.param("a | b\n", "a | c\n", False, id="words"),
        pytest.param("a\nb\n", "a\n", False, id="a row less"),
        pytest.param("a\n", "a\nb\n", False, id="a row more"),
        pytest.param("---+---\na | b\n", "-----+----\na   | b\n", True, id="wider columns"),
        pytest.param("a | 0.42\n", "a | 0.421\n", False, id="more digits"),
    ],
)
def test_outputs_are_compared_but_for_widths_and_last_digits(shown: str, found: str, are_same: bool) -> None:
    assert same_output(shown, found) is are_same
