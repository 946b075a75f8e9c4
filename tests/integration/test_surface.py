"""What users see: result types that can grow, one word for one thing, absent filters, unknown collections."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from integration.filling import Filled, embed_regions, fill, new_model
from sqlalchemy.engine import URL, Engine

from clipsql import assets, errors, orm
from clipsql.cli import main
from clipsql.db.calls import judgements, searches
from clipsql.db.collections import count_images
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.models import add_model, find_model, require_model
from clipsql.ingest import readings
from clipsql.search.searcher import Searcher

PUBLIC = "p.pronamespace = 'clipsql'::regnamespace"
BOTH = "p.pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)"


@pytest.fixture(scope="module")
def filled(new_database: Callable[..., URL], template: str) -> Iterator[Filled]:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    filled = fill(engine)
    ensure_index(engine, filled.model, table="image_embedding")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into clipsql.caption_embedding"
            " select c.caption_id, e.model_id, e.embedding from clipsql.caption as c"
            " join clipsql.image_embedding as e on e.image_id = c.image_id"
        )
    embed_regions(engine, filled.model)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into clipsql_private.remembered_text select 1, t.body, clipsql.image_vector(t.id)"
            " from (values ('five', 5), ('dog', 6), ('cat', 7)) as t(body, id)"
        )
    yield filled
    engine.dispose()


def url(engine: Engine) -> str:
    """URL for libpq."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


# Result types.


def test_every_public_set_is_of_a_public_type_whose_attributes_are_described(engine: Engine) -> None:
    with engine.connect() as connection:
        sets = connection.exec_driver_sql(
            "select p.proname, p.prorettype::regtype::text, t.typrelid, obj_description(t.oid),"
            " coalesce(p.proargmodes, '{}') from pg_proc as p join pg_type as t on t.oid = p.prorettype"
            # What gives rows of a table that the caller names has no type of its own.
            f" where p.proretset and 'anyelement'::regtype <> all (p.proargtypes) and {PUBLIC}"
        ).all()
        assert {name for name, *_ in sets} >= {"search", "search_text", "classify", "explain_text"}
        for name, kind, relation, comment, modes in sets:
            assert re.fullmatch(r"clipsql\.\w+_result", kind), name
            assert comment, kind
            assert not set(modes) & {"t", "o"}, f"{name} returns columns of its own"
            attributes = connection.exec_driver_sql(
                "select attname, col_description(attrelid, attnum) from pg_attribute where attrelid = %s",
                (relation,),
            ).all()
            assert all(described for _, described in attributes), kind
            assert "from_image" not in {attribute for attribute, _ in attributes}


def test_a_view_of_a_user_outlives_a_new_attribute_of_its_results(filled: Filled) -> None:
    files = {name: file.read_text("utf-8") for name, file in assets.newest_sql_files("functions").items()}
    listing = files["result_rows"].replace("        i.metadata\n", "        i.metadata, i.collection\n")
    assert listing != files["result_rows"]
    with psycopg.connect(url(filled.engine)) as connection:  # never committed
        for search in ("search_text('five', 4)", "search_similar(5, 4)", "search_query('image:5', 4)"):
            name = search.partition("(")[0]
            connection.execute(f"create view {name}_found as select * from clipsql.{search}".encode())
        connection.execute("create materialized view kept as select * from search_text_found")
        connection.execute("create view joined as select s.url, i.file from search_text_found as s"
                           " join clipsql.image as i on i.image_id = s.image_id")  # fmt: skip
        before = {
            view: connection.execute(f"select * from {view}".encode()).fetchall()
            for view in ("search_text_found", "search_similar_found", "search_query_found", "kept", "joined")
        }
        assert all(len(rows) == 4 for rows in before.values())
        connection.execute("select set_config('search_path', 'pg_catalog, public', true)")
        connection.execute("alter type clipsql.search_result add attribute collection text")
        # The others hand it on with no change; made again they are, since open sessions keep the plans of their bodies.
        for file in (files | {"result_rows": listing}).values():
            if "setof clipsql.search_result" in file:
                connection.execute(file.encode())
        connection.execute("refresh materialized view public.kept")
        for view, rows in before.items():
            assert connection.execute(f"select * from public.{view}".encode()).fetchall() == rows, view
        new = connection.execute("select collection from clipsql.search_text('five', 4)").fetchall()
        assert all(collection in ("streets", "holidays", "中文") for (collection,) in new)
        assert connection.execute("select score from clipsql.search_hybrid('five', 4)").fetchall()


