"""An upgrade keeps what users built on functions, views and types, or names it and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from integration.filling import new_model, picture, write
from sqlalchemy.engine import URL, Engine

from clipsql import assets, errors
from clipsql.db.engine import create_engine, database_errors
from clipsql.db.schema.preparing import set_search_path
from clipsql.search.searcher import Searcher

OWNER = f"clipsql_test_owner_{os.getpid()}"
ANALYST = f"clipsql_test_analyst_{os.getpid()}"
STRANGER = f"clipsql_test_stranger_{os.getpid()}"

# Everything that the catalog knows of what users built, whatever oids are.
BUILT = """
    select pg_describe_object('pg_class'::regclass, c.oid, 0) as thing, c.relowner::regrole::text as owner,
        coalesce(c.relacl, acldefault('r', c.relowner))::text as rights,
        concat_ws(' ', c.reloptions, c.relispopulated) as state,
        case when c.relkind = 'i' then pg_get_indexdef(c.oid) else pg_get_viewdef(c.oid) end as definition,
        obj_description(c.oid, 'pg_class') as comment
    from pg_class as c where c.relnamespace = %(schema)s::regnamespace and c.relkind in ('v', 'm', 'i')
    union all
    select format('column %%s of %%s', a.attname, a.attrelid::regclass), null, a.attacl::text, null,
        format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum)
    from pg_attribute as a join pg_class as c on c.oid = a.attrelid
    where c.relnamespace = %(schema)s::regnamespace and a.attnum > 0 and c.relkind in ('v', 'm', 'r')
    union all
    select p.oid::regprocedure::text, p.proowner::regrole::text,
        coalesce(p.proacl, acldefault('f', p.proowner))::text, null,
        pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc')
    from pg_proc as p where p.pronamespace = %(schema)s::regnamespace
    union all
    select pg_describe_object('pg_rewrite'::regclass, r.oid, 0), null, null, r.ev_enabled::text,
        pg_get_ruledef(r.oid), obj_description(r.oid, 'pg_rewrite')
    from pg_rewrite as r join pg_class as c on c.oid = r.ev_class
    where c.relnamespace = %(schema)s::regnamespace and r.rulename <> '_RETURN'
    union all
    select pg_describe_object('pg_trigger'::regclass, t.oid, 0), null, null, t.tgenabled::text,
        pg_get_triggerdef(t.oid), obj_description(t.oid, 'pg_trigger')
    from pg_trigger as t join pg_class as c on c.oid = t.tgrelid
    where c.relnamespace = %(schema)s::regnamespace and not t.tgisinternal
    union all
    select pg_describe_object('pg_constraint'::regclass, k.oid, 0), null, null, null,
        pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint')
    from pg_constraint as k where k.connamespace = %(schema)s::regnamespace and k.contype = 'c'
    union all
    select pg_describe_object('pg_attrdef'::regclass, d.oid, 0), null, null, null,
        pg_get_expr(d.adbin, d.adrelid), null
    from pg_attrdef as d join pg_class as c on c.oid = d.adrelid where c.relnamespace = %(schema)s::regnamespace
    order by 1
