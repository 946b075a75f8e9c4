-- Keeps tenants apart: the policies of clipsql.image say which pictures are whose, and from then on everything that hangs on
-- a picture goes by them. Safe to run again, and to be run after a policy of another kind was made.
create or replace function clipsql.enable_tenants()
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    unreadable text;
    vectors constant name := (
        select n.nspname from pg_catalog.pg_type as t join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
        where t.oid = 'vector'::regtype);
    reason text;
begin
    select case
        when not pg_has_role(c.relowner, 'usage') then
            format('enable_tenants is for the owner of clipsql.image, %s.', c.relowner::regrole)
        when not c.relrowsecurity then
            'clipsql.image has no row-level security, which says which pictures are whose; run for example:'
            ' alter table clipsql.image enable row level security;'
            ' create policy of_tenant on clipsql.image to clipsql_reader, clipsql_writer'
            ' using (collection = current_setting(''app.tenant'', true));'
        when c.relforcerowsecurity then
            'Row-level security on clipsql.image is forced on its owner, under whom searches run; run:'
            ' alter table clipsql.image no force row level security.'
        when exists (select from pg_catalog.pg_depend as d
                     where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') then
            'clipsql.image is an extension''s, and pg_dump leaves the policies of such tables out: a restored copy would show'
            ' every picture to everybody; run before: clipsql db adopt --to migrations.'
        when has_schema_privilege('clipsql_reader', vectors, 'create') then
            format('Anyone may create functions in schema %s, where vectors are at home, for searches to fall into; run:'
                ' revoke create on schema %1$s from public, clipsql_reader, clipsql_writer.', quote_ident(vectors))
    end into reason
    from pg_catalog.pg_class as c
    where c.oid = 'clipsql.image'::regclass;
    if reason is not null then
        raise exception using errcode = 'CQ007', message = reason;
    end if;

    perform clipsql_private.keep_apart(t.own) from clipsql_private.own_tables() as t(own);

    -- Where a model's files lie is the server's affair; who ingests has to know.
    revoke select on clipsql.model from clipsql_reader;
    execute (
        select format('grant select (%s) on clipsql.model to clipsql_reader', string_agg(quote_ident(a.attname), ', '))
        from pg_catalog.pg_attribute as a
        where a.attrelid = 'clipsql.model'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'location');

    select string_agg(quote_ident(p.polname), ', ' order by p.polname) into unreadable
    from pg_catalog.pg_policy as p
    where p.polrelid = 'clipsql.image'::regclass and p.polcmd in ('r', '*') and not clipsql_private.is_plain_condition(p.polqual);
    perform clipsql_private.switch_doors();
    if unreadable is not null then
        raise notice using message = format(
            'Tenants are kept apart, by PostgreSQL''s own row-level security: %s on clipsql.image is more than columns,'
            ' constants, current_setting and current_user, so filters by metadata and place use no index.', unreadable);
    end if;
end;
$$;

comment on function clipsql.enable_tenants() is
    'Keeps tenants apart by the policies of clipsql.image: captions, vectors, thumbnails and whatever else hangs on a picture'
    ' are seen and written by who may see and write the picture. For the owner.';
