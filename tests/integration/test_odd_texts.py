"""Whatever a text holds, Python, the command line and SQL agree: the same pictures, or the same refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from local_models import make_clip
from PIL import Image
from sqlalchemy.engine import URL

from clipsql import Searcher, errors
from clipsql.cli import main
from clipsql.db.engine import create_engine
from clipsql.errors import ClipsqlError, InvalidArgument, InvalidText

NOT_IN_POSTGRESQL = {
    "half a surrogate": "\ud83d dog",
    "the other half": "dog \udc36",
    "halves in the wrong order": "\udc36\ud83d",
    "a byte that is not UTF-8": "dog \udcff",
    "NUL": "a\0dog",
    "NUL alone": "\0",
}
WITHOUT_A_WORD = {
    "empty": "",
    "a space": " ",
    "white space": " \t\r\n\f\v",
    "no-break and ideographic spaces": "\u00a0\u3000\u2003",
    "line and paragraph separators": "\u2028\u2029\x85",
    "too long": "dog " * 1_251,
    "one word that is too long": "x" * 5_001,
}
ANSWERED = {
    "a lone double quote": '"',
    "a lone single quote": "'",
    "a lone backslash": "\\",
    "an open quote": 'a "red truck',
    "quotes of SQL": "'; drop table clipsql.image; --",
    "an escape": "\\x00 \\u0000 \\'",
    "percent and braces": "100% %s {} :name $1",
    "C0": "".join(map(chr, range(1, 32))),
    "one control character": "\x01",
    "separators that Python takes for white space": "\x1c\x1d\x1e\x1f",
    "DEL and C1": "".join(map(chr, range(0x7F, 0xA0))),
    "bidi marks": "\u202edog\u202c \u2066cat\u2069 \u200f",
    "zero width": "\u200b\u200c\u200d\ufeff",
    "noncharacters": "\ufffe \uffff \ufdd0 \U0010ffff",
    "replacement": "\ufffd",
    "private use": "\ue000 \U000f0000",
    "combining marks alone": "\u0301" * 40,
    "a family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "longest": "x" * 5_000,
    "special tokens": "<|startoftext|><|endoftext|>",
    "the Turkish I": "\u0130I\u0131i",
    "like an option": "--help",
    "like a home": "~nobody of that name",
    "like a number": "42",
    "markup": "[bold]<b>&amp;[/]",
}


@pytest.fixture(scope="module")
def url(new_database: Callable[..., URL], template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with captioned pictures under a model whose text tower SQL runs."""
    folder = tmp_path_factory.mktemp("pictures")
    lines = ["file\tcaption"]
    for number in range(6):
        Image.new("RGB", (40, 40), (40 * number, 120, 255 - 40 * number)).save(folder / f"{number}.png")
        lines.append(f"{number}.png\tpicture {number} of a dog")
    (folder / "captions.tsv").write_text("\n".join(lines), encoding="utf-8")
    address = new_database(template=template).render_as_string(hide_password=False)
    model = make_clip(tmp_path_factory.mktemp("model"))
    done = CliRunner().invoke(main, ["ingest", str(folder), "--model", str(model), "--database-url", address])
    assert done.exit_code == 0, done.output
    return address


