-- Filters as a watch keeps them, for people to read: only those that are given. They are tried at once.
create or replace function clipsql_private.watch_filters(filter clipsql_private.search_filter)
returns jsonb
language plpgsql stable parallel safe
as $$
begin
    perform clipsql_private.conditions(filter);
    return coalesce(
        (select jsonb_object_agg(f.name, f.body) from jsonb_each(to_jsonb(filter)) as f(name, body) where f.body <> 'null'), '{}');
end;
$$;

comment on function clipsql_private.watch_filters(clipsql_private.search_filter) is
    'The filters that are given, as a JSON object; CQ004 for impossible ones.';