"""


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def built(engine: Engine, schema: str = "report") -> list[tuple[str, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(BUILT, {"schema": schema})]


def replace(engine: Engine, kind: str, name: str, definition: str, *, role: str = "none") -> None:
    """As op.replace_function, op.replace_view and op.replace_type do it."""
    with database_errors(engine), engine.begin() as connection:
        connection.exec_driver_sql(f"set local role {role}")
        set_search_path(connection)
        connection.exec_driver_sql(
            "select clipsql_private.replace_object(%s, %s, %s)", (kind, name, definition)
        )


@pytest.fixture(scope="module", autouse=True)
def roles(server_url: str) -> Iterator[None]:
    engine = create_engine(server_url)
    run(engine, *(f"create role {role}" for role in (OWNER, ANALYST, STRANGER)))
    yield
    run(engine, f"drop role {OWNER}, {ANALYST}, {STRANGER}")
    engine.dispose()


@pytest.fixture
def found(new_database: Callable[..., URL], template: str) -> Iterator[Engine]:
    """A database with two pictures, and all that users may build on clipsql."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    write(engine, new_model(engine, dimensions=3), [picture("x", [1, 0, 0]), picture("y", [0, 1, 0])])
    run(
        engine,
        "create schema report",
        f"grant all on schema report to {OWNER}",
        f"grant usage on schema clipsql, report to {OWNER}, {ANALYST}",
        f"grant select on clipsql.collection_stats, clipsql.image to {OWNER}",
        # A view over a function, with everything that a view can have.
        "create view report.truck with (security_barrier = true, security_invoker = true) as"
        " select * from clipsql.search_text('red truck', max_results => 5)",
        f"alter view report.truck owner to {OWNER}",
        "comment on view report.truck is 'It''s red.'",
        "comment on column report.truck.url is 'Where'",
        f"grant select on report.truck to {ANALYST} with grant option",
        f"grant update (url) on report.truck to {ANALYST}",
        "alter view report.truck alter column url set default 'u'",
        "create rule quiet as on delete to report.truck do instead nothing",
        "comment on rule quiet on report.truck is 'Hush'",
        "create function report.nothing() returns trigger language plpgsql as 'begin return null; end'",
        "create trigger kept instead of update on report.truck for each row execute function report.nothing()",
        # A view over views, a materialised view over that, one of them empty.
        "create view report.place as"
        " select t.url, s.images from report.truck as t cross join clipsql.collection_stats as s",
        # Reached in one step and in three: it goes before the view that its name comes after.
        "create view report.roundabout as"
        " select p.url, s.images from report.place as p cross join clipsql.collection_stats as s",
        "create materialized view report.total with (fillfactor = 70) as"
        " select s.collection, s.images from clipsql.collection_stats as s",
        "create unique index total_key on report.total (collection) include (images) where images > 0",
        "comment on index report.total_key is 'Fast'",
        f"alter materialized view report.total owner to {OWNER}",
        f"grant select on report.total to {ANALYST}",
        "create materialized view report.later as select * from report.place with no data",
        # Functions: a string knows nothing of what it calls, a body in standard SQL does.
        "create function report.in_a_string() returns bigint language sql as"
        " 'select count(*) from clipsql.search_text(''red truck'')'",
        "create function report.in_a_body(most integer default 2) returns setof text language sql stable strict rows 7"
        " begin atomic select p.url from report.place as p limit most; end",
        "create function report.of_a_row(one report.place) returns text language sql return one.url",
        f"alter function report.in_a_body owner to {OWNER}",
        "revoke execute on function report.in_a_body from public",
        f"grant execute on function report.in_a_body to {ANALYST}",
        "comment on function report.in_a_body is 'Two of them'",
        # A table that calls a function.
        "create table report.mixed (v public.vector default clipsql.mix(array['[1,2]'::public.vector]),"
        " constraint short check (public.vector_norm(clipsql.mix(array[v])) < 9))",
        "comment on constraint short on report.mixed is 'Not longer'",
        "create index mixed_idx on report.mixed (public.vector_norm(clipsql.mix(array[v])))",
        "insert into report.mixed default values",
        # Default privileges would give more to what is made anew.
        f"alter default privileges grant select on tables to {STRANGER}",
    )
    yield engine
    run(engine, f"drop owned by {OWNER}, {ANALYST}, {STRANGER} cascade")  # roles outlive databases
    engine.dispose()


