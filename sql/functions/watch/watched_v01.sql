-- What a watch makes of pictures that are similar enough: those that pass its filters, each with its moment, its day, and
-- the occasion under which alarms are one. New pictures, a back-test and the history of a rate all come here, so that the
-- three agree. Days, times of day and periods are those of the watch's time zone.
-- parallel unsafe: it sets the time zone.
create or replace function clipsql_private.watched(
    watch clipsql.watch_list, images bigint[], similarities double precision[])
returns setof clipsql_private.watched_picture
language plpgsql stable parallel unsafe rows 10
set search_path from current
set gin_fuzzy_search_limit = 0
-- As in compare_all.
set enable_seqscan = on
set enable_indexscan = on
set enable_bitmapscan = on
set enable_nestloop = on
set enable_hashjoin = on
set enable_sort = on
set jit = off
set timezone = 'UTC'
as $$
declare
    filter constant clipsql_private.search_filter :=
        jsonb_populate_record(null::clipsql_private.search_filter, watch.filters);
    conditions constant text := clipsql_private.conditions(filter);
begin
    perform set_config('timezone', watch.timezone, true);
    return query execute
        -- Periods are counted from a midnight; those of a picture fold by its collection, too, which may be all that a
        -- reader sees. A digest, because an index takes no value of any length.
        'select s.image_id, h.similarity, s.seen_at, s.seen_at::date,
                case when $4 is not null then sha256(convert_to(jsonb_build_array(
                    extract(epoch from date_bin($4, s.seen_at::timestamp, timestamp ''2000-01-01'')),
                    s.collection, s.metadata -> $5)::text, ''UTF8'')) end
         from unnest($2, $3) as h(image_id, similarity)
         join (select i.*, coalesce(i.taken_at, i.added_at) as seen_at from clipsql.image as i
               where i.image_id = any ($2)' || coalesce(' and ' || nullif(conditions, ''), '') || ') as s
            on s.image_id = h.image_id'
        using filter, images, similarities, watch.once_per, watch.once_per_key;
end;
$$;

comment on function clipsql_private.watched(clipsql.watch_list, bigint[], double precision[]) is
    'Which of these pictures pass the filters of a watch, each with its moment, its day and its occasion.';
