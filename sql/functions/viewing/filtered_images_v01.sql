-- The pictures that models are asked about: those that pass a filter and have a content.
create or replace function clipsql_private.filtered_images(filter clipsql_private.search_filter)
returns setof bigint
language plpgsql stable parallel safe rows 1000
set search_path from current
set gin_fuzzy_search_limit = 0
as $$
begin
    return query execute format(
        'select i.image_id from %s as i where i.status = ''embedded'' %s order by i.image_id',
        clipsql_private.visible_images(), 'and ' || nullif(clipsql_private.conditions(filter), ''))
    using filter;
end;
$$;

comment on function clipsql_private.filtered_images(clipsql_private.search_filter) is
    'Pictures with a content that pass a filter, by their numbers.';