def later(engine: Engine, name: str, *, added: str = "") -> tuple[str, str, str]:
    """Kind, name and definition of a later version of something of clipsql's, which cannot be had in place."""
    if name == "clipsql.search_text":
        with engine.connect() as connection:
            columns = connection.exec_driver_sql(
                "select quote_ident(attname), format_type(atttypid, atttypmod) from pg_attribute"
                " where attrelid = 'report.truck'::regclass and attnum > 0 order by attnum"
            ).all()
        table = ", ".join(f"{column} {type_}" for column, type_ in columns)
        values = ", ".join(
            f"i.{column}" if column in ("image_id", "url") else f"null::{type_}" for column, type_ in columns
        )
        return (
            "function",
            name,
            f"""
            create or replace function {name}(query text, max_results integer default 10, colour text default 'red')
            returns table ({table}{added}) language sql stable
            as 'select {values}{", colour" if added else ""} from clipsql.image as i order by i.image_id';
            comment on function {name} is 'Another search.'""",
        )
    if name == "clipsql.mix":
        return (
            "function",
            name,
            f"""
            create or replace function {name}(vectors vector[], weights float8[] default null, n integer default 1)
            returns vector language sql immutable return vectors[n];
            comment on function {name} is 'Another mix.'""",
        )
    return (
        "view",
        name,
        f"""
        create or replace view {name} with (security_invoker = true) as
        select count(*) as images, i.collection, 1 as added from clipsql.image as i group by i.collection;
        comment on view {name} is 'Other statistics.'""",
    )


@pytest.mark.parametrize("name", ["clipsql.search_text", "clipsql.mix", "clipsql.collection_stats"])
def test_what_users_built_survives_another_definition_and_the_way_back(found: Engine, name: str) -> None:
    kind, _, definition = later(found, name)
    run(found, f"grant all on {'table' if kind == 'view' else 'function'} {name} to {ANALYST}")
    before, own_before = built(found), built(found, "clipsql")
    replace(found, kind, name, definition)
    assert built(found, "clipsql") != own_before
    with found.connect() as connection:
        if name == "clipsql.search_text":
            rows = connection.exec_driver_sql("select url from report.truck").scalars().all()
            assert rows == ["x", "y"]
            assert connection.exec_driver_sql("select * from report.in_a_body()").scalars().all() == [
                "x",
                "y",
            ]
            assert connection.exec_driver_sql("select report.in_a_string()").scalar_one() == 2
        assert connection.exec_driver_sql("select images from report.total").scalars().all() == [2]
        described = f"obj_description('{name}'::{'regclass' if kind == 'view' else 'regproc'})"
        assert connection.exec_driver_sql(f"select {described}").scalar_one() in definition
        assert connection.exec_driver_sql("select v::text from report.mixed").scalar_one() == "[1,2]"
    assert built(found) == before
    with found.begin() as connection:
        set_search_path(connection)
        operations = Operations(MigrationContext.configure(connection))
        getattr(operations, f"replace_{kind}")(name.split(".")[1], version=1)
    assert built(found) == before
    assert built(found, "clipsql") == own_before


def test_a_function_gives_one_column_more_under_a_view(found: Engine) -> None:
    before = built(found)
    kind, name, definition = later(found, "clipsql.search_text", added=", colour text")
    replace(found, kind, name, definition)
    # The column shows in what PostgreSQL tells of the view; all else is as it was.
    assert [row[:4] + row[5:] for row in built(found)] == [row[:4] + row[5:] for row in before]
    run(found, "create view report.coloured as select colour from clipsql.search_text('red truck')")
    with found.connect() as connection:
        rows = connection.exec_driver_sql("select url from report.truck").scalars().all()
        assert rows == ["x", "y"]


def test_a_definition_that_fits_in_place_touches_nothing_else(found: Engine) -> None:
    oids = "select array_agg(oid order by oid) from pg_class where relnamespace = 'report'::regnamespace"
    with found.connect() as connection:
        before = connection.exec_driver_sql(oids).scalar_one()
    run(found, "alter function clipsql.search_text cost 7")
    text = assets.sql_file("functions", "search_text", 1).read_text("utf-8")
    replace(found, "function", "clipsql.search_text", text)
    with found.connect() as connection:
        assert connection.exec_driver_sql(oids).scalar_one() == before
        cost = "select procost from pg_proc where oid = 'clipsql.search_text'::regproc"
        assert connection.exec_driver_sql(cost).scalar_one() == 100


