"""`clipsql match`, `classify`, `suggest`, `explain` and `search hybrid` as a person or a program runs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image
from sqlalchemy.engine import URL

from clipsql import Searcher
from clipsql.cli import main
from clipsql.db.engine import create_engine

Clipsql = Callable[..., Result]


@pytest.fixture(scope="module")
def database(
    new_database: Callable[..., URL],
    template: str,
    model_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """URL of a database with four pictures; image 4 has lost its file."""
    url = new_database(template=template).render_as_string(hide_password=False)
    folder = tmp_path_factory.mktemp("pictures")
    for number, colour in enumerate(("red", "green", "blue", "white")):
        Image.new("RGB", (60, 40), colour).save(folder / f"{number}.png")
    (folder / "captions.tsv").write_text(
        "file\tcaption\n0.png\ta red car\n1.png\ta green tree\n2.png\ta dog\n"
    )
    done = CliRunner().invoke(
        main,
        ["ingest", str(folder), "--model", str(model_folder), "--dtype", "float32", "--database-url", url],
    )
    assert done.exit_code == 0, done.output
    (folder / "3.png").unlink()
    return url


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Clipsql:
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", database)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_commands_and_python_agree(run: Clipsql, database: str) -> None:
    engine = create_engine(database)
    searcher = Searcher(engine)
    [matched] = lines(run("match", "1", "a red car", "--json"))
    assert matched["similarity"] == searcher.match(1, "a red car")
    assert run("match", "1", "a red car").stdout == f"{matched['similarity']:.3f}\n"
    one = lines(run("classify", "1", "--label", "car", "--label", "dog", "--json"))
    assert one == [vars(label) for label in searcher.classify(1, ["car", "dog"])]
    templates = ("--template", "a {}", "--template", "the {}")
    many = lines(run("classify", "--label", "car", "--label", "dog", *templates, "--json"))
    assert many == [vars(x) for x in searcher.classify_images(["car", "dog"], templates=["a {}", "the {}"])]
    suggested = lines(run("suggest", "4", "--json"))
    assert suggested == [vars(caption) for caption in searcher.suggest_captions(4)]
    assert {one["caption"] for one in suggested} == {"a red car", "a green tree", "a dog"}
    said = lines(run("search", "captions", "a red car", "--json"))
    assert said == [vars(caption) for caption in searcher.search_captions(searcher.embed_text("a red car"))]
    assert "a green tree" in run("search", "captions", "a red car").stdout
    hybrid = lines(run("search", "hybrid", "a red car", "--json"))
    assert [row["image_id"] for row in hybrid] == [m.image_id for m in searcher.search_hybrid("a red car")]
    words = lines(run("explain", "text", "a red car", "--json"))
    assert words == [vars(word) for word in searcher.explain_text("a red car")]
    engine.dispose()


def test_tables_for_people(run: Clipsql) -> None:
    shown = run("classify", "--label", "car", "--label", "dog").stdout
    assert "mean probability" in shown
    assert "car" in shown
    assert "dog" in shown
    assert "a green tree" in run("suggest", "1").stdout
    bars = run("explain", "text", "a red car").stdout.splitlines()
    assert [line.split()[0] for line in bars] == ["a", "red", "car"]
    assert any("━" in line for line in bars)


@pytest.mark.parametrize("form", [("explain", "1"), ("explain", "image", "1")])
def test_a_picture_is_explained_in_a_file_or_a_page(
    run: Clipsql, tmp_path: Path, form: tuple[str, ...]
) -> None:
    done = run(*form, "a red car")
    assert done.exit_code == 0, done.output
    with Image.open(tmp_path / "explain-1.png") as picture:
        assert picture.size == (60, 40)
    assert "Patches (4 x 4)" in done.stdout
    page = run(*form, "a red car", "--html", "why.html")
    assert page.exit_code == 0, page.output
    assert "data:image/jpeg;base64," in (tmp_path / "why.html").read_text("utf-8")
    [heat] = lines(run(*form, "a red car", "--png", "p.png", "--json"))
    assert len(heat["similarity"]) == 4


def test_the_page_of_a_text_search_shows_its_words_on_request(run: Clipsql, tmp_path: Path) -> None:
    assert run("search", "text", "a red car", "--html", "found.html", "--attention").exit_code == 0
    page = (tmp_path / "found.html").read_text("utf-8")
    assert 'class="words"' in page
    assert "<span>red</span>" in page
    assert run("search", "like", "1", "--html", "like.html").exit_code == 0
    assert 'class="words"' not in (tmp_path / "like.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        pytest.param(("explain", "4", "a dog"), "cannot be read", id="the file is gone"),
        pytest.param(("explain", "99", "a dog"), "There is no image 99", id="no such picture"),
        pytest.param(("explain", "1", " "), "The text is empty", id="a blank text"),
        pytest.param(
            ("explain", "1", "a dog", "--png", "no/where.png"), "choose another file", id="no folder"
        ),
        pytest.param(("explain", "text", " "), "The text is empty", id="blank words"),
        pytest.param(("match", "99", "a dog"), "There is no image 99", id="no picture to match"),
        pytest.param(("classify", "1", "--label", "a"), "two labels or more", id="one label"),
        pytest.param(
            ("classify", "1", "--label", "a", "--label", "b", "--in-collection", "x"),
            "either IMAGE or filters",
            id="a picture and filters",
        ),
        pytest.param(("suggest", "99"), "There is no image 99", id="no picture to describe"),
        pytest.param(
            ("search", "hybrid", "dog", "--text-weight", "-1"), "must be finite", id="a negative weight"
        ),
    ],
)
def test_what_cannot_be_done_says_why_in_one_line(
    run: Clipsql, command: tuple[str, ...], reason: str
) -> None:
    refused = run(*command)
    assert refused.exit_code == 1, refused.output
    assert refused.stderr.startswith("Error: ")
    assert reason in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
