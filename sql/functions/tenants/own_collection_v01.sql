-- The collection whose pictures are those that who asks may see, all of them and no others: where the one policy is
-- "collection = ..." it is the collection of any of them. Then its sample stands for what the caller sees.
create or replace function clipsql_private.own_collection()
returns text
language plpgsql stable parallel safe
set search_path from current
set quote_all_identifiers = off
as $$
declare
    found_collection text;
begin
    if clipsql_private.asks_as_tenant() and (
            select count(*) = 1 and bool_and(
                o.polpermissive and starts_with(o.polqual::text, '{OPEXPR :opno ' || 'pg_catalog.=(text,text)'::regoperator::oid || ' ')
                and starts_with(pg_get_expr(o.polqual, o.polrelid), '(collection = ')
                and (select count(*) from regexp_matches(o.polqual::text, '[{]VAR ', 'g')) = 1)
            from clipsql_private.read_policies() as o) then
        execute format('select i.collection from %s as i limit 1', clipsql_private.visible_images()) into found_collection;
    end if;
    return found_collection;
end;
$$;

comment on function clipsql_private.own_collection() is
    'The one collection that the caller sees, the whole of it; null when that cannot be said.';