# One word for one thing.


def test_a_picture_is_called_image_and_a_text_query(engine: Engine) -> None:
    with engine.connect() as connection:
        named = {
            name: arguments or []
            for name, arguments in connection.exec_driver_sql(
                f"select p.proname, p.proargnames from pg_proc as p where {BOTH}"
            )
        }
    for name, arguments in named.items():
        assert not {"to_image", "of_image", "for_image", "description", "expression"} & set(arguments), name
    for name in ("image_vector", "search_similar", "match", "classify", "suggest_captions"):
        assert named[name][0] == "image", name
    for name in ("search", "search_text", "search_query", "search_hybrid", "search_moments", "search_captions",
                 "search_regions", "search_plan", "embed_text", "tokenize", "explain_text", "parse_query"):  # fmt: skip
        assert named[name][0] == "query", name
    assert named["match"] == ["image", "query", "model"]
    callers = [*(getattr(orm, name) for name in orm.__all__), searches.search_plan, searches.parse_query]
    for caller in callers:
        if inspect.isfunction(caller):
            mine = next(iter(inspect.signature(caller).parameters))
            assert mine == named[caller.__name__][0], caller.__name__
    for name, method in inspect.getmembers(Searcher, inspect.isfunction):
        if name in named and len(inspect.signature(method).parameters) > 1:  # a searcher knows its model
            assert list(inspect.signature(method).parameters)[1] == named[name][0], name
    assert list(inspect.signature(judgements.match).parameters) == ["image", "query", "model"]


def test_filters_are_handed_on_by_name(engine: Engine) -> None:
    with engine.connect() as connection:
        filters = connection.exec_driver_sql(
            "select array_agg(attname order by attnum) from pg_attribute"
            " where attrelid = 'clipsql_private.search_filter'::regclass and attname <> 'attachment_id'"
        ).scalar_one()
        bodies = connection.exec_driver_sql(
            f"select p.proname, p.prosrc from pg_proc as p where {PUBLIC}"
            " and 'near_longitude' = any (p.proargnames)"
        ).all()
    assert len(bodies) >= 10
    for name, body in bodies:
        for one in filters:
            assert re.search(rf"\b{one} => [^,]*\b{one}\b", body), f"{name} hands {one} on"
        assert not re.search(r"\brow\s*\(", body), name


# Absent filters.


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param("in_collection => ''", id="empty collection"),
        pytest.param("in_collection => E' \\t\\n'", id="blank collection"),
        pytest.param("caption_query => ''", id="empty caption query"),
        pytest.param("caption_query => '  '", id="blank caption query"),
        pytest.param("having_metadata => '{}'", id="empty object"),
        pytest.param("metadata_matches => clipsql_private.read_path('  ')", id="blank path"),
        pytest.param(
            "in_collection => null, taken_from => null, taken_until => null, daily_from => null,"
            " daily_until => null, near_longitude => null, near_latitude => null, within_m => null,"
            " inside => null, having_metadata => null, metadata_matches => null, caption_query => null,"
            " only_images => null, except_images => null",
            id="null everywhere",
        ),
    ],
)
def test_an_empty_filter_is_no_filter(filled: Filled, arguments: str) -> None:
    with filled.engine.connect() as connection:
        ask = connection.exec_driver_sql
        plain = ask("select * from clipsql.search(clipsql.image_vector(5))").all()
        assert ask(f"select * from clipsql.search(clipsql.image_vector(5), {arguments})").all() == plain
        plan = f"select explanation from clipsql.search_plan(clipsql.image_vector(5), {arguments})"
        assert "no filter narrows the search down" in ask(plan).scalar_one()