@pytest.fixture(scope="module")
def searcher(url: str) -> Iterator[Searcher]:
    engine = create_engine(url)
    yield Searcher(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def session(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as session:
        yield session


def by_python(ask: Callable[[], Any]) -> Any:
    """What Python answers, or the class of its error."""
    try:
        return ask()
    except ClipsqlError as error:
        return type(error)


def by_command(url: str, *arguments: str) -> Any:
    """The lines that a command prints, or the class whose message it prints."""
    done = CliRunner().invoke(main, [*arguments[:-1], "--database-url", url, "--json", "--", arguments[-1]])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    if done.exit_code == 0:
        return [json.loads(line) for line in done.stdout.split("\n") if line]
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    return done.stderr


def by_sql(session: psycopg.Connection, query: str, text: str) -> Any:
    """The rows that SQL gives, or the class that its SQLSTATE stands for."""
    try:
        return session.execute(query, {"text": text}).fetchall()
    except psycopg.Error as error:
        return errors.ERRORS_BY_SQLSTATE[error.sqlstate or ""]


REFUSED = NOT_IN_POSTGRESQL | WITHOUT_A_WORD


@pytest.mark.parametrize("text", ANSWERED.values(), ids=ANSWERED.keys())
def test_a_text_finds_the_same_pictures_by_every_door(
    searcher: Searcher, session: psycopg.Connection, url: str, text: str
) -> None:
    for kind in ("text", "hybrid", "captions"):
        found = getattr(searcher, f"search_{kind}")(text, max_results=4)
        identity = "caption_id" if kind == "captions" else "image_id"
        ids = [getattr(one, identity) for one in found]
        assert len(ids) == 4
        printed = by_command(url, "search", kind, "--max-results", "4", text)
        assert [line[identity] for line in printed] == ids
        subject = "clipsql.embed_text(%(text)s)" if kind == "captions" else "%(text)s"
        query = f"select {identity} from clipsql.search_{kind}({subject}, 4) order by rank"
        assert [row[0] for row in by_sql(session, query, text)] == ids
    (judged,) = by_command(url, "match", "1", text)
    assert judged["similarity"] == searcher.match(1, text)
    assert by_sql(session, "select clipsql.match(1, %(text)s)", text) == [(searcher.match(1, text),)]
    words = [(one.position, one.word, one.weight) for one in searcher.explain_text(text)]
    assert by_sql(session, "select * from clipsql.explain_text(%(text)s)", text) == words
    assert len(by_command(url, "explain", "text", text)) == len(words) > 0


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_a_text_that_says_nothing_or_cannot_be_stored_is_refused_alike_by_every_door(
    searcher: Searcher, session: psycopg.Connection, url: str, text: str
) -> None:
    for ask in (
        searcher.search_text,
        searcher.search_hybrid,
        searcher.search_moments,
        searcher.search_captions,
        searcher.embed_text,
        searcher.explain_text,
        lambda text: searcher.match(1, text),
        lambda text: searcher.explain_image(1, text),
    ):
        assert by_python(lambda ask=ask: ask(text)) is InvalidText
    for command in (
        ("search", "text"),
        ("search", "hybrid"),
        ("search", "moments"),
        ("search", "captions"),
        ("match", "1"),
        ("explain", "text"),
        ("explain", "image", "1"),
    ):
        assert by_command(url, *command, text) == f"Error: {reason(searcher, text)}\n"
    if text in NOT_IN_POSTGRESQL.values():
        # SQL has no such text: the server refuses what would make it, before a function is called.
        written = "".join(f"\\u{ord(letter):04x}" for letter in text)
        with pytest.raises(psycopg.Error):
            session.execute(f"select clipsql.embed_text(e'{written}')".encode())
        return
    for call in (
        "search_text(%(text)s)",
        "search_hybrid(%(text)s)",
        "search_moments(%(text)s)",
        "embed_text(%(text)s)",
    ):
        assert by_sql(session, f"select clipsql.{call}", text) is InvalidText
    for call in ("explain_text(%(text)s)", "match(1, %(text)s)", "search(clipsql.embed_text(%(text)s))"):
        assert by_sql(session, f"select clipsql.{call}", text) is InvalidText


LABELS = {"classify": "1, array[%(text)s]", "classify_images": "array[%(text)s]"}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_a_label_or_a_name_is_refused_alike_too(
    searcher: Searcher, session: psycopg.Connection, url: str, text: str
) -> None:
    labelled = {
        "classify": by_python(lambda: searcher.classify(1, [text], template="{}")),
        "classify_images": by_python(lambda: searcher.classify_images([text], template="{}")),
    }
    if text not in NOT_IN_POSTGRESQL.values():
        for function, arguments in LABELS.items():
            by_sql_too = by_sql(session, f"select clipsql.{function}({arguments}, template => '{{}}')", text)
            assert labelled[function] is by_sql_too is InvalidArgument
        return
    assert set(labelled.values()) == {InvalidText}
    refused = f"Error: {reason(searcher, text)}\n"
    for option in ("--in-collection", "--model", "--caption-query", "--metadata-matches"):
        assert by_command(url, "search", "text", option, text, "a dog") == refused
    assert by_command(url, "search", "query", text) == refused
    assert by_command(url, "classify", "--label", text, "1") == refused
    for option in ("in_collection", "caption_query", "metadata_matches"):
        assert by_python(lambda option=option: searcher.search_text("a dog", **{option: text})) is InvalidText
    metadata = {"camera": text}
    assert by_python(lambda: searcher.search_text("a dog", having_metadata=metadata)) is InvalidText


def reason(searcher: Searcher, text: str) -> str:
    with pytest.raises(InvalidText) as refused:
        searcher.search_text(text)
    return str(refused.value)
