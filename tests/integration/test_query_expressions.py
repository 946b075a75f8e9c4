"""A query of several terms is read as it is documented, and a mistake is pointed at by its column."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from PIL import Image
from sqlalchemy.engine import URL, Engine

from clipsql import Searcher, errors, orm
from clipsql.cli import main
from clipsql.db.calls.searches import parse_query
from clipsql.db.engine import create_engine, database_errors

Clipsql = Callable[..., Result]


@pytest.fixture(scope="module")
def database(
    new_database: Callable[..., URL],
    template: str,
    model_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Engine]:
    """Twelve pictures under a tiny CLIP."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(12):
        picture = Image.effect_mandelbrot((40, 40), (-3, -2.5, 2, 2.5 + number), 60).convert("RGB")
        Image.blend(picture, Image.new("RGB", (40, 40), (20 * number, 120, 250 - 20 * number)), 0.6).save(
            folder / f"{number}.png"
        )
    url = new_database(template=template).render_as_string(hide_password=False)
    result = CliRunner().invoke(
        main,
        ["ingest", str(folder), "--model", str(model_folder), "--dtype", "float32", "--database-url", url],
    )
    assert result.exit_code == 0, result.output
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def command(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Clipsql:
    """Run `clipsql` on the twelve pictures."""
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", database.url.render_as_string(hide_password=False))
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        ("flower", [(1, "text", "flower", 1)]),
        (
            "flower + 2*bee - night",
            [(1, "text", "flower", 1), (12, "text", "bee", 2), (18, "text", "night", -1)],
        ),
        (" red  truck +night ", [(2, "text", "red  truck", 1), (14, "text", "night", 1)]),
        ("red truck*.5 -night", [(1, "text", "red truck", 0.5), (15, "text", "night", -1)]),
        ("- 1.5 * night + day", [(9, "text", "night", -1.5), (17, "text", "day", 1)]),
        ("-night", [(2, "text", "night", -1)]),
        ("t-shirt - well-known", [(1, "text", "t-shirt", 1), (11, "text", "well-known", -1)]),
        ("4", [(1, "text", "4", 1)]),
        ("2 dogs * 3", [(1, "text", "2 dogs", 3)]),
        ('2 * "4"', [(5, "text", "4", 2)]),
        ("\"c++ - book\" + 'it\\'s'", [(1, "text", "c++ - book", 1), (16, "text", "it's", 1)]),
        ('"a\\"b\\\\c"-d', [(1, "text", 'a"b\\c', 1), (11, "text", "d", -1)]),
        ("a dog's ball + d", [(1, "text", "a dog's ball", 1), (16, "text", "d", 1)]),
        ('a sign that says "stop" + b', [(1, "text", 'a sign that says "stop"', 1), (27, "text", "b", 1)]),
        (
            "image:42 + 0.5*IMAGE:7",
            [(1, "image", "image:42", 1), (16, "image", "IMAGE:7", 0.5)],
        ),
        ('"image:42"', [(1, "text", "image:42", 1)]),
        ("./street-2.jpg + cars", [(1, "file", "./street-2.jpg", 1), (18, "text", "cars", 1)]),
        ("~/a b.jpg*2 - /c.png", [(1, "file", "~/a b.jpg", 2), (15, "file", "/c.png", -1)]),
        ("street.JPEG", [(1, "file", "street.JPEG", 1)]),
        ('"../a+b.jpg"', [(1, "file", "../a+b.jpg", 1)]),
        ('"street.jpg"', [(1, "text", "street.jpg", 1)]),
        (
            "红色卡车 + 2*夜晚 -雨",
            [(1, "text", "红色卡车", 1), (10, "text", "夜晚", 2), (14, "text", "雨", -1)],
        ),
        (
            "红色卡车＋２＊夜晚－雨　＋ 猫",
            [
                (1, "text", "红色卡车", 1),
                (8, "text", "夜晚", 2),
                (11, "text", "雨", -1),
                (15, "text", "猫", 1),
            ],
        ),
        (
            "red old truck－night rain－b",
            [(1, "text", "red old truck", 1), (15, "text", "night rain", -1), (26, "text", "b", -1)],
        ),
        ("１．５*花－image：４2", [(5, "text", "花", 1.5), (7, "image", "image:42", -1)]),
        ("“花＋草”＊２ - 「夜－晚」", [(1, "text", "花＋草", 2), (11, "text", "夜－晚", -1)]),
        ("他说“你好”：３", [(1, "text", "他说“你好”：３", 1)]),
        ("＂a\\＂b＂＋＇４＇", [(1, "text", "a＂b", 1), (8, "text", "４", 1)]),
        (
            "街．jpg + “街.jpg”+ 街.jpg",
            [(1, "text", "街．jpg", 1), (9, "text", "街.jpg", 1), (18, "file", "街.jpg", 1)],
        ),
        ("red\n+\tnight", [(1, "text", "red", 1), (7, "text", "night", 1)]),
    ],
)
def test_an_expression_is_read_as_its_terms(
    database: Engine, expression: str, terms: list[tuple[Any, ...]]
) -> None:
    with database.connect() as connection:
        found = connection.execute(sa.select(parse_query(expression))).all()
    assert [(row.position, row.kind, row.body, row.weight) for row in found] == terms
    assert [row.image_id for row in found] == [
        int(body.split(":")[1]) if kind == "image" else None for _, kind, body, _ in terms
    ]


