"""Values of every type that a caller may pass where they hurt most: empty, enormous, nested, not a number."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

TEXTS = {
    "words": "red truck ",
    "minus signs": "-",
    "minus signs apart": "- &(!|",
    "terms": "a+",
    "pictures": "image:1+",
    "weights": "1*a-",
    "alternatives": "truck or a or ",
    "operators": "-!&|():*",
    "refusals": "-a ",
    "double quotes": '"',
    "quoted words": '"a" ',
    "quotes": "'",
    "backslashes": "\\",
    "parentheses": "(",
    "Han": "红",
    "Han words": "红色 ",
    "Turkish": "İ",
    "marks out of order": "a\u0315\u0300\u0327",
    "emoji": "🚦",
    "special tokens": "<|endoftext|>",
    "placeholders": "{} ",
    "percent signs": "%s %L ",
    "stop words": "the ",
    "digits": "9",
    "paths": "./a ",
    "control characters": "\x01\x7f\x85",
    "spaces": " ",
    "addresses": "http://a.example/b?c=d ",
    "hyphens": "a-b_c.d",
}
"""A piece of text by what it is made of: repeated to any length."""

FLOATS = (
    math.nan,
    math.inf,
    -math.inf,
    0.0,
    -0.0,
    5e-324,
    -1e-300,
    1e-20,
    0.5,
    -1.0,
    90.0,
    180.0,
    1e20,
    1.7e308,
)
INTEGERS = (0, 1, -1, 2**31 - 1, -(2**31))
BIGINTS = (0, 1, -1, 2**63 - 1, -(2**63))
DEEP = 2000
LONG_LABEL = 5000


def texts(most: int) -> Iterator[tuple[str, str]]:
    """Each text with its name: as long as it may be, just longer, and enormous."""
    yield from (
        ("empty", ""),
        ("one letter", "a"),
        ("a quote", "'"),
        ("an injection", "'; drop table clipsql.image; --"),
    )
    for name, piece in TEXTS.items():
        for length in (most, most + 1, 200_000):
            yield f"{length} of {name}", (piece * (length // len(piece) + 1))[:length]


def array(items: list[str], *, lower_bound: int | None = None) -> str:
    """A PostgreSQL array of such items, null where the item is NULL."""
    return (
        ("" if lower_bound is None else f"[{lower_bound}:{lower_bound + len(items) - 1}]=")
        + "{"
        + ",".join(items)
        + "}"
    )


def quoted(text: str) -> str:
    """A text as an item of an array."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def vector(dimensions: int, value: float = 1.0) -> str:
    """A vector whose components are alike."""
    return "[" + ",".join([repr(value)] * dimensions) + "]"


def values(kind: str, most: int, *, dimensions: int) -> Iterator[tuple[str, Any]]:
    """Hostile values of a type as psycopg passes them to a cast, each with a name; `most` is the argument's bound."""
    yield "null", None
    if kind == "text":
        yield from texts(most)
    elif kind == "double precision":
        yield from ((repr(number), number) for number in FLOATS)
    elif kind in ("integer", "bigint"):
        numbers = INTEGERS if kind == "integer" else BIGINTS
        yield from ((str(number), number) for number in (*numbers, most, most + 1))
    elif kind == "boolean":
        yield from (("true", True), ("false", False))
    elif kind == "timestamp with time zone":
        yield from (
            (when, when) for when in ("-infinity", "infinity", "4714-11-24 00:00:00+00 BC", "294276-12-31")
        )
    elif kind == "time without time zone":
        yield from ((when, when) for when in ("00:00", "24:00", "12:34:56.789"))
    elif kind == "interval":
        yield from ((length, length) for length in ("0", "-1 day", "1 month", "1 second", "178000000 years"))
    elif kind == "polygon":
        yield from _polygons(most)
    elif kind == "jsonb":
        yield from _documents(most)
    elif kind == "jsonpath":
        yield from (
            (path, path)
            for path in ("$", "$.**", "$.a == 1", '$.a like_regex "(a*)*b"', "1 + 1", "strict $[*] ? (@ > 1)")
        )
        yield "a long path", " && ".join(["$.a == 1"] * 5000)
    elif kind == "vector":
        for size in (1, dimensions, 16_000):
            for value in (1.0, 0.0, -3e38, 1e-44):
                yield f"{size} times {value}", vector(size, value)
    elif kind == "regclass":
        yield from (
            (name, name)
            for name in ("pg_catalog.pg_class", "clipsql.image", "clipsql.picture", "0", "4294967295")
        )
    elif kind == "anyelement":
        yield from (("empty", "(,)"), ("a row", "(1,a)"))
    elif kind.endswith("[]"):
        yield from _arrays(kind.removesuffix("[]"), most, dimensions=dimensions)
    else:
        raise AssertionError(f"there are no hostile values of type {kind}: add some")


def _polygons(most: int) -> Iterator[tuple[str, str]]:
    yield from (
        ("one vertex", "((1,1))"),
        ("a line", "((1,1),(2,2),(3,3))"),
        ("not numbers", "((nan,nan),(1,1),(2,1))"),
        ("infinite", "((-inf,-inf),(inf,-inf),(inf,inf))"),
        ("huge", "((-1e308,-1e308),(1e308,-1e308),(1e308,1e308))"),
        ("tiny", "((0,0),(5e-324,0),(5e-324,5e-324))"),
    )
    for vertices in (most, most + 1, 5 * most):
        turns = (2 * math.pi * n / vertices for n in range(vertices))
        corners = (f"({350 * math.cos(turn)!r},{80 * math.sin(turn)!r})" for turn in turns)
        yield f"{vertices} vertices", f"({','.join(corners)})"


def _documents(most: int) -> Iterator[tuple[str, str]]:
    yield from (
        (body, body) for body in ("null", "true", "1e400", '"a"', "[]", "{}", '{"": null}', '{"a": [[], {}]}')
    )
    for size in (most - 100, 5 * most):
        yield f"{size} bytes of keys", json.dumps({f"k{n}": n for n in range(size // 24)})
        yield f"{size} bytes of items", json.dumps({"k": list(range(size // 12))})
        yield f"{size} characters", json.dumps({"k": "x" * size})
    yield "nested objects", '{"a":' * DEEP + "1" + "}" * DEEP
    yield "nested arrays", '{"a":' + "[" * DEEP + "]" * DEEP + "}"


def _arrays(kind: str, most: int, *, dimensions: int) -> Iterator[tuple[str, str]]:
    good = {"bigint": "1", "text": "a", "double precision": "1", "vector": quoted(vector(dimensions))}[kind]
    yield from (
        ("empty", "{}"),
        ("only null", "{NULL}"),
        ("two dimensions", f"{{{{{good},{good}}},{{{good},{good}}}}}"),
    )
    yield "one", array([good])
    yield "with null", array([good, "NULL"])
    yield "counted from 5", array([good, good], lower_bound=5)
    for count in (most, most + 1, 5 * most):
        yield f"{count} times the same", array([good] * count)
        if kind in ("bigint", "text"):
            yield f"{count} different", array([str(number) for number in range(count)])
    if kind == "text":
        for name, text in texts(LONG_LABEL):
            yield f"two, {name}", array([quoted(text), quoted("b")])
    elif kind != "bigint":
        for name, value in values(kind, most, dimensions=dimensions):
            if value is not None:
                yield f"with {name}", array([good, quoted(str(value))])
