"""The templates of docs/dashboards.md as Superset, Grafana and Metabase fill them in: what is empty does not filter.

Superset's part is Jinja itself with what Superset puts into it; that of Grafana and Metabase is as their manuals say.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg
import pytest
from clients.documented import examples
from jinja2.sandbox import SandboxedEnvironment
from psycopg.rows import dict_row
from psycopg.types.string import StrDumperVarchar
from sqlalchemy import String, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL

PAGE = "dashboards.md"
ODD = """O'Neill "Way" \\ || true -- $.x {{y}}"""
SINCE, UNTIL = dt.datetime(2025, 3, 1, tzinfo=dt.UTC), dt.datetime(2025, 9, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What somebody filled in; nothing at first."""

    what: str = ""
    words: str = ""
    roads: Sequence[str] = ()
    since: dt.datetime | None = None
    until: dt.datetime | None = None


Rendered: TypeAlias = "tuple[str, list[Any]]"


def superset(template: str, given: Filled, *, by_url: bool = False) -> Rendered:
    values = {"what": [given.what] if given.what else [], "road": list(given.roads)}

    def filter_values(column: str, default: str | None = None, remove_filter: bool = False) -> list[str]:
        assert remove_filter
        return [] if by_url else values[column] or ([default] if default else [])

    def url_param(name: str, default: str | None = None, escape_result: bool = True) -> str | None:
        assert not escape_result
        return values[name][0] if by_url and values[name] else default

    def where_in(values: list[Any]) -> str:
        binds = [bindparam("value", value, String()) for value in values]
        quoted = [
            str(bind.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
            for bind in binds
        ]
        return f"({', '.join(quoted)})"

    environment = SandboxedEnvironment()
    environment.filters["where_in"] = where_in
    times = {"from_dttm": _iso(given.since), "to_dttm": _iso(given.until)}
    return environment.from_string(template).render(
        filter_values=filter_values, url_param=url_param, **times
    ), []


def superset_by_url(template: str, given: Filled) -> Rendered:
    return superset(template, given, by_url=True)


def _iso(time: dt.datetime | None) -> str | None:
    return None if time is None else time.replace(tzinfo=None).isoformat()


def grafana(template: str, given: Filled) -> Rendered:
    values: dict[str, Any] = {"what": given.what, "words": given.words, "road": list(given.roads)}

    def variable(found: re.Match[str]) -> str:
        value = values[found[1]]
        quoted = [
            "'" + one.replace("'", "''") + "'" for one in (value if isinstance(value, list) else [value])
        ]
        return ",".join(quoted)

    earliest, latest = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    macros = {"timeFrom": given.since or earliest, "timeTo": given.until or latest}
    macro = re.compile(r"\$__(timeFrom|timeTo)\(\)")
    query = macro.sub(lambda found: f"'{macros[found[1]]:%Y-%m-%dT%H:%M:%SZ}'", template)
    return re.sub(r"\$\{(\w+):sqlstring\}", variable, query), []


def grafana_all(template: str, given: Filled) -> Rendered:
    """With All chosen, whose value is put in as it stands."""
    return grafana(template.replace("${road:sqlstring}", "''"), given)


def metabase(template: str, given: Filled) -> Rendered:
    values = {
        "what": [given.what or "a vehicle"],
        "words": [given.words] if given.words else [],
        "road": list(given.roads),
        "since": [given.since.date()] if given.since else [],
        "until": [given.until.date()] if given.until else [],
    }
    parameters: list[Any] = []

    def optional(found: re.Match[str]) -> str:
        return found[1] if all(values[name] for name in re.findall(r"\{\{(\w+)\}\}", found[1])) else ""

    def variable(found: re.Match[str]) -> str:
        parameters.extend(values[found[1]])
        return ", ".join(["%s"] * len(values[found[1]]))

    query = re.sub(r"\[\[(.*?)\]\]", optional, template.replace("%", "%%"), flags=re.DOTALL)
    return re.sub(r"\{\{(\w+)\}\}", variable, query), parameters


CASES = {
    "empty": (Filled(), "true"),
    "text with a quote": (Filled(what="a dog's bed"), "true"),
    "words": (Filled(words="dog"), "p.captions::text ~* '\\mdogs?\\M'"),
    "road": (Filled(roads=[ODD]), "p.metadata->>'road' = %(odd)s"),
    "roads": (Filled(roads=[ODD, "North Bridge"]), "p.metadata->>'road' in (%(odd)s, 'North Bridge')"),
    "since": (Filled(since=SINCE), "p.taken_at >= '2025-03-01Z'"),
    "most": (
        Filled(what="a bus", roads=["North Bridge"], since=SINCE, until=UNTIL),
        "p.metadata->>'road' = 'North Bridge' and p.taken_at >= '2025-03-01Z' and p.taken_at < '2025-09-01Z'",
    ),
}
"""What is filled in, and the pictures that are right."""
TOOLS = {
    "Superset": (superset, set(CASES) - {"words"}),
    "Superset by its address": (superset_by_url, set(CASES) - {"words", "roads"}),
    "Grafana": (grafana, set(CASES)),
    "Grafana with All": (grafana_all, {"empty", "text with a quote", "words", "since"}),
    "Metabase": (metabase, set(CASES)),
}
"""How a tool fills in its template, and what can be filled in there."""


@pytest.fixture(scope="module")
def roads(owner_url: URL) -> None:
    """Each third picture stands at a road with an odd name, each third at another."""
    with psycopg.connect(owner_url.render_as_string(hide_password=False)) as owner:
        owner.execute(
            "update clipsql.image set metadata = metadata || jsonb_build_object('road',"
            " (array[%s, 'North Bridge', 'South'])[1 + image_id %% 3])",
            (ODD,),
        )
        owner.execute("insert into clipsql.settings values ('/', '/pictures')")


@pytest.mark.usefixtures("roads")
@pytest.mark.parametrize(
    ("tool", "case"), [(tool, case) for tool, (_, cases) in TOOLS.items() for case in CASES if case in cases]
)
def test_what_is_filled_in_filters_and_what_is_empty_does_not(tool: str, case: str, reader_url: URL) -> None:
    given, condition = CASES[case]
    (template,) = examples(tool.split()[0], page=PAGE)
    query, parameters = TOOLS[tool][0](template, given)
    # Grafana always has a time range, which a picture without a time is not in.
    timed = "p.taken_at is not null" if tool.startswith("Grafana") else "true"
    with psycopg.connect(reader_url.render_as_string(hide_password=False)) as reader:
        reader.adapters.register_dumper(str, StrDumperVarchar)  # as JDBC sends texts
        reader.execute("set timezone to 'UTC'")
        found = reader.cursor(row_factory=dict_row).execute(query, parameters or None).fetchall()
        right = reader.execute(
            "select p.picture_url from clipsql.picture as p"
            " join clipsql.search_text(%(what)s::text, 1000) as s using (image_id)"
            f" where {condition} and {timed} order by s.rank limit 100",
            {"what": given.what or "a vehicle", "odd": ODD},
        ).fetchall()
    assert 0 < len(right) <= 100
    assert [row["picture"] for row in found] == [url for (url,) in right]