@pytest.mark.parametrize(
    ("expression", "column", "reason"),
    [
        pytest.param("flower + ", 10, 'nothing follows "\\+"', id="nothing after a plus"),
        pytest.param("-", 2, 'nothing follows "-"', id="a minus alone"),
        pytest.param("a + - b", 5, '"-" needs a text', id="two signs"),
        pytest.param("a +* b", 4, '"\\*" needs a text', id="a weight without a number"),
        pytest.param("2**3", 3, '"\\*" needs a text', id="a power"),
        pytest.param("c++ book", 3, "quote signs", id="signs in a word"),
        pytest.param("* a", 1, '"\\*" needs a text', id="a star first"),
        pytest.param("2*3", 3, "both sides", id="two numbers"),
        pytest.param("a * night", 5, "between a number", id="two texts"),
        pytest.param("2*a*3", 4, "one weight", id="two weights"),
        pytest.param("(a + b)*2", 1, "does not group", id="parentheses"),
        pytest.param("a + b)", 6, "does not group", id="a closing parenthesis"),
        pytest.param("花 ＋ － 夜", 5, '"-" needs a text', id="two full-width signs"),
        pytest.param("（花＋草）", 1, "does not group", id="full-width parentheses"),
        pytest.param("“花＋草", 1, "no end", id="an open Chinese quote"),
        pytest.param('"red truck + b', 1, "no end", id="an open quote"),
        pytest.param("a + 'b", 5, "no end", id="an open apostrophe"),
        pytest.param('a + ""', 5, "empty", id="an empty text"),
        pytest.param("a + ' '", 5, "empty", id="a blank text"),
        pytest.param('"red" truck', 7, "put \\+ or -", id="no sign between terms"),
        pytest.param("image:42 cars", 1, "image:42", id="words after a picture"),
        pytest.param("a - image:first", 5, "number of a stored picture", id="a picture without a number"),
        pytest.param(f"{'9' * 40}*a", 1, "too long", id="an endless number"),
        pytest.param("a + ./street.jpg", 5, "reads no files", id="a file"),
    ],
)
def test_a_mistake_is_pointed_at(database: Engine, expression: str, column: int, reason: str) -> None:
    with (
        database.connect() as connection,
        pytest.raises(errors.InvalidArgument, match=reason) as caught,
        database_errors(database),
    ):
        connection.execute(sa.select(orm.search_query(expression))).all()
    assert re.match(rf"Column {column}\b", str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("expression", ["", "  ", "　", None])
def test_an_empty_query_is_refused(database: Engine, expression: str | None) -> None:
    with (
        database.connect() as connection,
        pytest.raises(errors.InvalidArgument, match="empty"),
        database_errors(database),
    ):
        connection.execute(
            sa.text("select * from clipsql.search_query(cast(:e as text))"), {"e": expression}
        ).all()


def test_a_weight_that_a_vector_cannot_hold_is_refused(database: Engine) -> None:
    with pytest.raises(errors.InvalidArgument, match="weights of 0 or of a size between"):
        Searcher(database).search_query("0.000000000000000000000001*a + b")


def test_terms_are_summed_by_weight_as_mix_does(database: Engine) -> None:
    with database.connect() as connection:
        by_hand = connection.execute(
            sa.text(
                "select image_id, similarity from clipsql.search(clipsql.mix(array[clipsql.embed_text('red car'),"
                " clipsql.embed_text('dog'), clipsql.embed_text('tree')], '{1, 2, -0.5}'))"
            )
        ).all()
    found = Searcher(database).search_query("red car + 2*dog - 0.5*tree")
    assert [(match.image_id, match.similarity) for match in found] == [
        (row.image_id, pytest.approx(row.similarity, abs=1e-6)) for row in by_hand
    ]


def test_stored_pictures_are_left_out_of_what_they_describe(database: Engine) -> None:
    found = Searcher(database).search_query("image:3 + 0.1*dog - image:5", max_results=50, except_images=[4])
    assert sorted(match.image_id for match in found) == [1, 2, *range(6, 13)]
    with pytest.raises(errors.UnknownImage, match="no image 999"):
        Searcher(database).search_query("image:999 + dog")


def test_command_python_and_orm_give_the_same_answer(database: Engine, command: Clipsql) -> None:
    done = command("search", "query", "red", "car", "+", "2*dog - tree", "--max-results", "4", "--json")
    assert done.exit_code == 0, done.output
    by_command = [json.loads(line)["image_id"] for line in done.stdout.splitlines()]
    by_python = Searcher(database).search_query("red car + 2*dog - tree", max_results=4)
    with database.connect() as connection:
        matches = orm.search_query("red car + 2*dog - tree", max_results=4)
        by_orm = connection.scalars(sa.select(matches.c.image_id).order_by(matches.c.rank)).all()
    assert by_command == by_orm == [match.image_id for match in by_python]


def test_a_file_is_a_term_of_the_command(command: Clipsql, tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (200, 120, 50)).save(tmp_path / "street 1+2.png")
    path = f'"{tmp_path}/street 1+2.png"'
    alone = command("search", "query", path, "--json")
    assert alone.exit_code == 0, alone.output
    like = command("search", "image", tmp_path / "street 1+2.png", "--json")
    assert alone.stdout == like.stdout
    mixed = command("search", "query", f"{path} + image:3 - dog", "--max-results", "50", "--json")
    assert sorted(json.loads(line)["image_id"] for line in mixed.stdout.splitlines()) == [
        1,
        2,
        *range(4, 13),
    ]
    gone = command("search", "query", "a + ./gone.png")
    assert gone.exit_code == 1
    assert gone.stderr == "Error: gone.png cannot be read: No such file or directory; check the path.\n"


def test_a_page_shows_percentiles(command: Clipsql, tmp_path: Path) -> None:
    done = command("search", "query", "dog - tree", "--html", tmp_path / "page.html", "--max-results", "3")
    assert done.exit_code == 0, done.output
    assert "91.7" in done.stdout  # 11 of 12 score lower
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "dog - tree" in text
    assert "91.7" in text


def test_texts_are_embedded_by_python_where_the_database_cannot(database: Engine, model_folder: Path) -> None:
    searcher = Searcher(database, dtype="float32")
    expected = searcher.search_query("red car + 2*dog - image:3")
    with database.begin() as connection:
        connection.exec_driver_sql("create table kept as select * from clipsql_private.text_tower")
        connection.exec_driver_sql("delete from clipsql_private.text_tower")
    assert model_folder.is_dir()
    found = searcher.search_query("red car + 2*dog - image:3")
    assert [match.image_id for match in found] == [match.image_id for match in expected]
    assert 3 not in [match.image_id for match in found]
