"""Any text is a query of terms, read as the grammar says, or a mistake with its column; and nothing else."""

from __future__ import annotations

import contextlib
import re
import string
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import URL, Connection

from clipsql import errors
from clipsql.db.calls.searches import parse_query
from clipsql.db.engine import create_engine, database_errors

SPACES = " \t\n\r\f\v"
NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
FOLDER = re.compile(r"\.{1,2}/|~?/")
PICTURE = re.compile(r".+\.(avif|bmp|gif|heic|heif|jpe?g|png|tiff?|webp)", re.IGNORECASE | re.DOTALL)


class Term(NamedTuple):
    position: int
    kind: str
    body: str
    image_id: int | None
    weight: float


class Mistake(Exception):
    """The text is no query."""


@pytest.fixture(scope="module")
def connection(new_database: Callable[..., URL], template: str) -> Iterator[Connection]:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
    engine.dispose()


def asked(connection: Connection, expression: str) -> list[Term]:
    """What PostgreSQL makes of the text. Raises InvalidArgument."""
    with database_errors(connection.engine):
        return [Term(*row) for row in connection.execute(sa.select(parse_query(expression)))]


class Reader:
    """The documented grammar, character by character.

    query = ["+" | "-"] term { ("+" | "-") term }
    term  = thing | number "*" thing | thing "*" number
    thing = words | "quoted" | 'quoted' | image:ID | file
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def query(self) -> list[Term]:
        terms = []
        sign = self.sign() or "+"
        while True:
            terms.append(self.term(-1 if sign == "-" else 1))
            self.skip_spaces()
            if self.at == len(self.text):
                return terms
            next_sign = self.sign()
            if next_sign is None:
                raise Mistake
            sign = next_sign

    def term(self, sign: int) -> Term:
        position, first = self.factor()
        if self.peek() != "*":
            return as_term(position, first, sign)
        self.at += 1
        next_position, second = self.factor()
        if bool(NUMBER.fullmatch(first)) == bool(NUMBER.fullmatch(second)):
            raise Mistake
        if NUMBER.fullmatch(first):
            return as_term(next_position, second, sign * float(first))
        return as_term(position, first, sign * float(second))

    def factor(self) -> tuple[int, str]:
        """Its column, and it as it is written."""
        start = self.peek() and self.at
        if self.peek() in ("", *"+-*()"):
            raise Mistake
        assert isinstance(start, int)
        if self.text[start] in "\"'":
            self.at += 1
            while self.at < len(self.text) and self.text[self.at] != self.text[start]:
                self.at += 2 if self.text[self.at] == "\\" else 1
            self.at += 1
            written = self.text[start : self.at]
            if self.at > len(self.text) or not unquoted(written).strip(SPACES):
                raise Mistake
        else:
            end = start
            while end < len(self.text):  # word by word: a minus is a sign only where a word would begin
                while end < len(self.text) and self.text[end] not in SPACES + "+*()":
                    end += 1
                self.at = end
                while end < len(self.text) and self.text[end] in SPACES:
                    end += 1
                if end < len(self.text) and self.text[end] in "+-*()":
                    break
            written = self.text[start : self.at]
            if len(written) > 30 and NUMBER.fullmatch(written):
                raise Mistake
            if re.match("image:", written, re.IGNORECASE) and not re.fullmatch(
                "image:[0-9]{1,18}", written, re.IGNORECASE
            ):
                raise Mistake
        return start + 1, written

    def sign(self) -> str | None:
        if self.peek() not in ("+", "-"):
            return None
        self.at += 1
        return self.text[self.at - 1]

    def peek(self) -> str:
        self.skip_spaces()
        return self.text[self.at : self.at + 1]

    def skip_spaces(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in SPACES:
            self.at += 1


def unquoted(written: str) -> str:
    return re.sub(r"\\(.)", r"\1", written[1:-1], flags=re.DOTALL)


def as_term(position: int, written: str, weight: float) -> Term:
    if written[0] in "\"'":
        body = unquoted(written)
        return Term(position, "file" if FOLDER.match(body) else "text", body, None, weight)
    if re.match("image:", written, re.IGNORECASE):
        return Term(position, "image", written, int(written[6:]), weight)
    is_file = FOLDER.match(written) or PICTURE.fullmatch(written)
    return Term(position, "file" if is_file else "text", written, None, weight)


pieces = st.sampled_from(
    [
        *("+", "-", "*", "(", ")", '"', "'", "\\", " ", "\n", "\t", ".", "/", "~"),
        *(
            "image:",
            "IMAGE:7",
            "image:42",
            "2",
            "0.5",
            ".5",
            "1.",
            "9" * 31,
            "red",
            "truck",
            "t-shirt",
            "it's",
        ),
        *("./a", "../b c", "~/", "x.jpg", "红色", "c++", '"a b"', "'c - d'", '"\n"', "'\\ '", '"\'"', '\\"'),
    ]
)
tricky = st.one_of(
    st.lists(pieces, max_size=12).map("".join),
    st.text(alphabet=string.ascii_lowercase[:4] + "19.:/~+-*()\"'\\ \n红", max_size=25),
)
# What PostgreSQL stores: no NUL, no half of a surrogate pair.
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@given(expression=tricky)
def test_a_query_is_read_as_the_grammar_says(connection: Connection, expression: str) -> None:
    try:
        expected: list[Term] | None = Reader(expression).query()
    except Mistake:
        expected = None
    if expected is not None:
        assert asked(connection, expression) == expected
        return
    with pytest.raises(errors.InvalidArgument, match=r"^Column |^The query is empty") as caught:
        asked(connection, expression)
    column = re.match(r"Column (\d+) ", str(caught.value))
    assert column is None or 1 <= int(column[1]) <= len(expression) + 1


@given(expression=anything)
def test_any_text_is_a_query_or_a_mistake(connection: Connection, expression: str) -> None:
    with contextlib.suppress(errors.InvalidArgument):
        terms = asked(connection, expression)
        assert terms
        assert all(term.body.strip(SPACES) and 1 <= term.position <= len(expression) for term in terms)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(
    texts=st.lists(
        st.tuples(anything.filter(lambda text: re.search(r"[^\s\x1c-\x1f]", text)), st.integers(-999, 999)),
        min_size=1,
        max_size=5,
    )
)
def test_quoted_texts_come_back_as_they_were_whatever_they_hold(
    connection: Connection, texts: list[tuple[str, int]]
) -> None:
    expression = " ".join(
        f"{'-' if weight < 0 else '+'} {abs(weight)}*{quoted(text)}" for text, weight in texts
    )
    found: list[tuple[Any, ...]] = [(term.body, term.weight) for term in asked(connection, expression)]
    assert found == texts