def test_blank_texts_are_absent_in_python_and_on_the_command_line(filled: Filled) -> None:
    searcher = Searcher(filled.engine)
    plain = searcher.search_similar(5)
    blank = searcher.search_similar(
        5, in_collection=" ", caption_query="", metadata_matches="  ", having_metadata={}
    )
    assert blank == plain
    options = (
        "--in-collection",
        "",
        "--caption-query",
        " ",
        "--metadata-matches",
        "",
        "--having-metadata",
        "{}",
    )
    found = run(filled, "search", "like", "5", "--json", *options)
    assert [json.loads(line)["image_id"] for line in found.stdout.splitlines()] == [m.image_id for m in plain]


# JSON paths and times of the day.


def test_an_equality_in_a_json_path_is_looked_up_in_its_index(filled: Filled) -> None:
    with filled.engine.connect() as connection:
        plan = connection.execute(
            sa.select(
                searches.search_plan(
                    filled.vectors[0].tolist(),
                    metadata_matches='$.at.number == 17 && $.camera starts with "K"',
                )
            )
        ).one()
    assert plan.matching_rows == 1
    assert "image_metadata_idx" in plan.index_used


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("$.price <", id="cut short"),
        pytest.param("price < 50", id="no dollar"),
        pytest.param('$.a like_regex "("', id="bad pattern"),
        pytest.param("(" * 100_000 + "1", id="endless"),
        pytest.param("$.camera", id="no predicate"),
    ],
)
def test_a_wrong_json_path_is_a_bad_argument(filled: Filled, path: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=r"metadata_matches .*as in") as caught:
        Searcher(filled.engine).search_similar(5, metadata_matches=path)
    assert "\n" not in str(caught.value)


def test_a_text_that_ends_in_a_dollar_is_no_variable(filled: Filled) -> None:
    found = Searcher(filled.engine).search_similar(
        5, metadata_matches=r'$.camera != "a\"$" && $.camera != "$"'
    )
    assert len(found) == 10


def test_the_session_or_the_searcher_says_where_the_day_begins(filled: Filled) -> None:
    night = {"daily_from": "22:00", "daily_until": "04:00"}
    counts = []
    with psycopg.connect(url(filled.engine)) as connection:
        for zone in ("UTC", "Asia/Shanghai"):
            connection.execute("select set_config('timezone', %s, false)", (zone,))
            rows = connection.execute(
                "select image_id from clipsql.search_similar(5, 3000, daily_from => %(daily_from)s,"
                " daily_until => %(daily_until)s)",
                night,
            ).fetchall()
            by_command = run(
                filled, "search", "like", "5", "--max-results", "3000", "--json", "--timezone", zone,
                "--daily-from", "22:00", "--daily-until", "04:00",
            )  # fmt: skip
            ids = [json.loads(line)["image_id"] for line in by_command.stdout.splitlines()]
            assert ids == [image_id for (image_id,) in rows]
            counts.append(set(ids))
    assert counts[0] != counts[1]
    assert min(map(len, counts)) > 300


def test_a_time_of_day_with_a_zone_is_refused(filled: Filled) -> None:
    with pytest.raises(errors.InvalidArgument, match=r"daily_from .* time zone"):
        Searcher(filled.engine).search_similar(5, daily_from=dt.time(8, tzinfo=dt.UTC))
    refused = run(filled, "search", "like", "5", "--daily-from", "08:00+02:00")
    assert refused.exit_code == 2
    assert "no time of the day" in refused.stderr


def test_times_without_offset_are_those_of_the_time_zone_given(filled: Filled) -> None:
    def ids(*options: str) -> list[int]:
        found = run(filled, "search", "like", "5", "--max-results", "3000", "--json", *options)
        return [json.loads(line)["image_id"] for line in found.stdout.splitlines()]

    here = ids("--taken-from", "2025-05-01", "--taken-until", "2025-05-02", "--timezone", "Asia/Shanghai")
    assert here == ids("--taken-from", "2025-05-01T00:00+08:00", "--taken-until", "2025-05-02T00:00+08:00")
    assert here != ids("--taken-from", "2025-05-01", "--taken-until", "2025-05-02")


# Unknown collections.

