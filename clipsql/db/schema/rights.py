"""Who may do what: the one place that says it, for every upgrade to grant and every check to compare."""

from __future__ import annotations

from psycopg import sql
from sqlalchemy.engine import Connection

from clipsql import assets
from clipsql.db.statements import driver_connection
from clipsql.db.tables.base import PRIVATE_SCHEMA, SCHEMA, Base

READER = "clipsql_reader"
"""The role of those who only search: it reads what is public and runs every function with its own rights."""
WRITER = "clipsql_writer"
"""The role of ingest, of workers and of applications that put pictures: a reader that writes rows too."""
ROLES = (READER, WRITER)

_READ_BY_FUNCTIONS = (
    "attached_column",
    "attachment",
    "attachment_problem",
    "changed_row",
    "code_basis",
    "code_direction",
    "fusion_row",
    "link",
    "percentile_sample",
    "percentile_sample_code",
    "percentile_sample_embedding",
    "remembered_text",
    "search_cost",
    "search_row",
    "search_tuning",
    "shadow",
    *("shard", "slot"),
    "text_added_token",
    "text_matrix",
    "text_merge",
    "text_neuron",
    "text_position",
    "text_token",
    "text_tower",
    "text_word",
    "thumbnail",
    "unembedded",
    "verdict",
    "watch_vector",
)
"""Private tables whose rows public functions and views need."""

_NAMED_PARTS = tuple(f"{PRIVATE_SCHEMA}.{name}" for name in ("changed_row", "link", "search_row"))
"""Tables whose parts are read and written by their own names: a part has the rights of its whole, from its making on
(clipsql_private.grant_as_whole). Other partitions have none: they are reached through what they are parts of, so it
does not matter who made them."""

_WRITTEN = (
    f"{SCHEMA}.image",
    f"{SCHEMA}.caption",
    f"{SCHEMA}.image_embedding",
    f"{SCHEMA}.caption_embedding",
    f"{SCHEMA}.image_region",
    f"{SCHEMA}.region_embedding",
    f"{PRIVATE_SCHEMA}.attachment_problem",
    f"{PRIVATE_SCHEMA}.changed_row",
    f"{SCHEMA}.watch_list",
    f"{SCHEMA}.alert",
    f"{SCHEMA}.video_frame",
    f"{SCHEMA}.model_query",
    f"{SCHEMA}.model_answer",
    f"{PRIVATE_SCHEMA}.encoded_with",
    f"{PRIVATE_SCHEMA}.fingerprint",
    f"{PRIVATE_SCHEMA}.link",
    f"{PRIVATE_SCHEMA}.model_task",
    f"{PRIVATE_SCHEMA}.percentile_sample",
    f"{PRIVATE_SCHEMA}.percentile_sample_code",
    f"{PRIVATE_SCHEMA}.percentile_sample_embedding",
    f"{PRIVATE_SCHEMA}.queue",
    f"{PRIVATE_SCHEMA}.remembered_text",
    f"{PRIVATE_SCHEMA}.shadow",
    f"{PRIVATE_SCHEMA}.thumbnail",
    f"{PRIVATE_SCHEMA}.unembedded",
    f"{PRIVATE_SCHEMA}.verdict",
    f"{PRIVATE_SCHEMA}.watch_vector",
    f"{PRIVATE_SCHEMA}.webhook",
    f"{PRIVATE_SCHEMA}.delivery",
)
_NUMBERED = (f"{SCHEMA}.caption_caption_id_seq",)
"""Sequences that writers draw numbers from by themselves, to know them before COPY."""

_FOR_WRITERS = (
    *("add_model", "put_image", "remove_images", "put_captions", "check_picture", "add_partitions"),
    *(
        "attach",
        "reattach",
        "detach",
        "check_rights_to_attach",
        "key_of_table",
        "choose_columns",
        "choose_target",
        "grant_as_whole",
    ),
    *("make_triggers", "hand_over", "note_problem", "check_whole_table", "queue_attached_picture"),
    *("apply_changed_rows", "find_changed_rows", "retry_failed_rows"),
    *(
        "watch",
        "put_watch",
        "pause_watch",
        "resume_watch",
        "set_paused",
        "unwatch",
        "move_watches",
        "judge_alert",
        "judge_match",
        "raise_watch",
    ),
    *("queue_for_shadows", "queue_missing"),
    *("put_as_shard", "put_on_shard", "remove_as_shard", "remove_from_shards"),
)
_FOR_THE_OWNER = (
    "enable_tenants",
    "disable_tenants",
    "switch_doors",
    "keep_apart",
    "drop_tenant_policies",
    "measure_costs",
    "write_search_rows",
    "check_bases",
    "begin_basis",
    "fill_search_rows",
    "end_basis",
    "drop_search_rows",
    "ask_shards",
    "shard_answers",
)
"""Neither these nor those for writers may be run by everybody, as functions else may: some run as their owner, and
clients that ask for rights, such as PostGraphile, would offer them to whoever reads."""

_READ = [
    *(table.fullname for table in Base.metadata.sorted_tables if table.schema == SCHEMA),
    *(assets.qualified_name("views", name) for name in assets.newest_sql_files("views")),
    *(f"{PRIVATE_SCHEMA}.{name}" for name in _READ_BY_FUNCTIONS),
    f"{PRIVATE_SCHEMA}.revision",  # which a client of Python asks before anything else
]
_RUN = {name: assets.qualified_name("functions", name) for name in assets.newest_sql_files("functions")}

