-- The pictures that who asks may see, as what stands in FROM before "as i". A function that runs as the owner adds the
-- conditions of the policies itself, as PostgreSQL would: any permissive one and all restrictive ones. They are plain
-- conditions then: PostgreSQL's own come before every filter whose operator is not leakproof, such as containment, which so
-- loses its index (measured in benchmarks/tenants.py). The parentheses keep their columns apart from those of other tables.
create or replace function clipsql_private.visible_images()
returns text
language plpgsql stable parallel safe
set search_path from current
-- In which constants are written so that they are read alike whatever the session sets.
set standard_conforming_strings = on
set extra_float_digits = 3
set datestyle = 'ISO'
set intervalstyle = 'postgres'
as $$
declare
    caller constant name := clipsql_private.caller();
    conditions text;
    unreadable name;
begin
    if not clipsql_private.asks_as_tenant() then
        return 'clipsql.image';
    end if;
    select
        concat_ws(' and ',
            '(' || coalesce(string_agg(p.condition, ' or ' order by p.polname) filter (where p.polpermissive), 'false') || ')',
            string_agg(p.condition, ' and ' order by p.polname) filter (where not p.polpermissive)),
        min(p.polname) filter (where not p.is_plain)
    into conditions, unreadable
    from (
        select o.polname, o.polpermissive, clipsql_private.is_plain_condition(o.polqual) as is_plain,
            '(' || clipsql_private.condition_for(pg_get_expr(o.polqual, o.polrelid), caller) || ')' as condition
        from clipsql_private.read_policies() as o
    ) as p;
    if unreadable is not null then
        raise exception using errcode = 'CQ007', message = format(
            'Policy %s on clipsql.image is new and needs PostgreSQL''s own way; let the owner run: select clipsql.enable_tenants().',
            unreadable);
    end if;
    return format('(select t.ctid, t.* from clipsql.image as t where %s)', conditions);
end;
$$;

comment on function clipsql_private.visible_images() is
    'The pictures that the caller may see, as SQL for FROM.';