CALLS = {
    "search": "search(clipsql.image_vector(5), ",
    "search_text": "search_text('five', ",
    "search_similar": "search_similar(5, ",
    "search_query": "search_query('image:5', ",
    "search_vectors": "search_vectors(array[clipsql.image_vector(5)], ",
    "search_hybrid": "search_hybrid('five', ",
    "search_moments": "search_moments('five', ",
    "search_plan": "search_plan(clipsql.image_vector(5), ",
    "search_captions": "search_captions(clipsql.image_vector(5), ",
    "search_regions": "search_regions(clipsql.image_vector(5), ",
    "suggest_captions": "suggest_captions(5, ",
    "classify_images": "classify_images('{dog,cat}', template => '{}', ",
    "count_matches": "count_matches('dog', ",
    "next_to_check": "next_to_check('dog', ",
    "watch": "watch('w', image => 5, min_similarity => 0, ",
}


def test_every_function_with_filters_is_called_below(engine: Engine) -> None:
    with engine.connect() as connection:
        names = connection.exec_driver_sql(
            f"select p.proname from pg_proc as p where {PUBLIC} and 'in_collection' = any (p.proargnames)"
        ).scalars()
        assert set(names) - {"search_rows"} == set(CALLS)  # tried in test_attaching.py, on a table


@pytest.mark.parametrize("function", CALLS)
def test_a_collection_that_does_not_exist_is_one_warning(filled: Filled, function: str) -> None:
    heard: list[tuple[str | None, str | None, str | None]] = []
    with psycopg.connect(url(filled.engine)) as connection:
        connection.add_notice_handler(
            lambda said: heard.append((said.severity_nonlocalized, said.sqlstate, said.message_primary))
        )
        call = f"select * from clipsql.{CALLS[function]}in_collection => "
        for known in ("'streets'", "'中文'", "''", "null"):
            assert connection.execute(f"{call}{known})".encode()).fetchall()
        assert heard == []
        rows = connection.execute(f"{call}'street')".encode()).fetchall()
    assert len(rows) == (1 if function in ("search_plan", "watch") else 0)
    [(severity, sqlstate, message)] = heard
    assert (severity, sqlstate) == ("WARNING", "CQ008")
    assert message is not None
    assert message.startswith('There is no collection "street", ')
    assert "clipsql.collection_stats" in message


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda s, c: s.search([1.0] * 24, in_collection=c), id="search"),
        pytest.param(lambda s, c: s.search_text("five", in_collection=c), id="search_text"),
        pytest.param(lambda s, c: s.search_similar(5, in_collection=c), id="search_similar"),
        pytest.param(lambda s, c: s.search_query("image:5", in_collection=c), id="search_query"),
        pytest.param(lambda s, c: s.search_hybrid("five", in_collection=c), id="search_hybrid"),
        pytest.param(lambda s, c: s.search_moments("five", in_collection=c), id="search_moments"),
        pytest.param(lambda s, c: s.search_captions([1.0] * 24, in_collection=c), id="search_captions"),
        pytest.param(lambda s, c: s.search_regions([1.0] * 24, in_collection=c), id="search_regions"),
        pytest.param(lambda s, c: s.suggest_captions(5, in_collection=c), id="suggest_captions"),
        pytest.param(
            lambda s, c: s.classify_images(["dog", "cat"], template="{}", in_collection=c),
            id="classify_images",
        ),
    ],
)
def test_a_collection_that_does_not_exist_is_an_error_in_python(
    filled: Filled, ask: Callable[[Searcher, str], list[Any]]
) -> None:
    searcher = Searcher(filled.engine)
    assert ask(searcher, "streets")
    with pytest.raises(errors.UnknownCollection, match='no collection "street"; did you mean streets'):
        ask(searcher, "street")


def test_a_collection_that_exists_may_hold_no_match(filled: Filled) -> None:
    assert Searcher(filled.engine).search_similar(5, in_collection="streets", only_images=[10**9]) == []


def test_the_command_line_names_what_exists(filled: Filled) -> None:
    for command in (
        ("search", "like", "5", "--in-collection", "xyz"),
        ("collection", "drop", "xyz", "--yes"),
    ):
        refused = run(filled, *command)
        assert refused.exit_code == 1
        assert refused.stderr == (
            'Error: There is no collection "xyz"; "clipsql collection list" shows what there is.\n'
        )
    with pytest.raises(errors.UnknownCollection):
        count_images(filled.engine, "xyz")


# Nulls, models, languages.