_WANTED = [
    *((role, "select", "table", name) for role in ROLES for name in _READ),
    *((WRITER, right, "table", name) for right in ("insert", "update", "delete") for name in _WRITTEN),
    *((WRITER, "select", "table", name) for name in _WRITTEN if name not in _READ),
    (WRITER, "update", "table", f"{PRIVATE_SCHEMA}.attachment"),  # how far a worker's pass has come
    *((WRITER, "usage", "sequence", name) for name in _NUMBERED),
    *(
        (role, "execute", "routine", qualified)
        for role in ROLES
        for name, qualified in _RUN.items()
        if name not in _FOR_THE_OWNER and (role == WRITER or name not in _FOR_WRITERS)
    ),
]

_RIGHTS = sql.SQL(
    """
    with object as (
        select case c.relkind when 'S' then 'sequence' else 'table' end as kind,
               coalesce(h.inhparent, c.oid)::regclass::text as name, c.oid::regclass::text as target, c.relacl as rights
        from pg_catalog.pg_class as c
        left join pg_catalog.pg_inherits as h on h.inhrelid = c.oid
        where c.relnamespace in (to_regnamespace('clipsql'), to_regnamespace('clipsql_private'))
            and (h.inhparent is null or h.inhparent::regclass::text = any ({named_parts}::text[]))
        union all
        select 'routine', format('%s.%s', p.pronamespace::regnamespace, p.proname), p.oid::regprocedure::text,
               coalesce(p.proacl, acldefault('f', p.proowner))
        from pg_catalog.pg_proc as p
        where p.pronamespace in (to_regnamespace('clipsql'), to_regnamespace('clipsql_private'))
    ), wanted as (
        select w.*
        from unnest({roles}::text[], {privileges}::text[], {kinds}::text[], {names}::text[])
            as w(role, privilege, kind, name)
    ), expected as (
        select w.role, w.privilege, o.kind, o.target
        from object as o
        join wanted as w on w.kind = o.kind and w.name = o.name
        -- Where tenants are kept apart readers have rights on its columns.
        where (w.role, w.name) <> ('clipsql_reader', 'clipsql.model')
            or not (select c.relrowsecurity from pg_catalog.pg_class as c
                    where c.oid = to_regclass('clipsql.image_embedding'))
        union
        -- A schema without a function is one that a downgrade has emptied.
        select w.role, 'usage', 'schema', split_part(o.name, '.', 1)
        from object as o
        join wanted as w on w.kind = o.kind and w.name = o.name
        where o.kind = 'routine'
    ), granted as (
        select pg_get_userbyid(x.grantee)::text as role, lower(x.privilege_type) as privilege, o.kind, o.target
        from (
            select o.kind, o.target, o.rights from object as o
            union all
            select 'schema', n.nspname, n.nspacl
            from pg_catalog.pg_namespace as n
            where n.nspname in ('clipsql', 'clipsql_private')
        ) as o
        cross join lateral aclexplode(o.rights) as x
        where x.grantee in (select to_regrole(r.name) from unnest({all_roles}::text[]) as r(name))
        union all
        select 'public', 'execute', o.kind, o.target
        from object as o
        cross join lateral aclexplode(o.rights) as x
        where o.kind = 'routine' and o.name = any ({closed}::text[]) and x.grantee = 0
    )
    select 'lacks' as state, l.* from (table expected except table granted) as l
    union all
    select 'should not have', g.* from (table granted except table expected) as g
    order by role, kind, target, privilege
    """
).format(
    all_roles=sql.Literal(list(ROLES)),
    named_parts=sql.Literal(list(_NAMED_PARTS)),
    closed=sql.Literal([_RUN[name] for name in (*_FOR_WRITERS, *_FOR_THE_OWNER)]),
    **{
        name: sql.Literal([wanted[number] for wanted in _WANTED])
        for number, name in enumerate(("roles", "privileges", "kinds", "names"))
    },
)

GRANT_LOST_RIGHTS = (
    sql.SQL(
        """\
do $grant$
declare
    one record;
begin
    for one in select r.* from ({rights}) as r loop
        if one.role = 'public' then
            execute format('revoke %s on %s %s from public', one.privilege, one.kind, one.target);
        elsif one.state = 'lacks' and to_regrole(one.role) is not null then
            execute format('grant %s on %s %s to %I', one.privilege, one.kind, one.target, one.role);
        end if;
    end loop;
end
$grant$"""
    )
    .format(rights=_RIGHTS)
    .as_string(None)
)
"""One statement that grants what is lacking and closes what everybody may run, and needs no owner where nothing is."""

KEEP_TENANTS_APART = """\
do $tenants$
begin
    if to_regproc('clipsql.enable_tenants') is not null
            and (select c.relrowsecurity from pg_catalog.pg_class as c
                 where c.oid = to_regclass('clipsql.image_embedding')) then
        perform clipsql.enable_tenants();
    end if;
end
$tenants$"""
"""One statement that keeps tenants apart again, by new tables and functions too, where they were."""


def right_differences(connection: Connection) -> list[str]:
    """One line for each right that a role, or everybody, lacks or should not have, or for a role when it is missing."""
    driver = driver_connection(connection)
    missing = driver.execute(
        "select r.name from unnest(%s::text[]) as r(name) where to_regrole(r.name) is null", (list(ROLES),)
    ).fetchall()
    if missing:
        return [f'role {role} is missing; run "clipsql db upgrade"' for (role,) in missing]
    return [
        f"role {role} {state} {privilege} on {kind} {target}; "
        + (
            'run "clipsql db upgrade"'
            if state == "lacks" or role == "public"
            else f"run: revoke {privilege} on {kind} {target} from {role}"
        )
        for state, role, privilege, kind, target in driver.execute(_RIGHTS)
    ]