def test_a_type_changes_under_the_functions_that_take_it(found: Engine) -> None:
    with found.connect() as connection:
        columns = connection.exec_driver_sql(
            "select string_agg(format('%%I %%s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum)"
            " from pg_attribute where attrelid = 'clipsql_private.search_strategy'::regclass"
        ).scalar_one()
        signatures = """
            select array_agg(oid::regprocedure::text order by oid::regprocedure::text) from pg_proc
            where pronamespace = 'clipsql_private'::regnamespace"""
        before = connection.exec_driver_sql(signatures).scalar_one()
    definition = f"create type clipsql_private.search_strategy as ({columns}, colour text)"
    replace(found, "type", "clipsql_private.search_strategy", definition)
    with found.connect() as connection:
        assert connection.exec_driver_sql(signatures).scalar_one() == before
        added = "select (null::clipsql_private.search_strategy).colour"
        assert connection.exec_driver_sql(added).scalar_one() is None
    assert len(Searcher(found).search([1, 0, 0], taken_from=None)) == 2


@pytest.mark.parametrize(
    ("statement", "name", "named"),
    [
        pytest.param(
            "create table report.made (a text, b text generated always as (clipsql_private.spaced_han(a)) stored)",
            "spaced_han",
            r"cannot be kept: .*default value for column b of table report\.made.*; drop them",
            id="a generated column",
        ),
        pytest.param(
            "create table report.copied (one report.place)",
            "collection_stats",
            r"cannot be kept: table report\.copied.*; drop them",
            id="a column of a view's row type",
        ),
        pytest.param(
            "create view report.gone as select s.failed from clipsql.collection_stats as s",
            "collection_stats",
            r"do not fit the new view clipsql\.collection_stats: view report\.gone \(.*failed.* not exist\); drop them",
            id="a column that is no more",
        ),
        pytest.param(
            "select 1",
            "search_text",
            r"loses or moves columns, and these use it: .*view report\.truck.*; drop them",
            id="columns that moved",
        ),
    ],
)
def test_what_cannot_be_kept_is_named_and_nothing_changes(
    found: Engine, statement: str, name: str, named: str
) -> None:
    run(found, statement)
    definitions = {
        "spaced_han": "create function clipsql_private.spaced_han(body text, n integer default 1)"
        " returns text language sql immutable return body",
        "search_text": "create function clipsql.search_text(query text, max_results integer)"
        " returns table (url text, image_id bigint) language sql as 'select null, null'",
    }
    kind, qualified, definition = later(found, "clipsql.collection_stats")
    if name in definitions:
        kind, qualified, definition = "function", assets.qualified_name("functions", name), definitions[name]
    before, own_before = built(found), built(found, "clipsql")
    with pytest.raises(errors.DatabaseNotReady, match=named):
        replace(found, kind, qualified, definition)
    assert built(found) == before
    assert built(found, "clipsql") == own_before


def test_what_belongs_to_a_role_that_the_upgrade_may_not_act_for_is_named(found: Engine) -> None:
    kind, name, definition = later(found, "clipsql.collection_stats")
    refusal = rf"cannot be kept: .*materialized view report\.total of role {OWNER}.*be a member of their owners' roles"
    role = f"clipsql_test_upgrader_{os.getpid()}"
    run(
        found,
        f"create role {role}",
        f"grant all on schema report, clipsql, clipsql_private to {role}",
        f"grant all on all tables in schema report, clipsql to {role}",
        f"alter view clipsql.collection_stats owner to {role}",
    )
    before, own_before = built(found), built(found, "clipsql")
    with pytest.raises(errors.DatabaseNotReady, match=refusal):
        replace(found, kind, name, definition, role=role)
    assert built(found) == before
    assert built(found, "clipsql") == own_before
    run(found, f"drop owned by {role} cascade", f"drop role {role}")
