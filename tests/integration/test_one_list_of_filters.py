"""The filters stand in SQL, in Python and on the command line: names, order, types and defaults agree."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

import click
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL

from clipsql.cli import main
from clipsql.db.calls import arguments, counting, judgements, moments, regions, rows, searches, watching
from clipsql.db.calls.arguments import Filters, NearestOptions, SearchOptions
from clipsql.db.calls.counting import CountOptions
from clipsql.db.calls.watching import WatchOptions
from clipsql.db.engine import create_engine

SIGNATURES = """
    select p.proname as function, a.name, format_type(a.type, null) as type,
        a.position > p.pronargs - p.pronargdefaults as has_default,
        case when a.position > p.pronargs - p.pronargdefaults
             then pg_get_function_arg_default(p.oid, a.position::integer) end as standard
    from pg_proc as p
    cross join lateral unnest(p.proargnames[:p.pronargs], p.proargtypes::oid[])
        with ordinality as a(name, type, position)
    where p.pronamespace = 'clipsql'::regnamespace and 'in_collection' = any (p.proargnames)
    order by p.proname, a.position
"""


@pytest.fixture(scope="module")
def signatures(new_database: Callable[..., URL], template: str) -> dict[str, list[dict[str, Any]]]:
    """Arguments of every public function that takes filters, in order."""
    found: dict[str, list[dict[str, Any]]] = {}
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    with engine.connect() as connection:
        for row in connection.exec_driver_sql(SIGNATURES).mappings():
            found.setdefault(row["function"], []).append(dict(row))
    engine.dispose()
    assert len(found) >= 10
    return found


def test_every_function_takes_the_same_filters_in_the_same_order_and_of_the_same_types(
    signatures: dict[str, list[dict[str, Any]]],
) -> None:
    def filters(function: str) -> list[tuple[str, str, str]]:
        return [
            (one["name"], one["type"], one["standard"])
            for one in signatures[function]
            if one["name"] in Filters.__annotations__ and one["name"] != "model"
        ]

    wanted = filters("search")
    assert [name for name, _, _ in wanted] == [name for name in Filters.__annotations__ if name != "model"]
    assert all(standard == f"NULL::{kind}" for _, kind, standard in wanted)
    for function, parameters in signatures.items():
        assert filters(function) == wanted, function
        assert parameters[-1]["name"] == "model", function
        assert parameters[-1]["standard"] == "NULL::text", function


def test_every_search_takes_the_same_limits(signatures: dict[str, list[dict[str, Any]]]) -> None:
    limits = {
        "max_results": ("integer", "10"),
        "min_similarity": ("double precision", "NULL::double precision"),
        "min_percentile": ("double precision", "NULL::double precision"),
        "distinct_above": ("double precision", "NULL::double precision"),
    }
    for function, parameters in signatures.items():
        taken = {one["name"]: (one["type"], one["standard"]) for one in parameters if one["name"] in limits}
        if function == "classify_images":
            assert taken == {}
        elif function == "watch":
            assert taken == {name: limits[name] for name in ("min_similarity", "min_percentile")}
        elif function == "count_matches":
            assert taken == {"min_similarity": limits["min_similarity"]}
        elif function == "next_to_check":
            assert taken == {"max_results": limits["max_results"]}
        elif "captions" in function or function == "search_regions":
            wanted = {name: limits[name] for name in ("max_results", "min_similarity")}
            if function == "suggest_captions":
                wanted["max_results"] = ("integer", "5")
            assert taken == wanted, function
        else:
            assert taken == limits, function


def test_python_sends_every_argument_of_sql_by_its_name_and_type(
    signatures: dict[str, list[dict[str, Any]]],
) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for function, parameters in signatures.items():
        caller = next(
            getattr(module, function)
            for module in (searches, judgements, moments, regions, rows, watching, counting)
            if hasattr(module, function)
        )
        options = typing.get_type_hints(caller)["options"]
        options = typing.get_args(options)[0] if typing.get_args(options) else options
        own = {
            name
            for name, one in inspect.signature(caller).parameters.items()
            if one.kind is not one.VAR_KEYWORD
        }
        in_python = own | set(typing.get_type_hints(options))
        assert in_python == {one["name"] for one in parameters}, function
        for one in parameters:
            if one["name"] in arguments._TYPES:
                sent = arguments._TYPES[one["name"]].compile(dialect=dialect).lower()
                known = {"float": "double precision", "time without time zone": "time without time zone"}
                assert known.get(sent, sent) == one["type"], (function, one["name"])


@pytest.mark.parametrize(
    ("command", "options"),
    [
        pytest.param(("search", "text"), SearchOptions, id="search text"),
        pytest.param(("search", "like"), SearchOptions, id="search like"),
        pytest.param(("search", "image"), SearchOptions, id="search image"),
        pytest.param(("search", "query"), SearchOptions, id="search query"),
        pytest.param(("search", "hybrid"), SearchOptions, id="search hybrid"),
        pytest.param(("search", "moments"), SearchOptions, id="search moments"),
        pytest.param(("search", "captions"), NearestOptions, id="search captions"),
        pytest.param(("suggest",), NearestOptions, id="suggest"),
        pytest.param(("classify",), Filters, id="classify"),
        pytest.param(("remove",), Filters, id="remove"),
        pytest.param(("watch", "add"), WatchOptions, id="watch add"),
        pytest.param(("count", "matches"), CountOptions, id="count matches"),
        pytest.param(("count", "next"), Filters, id="count next"),
    ],
)
def test_the_command_line_takes_every_option_of_python(
    command: tuple[str, ...],
    options: type,
    signatures: dict[str, list[dict[str, Any]]],
) -> None:
    found: click.Command = main
    for name in command:
        assert isinstance(found, click.Group)
        found = found.commands[name]
    declared = {one.name: one for one in found.params if isinstance(one, click.Option)}
    standards = {one["name"]: one["standard"] for one in (*signatures["search"], *signatures["watch"])}
    for name in typing.get_type_hints(options):
        if (command, name) == (("remove",), "model"):
            assert name not in declared  # a picture is removed whatever model it is embedded under
            continue
        option = declared[name]
        assert option.opts == [f"--{name.replace('_', '-')}"]
        shown = option.default
        assert (shown if isinstance(shown, int) else None) == (10 if standards[name] == "10" else None), name


def test_options_of_python_build_on_each_other() -> None:
    assert set(Filters.__annotations__) < set(typing.get_type_hints(NearestOptions))
    assert set(typing.get_type_hints(NearestOptions)) < set(typing.get_type_hints(SearchOptions))
