"""docs/queries.md is true: every block of it runs on the demo collection and prints what the page says.

`CLIPSQL_REWRITE_DOCS=1 pytest tests/integration/test_docs.py` writes the present outputs into the page.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from integration.documents import Block, blocks, rewritten, run_shell, run_sql, same_output
from sqlalchemy.engine import URL

from clipsql.cli import main
from clipsql.db.engine import create_engine
from clipsql.demo import world

PAGE = Path(__file__).resolve().parents[2] / "docs" / "queries.md"
FRAMES = 600  # as `clipsql demo` draws them, so that a reader gets the same answers
SHOWN_HOME = "~/.local/share/clipsql"


@pytest.fixture(scope="module")
def run_block(
    new_database: Callable[..., URL], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Block], str]]:
    """Run a block on the demo collection; all blocks share one session."""
    home = tmp_path_factory.mktemp("home")
    url = new_database(template=template).render_as_string(hide_password=False)
    engine = create_engine(url)
    world.set_up(engine, home / "demo", frames=FRAMES)
    engine.dispose()

    def clipsql(*arguments: str) -> Result:
        environment = {"CLIPSQL_DATABASE_URL": url, "CLIPSQL_HOME": str(home)}
        return CliRunner().invoke(main, list(arguments), env=environment)

    with pytest.MonkeyPatch.context() as patch, psycopg.connect(url, autocommit=True) as session:
        patch.chdir(tmp_path_factory.mktemp("here"))  # for the files that commands write

        def run(block: Block) -> str:
            if block.language == "sql":
                return run_sql(session, block.command)
            return run_shell(clipsql, block.command).replace(str(home), SHOWN_HOME)

        yield run


@pytest.mark.slow
def test_every_block_of_the_page_prints_what_the_page_says(run_block: Callable[[Block], str]) -> None:
    if os.environ.get("CLIPSQL_REWRITE_DOCS"):
        PAGE.write_text(rewritten(PAGE, run_block), encoding="utf-8")
        return
    wrong = []
    for block in blocks(PAGE):
        found = run_block(block)
        if block.output is not None and not same_output(block.output, found):
            wrong.append(f"line {block.line} now prints:\n{found}")
    assert not wrong, "\n".join(wrong)


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