@pytest.mark.parametrize(
    ("call", "sqlstate", "message"),
    [
        pytest.param("search_text(null)", "CQ006", "The text is empty", id="search_text"),
        pytest.param("search_hybrid(null)", "CQ006", "The text is empty", id="search_hybrid"),
        pytest.param("search_moments(null)", "CQ006", "The text is empty", id="search_moments"),
        pytest.param("search(null)", "CQ003", "The query vector is null", id="search"),
        pytest.param("search_captions(null)", "CQ003", "The query vector is null", id="search_captions"),
        pytest.param("search_regions(null)", "CQ003", "The query vector is null", id="search_regions"),
        pytest.param("region_vector(null)", "CQ002", "There is no region null", id="region_vector"),
        pytest.param("search_plan(null)", "CQ003", "The query vector is null", id="search_plan"),
        pytest.param("search_similar(null)", "CQ002", "There is no image null", id="search_similar"),
        pytest.param("suggest_captions(null)", "CQ002", "There is no image null", id="suggest_captions"),
        pytest.param("classify(null, '{a,b}')", "CQ002", "There is no image null", id="classify"),
        pytest.param("match(null, 'five')", "CQ002", "There is no image null", id="match"),
        pytest.param("search_query(null)", "CQ004", "The query is empty", id="search_query"),
    ],
)
def test_a_null_is_called_what_it_is(filled: Filled, call: str, sqlstate: str, message: str) -> None:
    with (
        psycopg.connect(url(filled.engine)) as connection,
        pytest.raises(psycopg.Error, match=message) as caught,
    ):
        connection.execute(f"select clipsql.{call}".encode())
    assert caught.value.sqlstate == sqlstate


def test_python_and_sql_find_a_model_alike(engine: Engine) -> None:
    new_model(engine, name="first")
    facts = {"revision": "1", "dimensions": 24, "logit_scale": 1.0}
    add_model(engine, name="second", location="/models/clip", **facts)
    add_model(engine, name="third", location="first", **facts)
    with engine.connect() as connection:
        for name, expected in {
            None: "first",
            "second": "second",
            "/models/clip": "second",
            "first": "first",
        }.items():
            in_sql = sa.text("select (clipsql_private.resolve_model(cast(:name as text))).name")
            assert connection.execute(in_sql, {"name": name}).scalar_one() == expected
            assert require_model(engine, name).name == expected
    assert find_model(engine, "/models") is None
    with pytest.raises(errors.UnknownModel, match='no model "/models" here; there is: first, second, third'):
        require_model(engine, "/models")


def test_each_language_has_its_configuration(engine: Engine) -> None:
    with engine.connect() as connection:
        found = dict(
            connection.exec_driver_sql(
                "select l.code, clipsql_private.caption_configuration(l.code)::text"
                " from unnest(clipsql_private.caption_languages() || '{zh,xx}') as l(code)"
            ).all()
        )
    stemmers = {
        "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
        "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese",
        "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
    }  # fmt: skip
    assert found == {**stemmers, "simple": "simple", "zh": "simple", "xx": "simple"}


def test_sql_and_python_know_the_same_han_characters_and_kana(engine: Engine) -> None:
    letters = [chr(code) for code in range(1, 0x10000) if unicodedata.category(chr(code)) != "Cs"]
    with engine.connect() as connection:
        in_sql = connection.execute(
            sa.text(
                "select array_agg(l.one) from unnest(cast(:letters as text[])) as l(one)"
                " where l.one ~ ('[' || clipsql_private.han_characters() || ']')"
            ),
            {"letters": letters},
        ).scalar_one()
    assert in_sql == [one for one in letters if readings._HAN.search(one) or readings._KANA.search(one)]


def test_a_plan_is_made_under_the_settings_of_the_comparison(engine: Engine) -> None:
    with engine.connect() as connection:
        settings = connection.exec_driver_sql(
            "select proconfig from pg_proc where proname in ('compare_all', 'compare_plan')"
        ).scalars().all()  # fmt: skip
    assert len(settings) == 2
    assert sorted(settings[0]) == sorted(settings[1])


def run(filled: Filled, *arguments: str) -> Result:
    environment = {"CLIPSQL_DATABASE_URL": filled.engine.url.render_as_string(hide_password=False)}
    return CliRunner().invoke(main, list(arguments), env=environment)
