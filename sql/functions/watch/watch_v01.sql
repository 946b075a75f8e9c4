-- A watch: each new picture that is similar enough and passes the filters raises an alarm, in clipsql.alert. A watch of that
-- name that is there becomes this one and keeps its alarms. One vector stands for a query, as in a search for it; of several
-- pictures, all of one object, the most similar counts.
create or replace function clipsql.watch(
    name text,
    query text default null,
    image bigint default null,
    images bigint[] default null,
    query_vector vector default null,
    in_collection text default null,
    taken_from timestamptz default null,
    taken_until timestamptz default null,
    daily_from time default null,
    daily_until time default null,
    near_longitude double precision default null,
    near_latitude double precision default null,
    within_m double precision default null,
    inside polygon default null,
    having_metadata jsonb default null,
    metadata_matches jsonpath default null,
    caption_query text default null,
    only_images bigint[] default null,
    except_images bigint[] default null,
    alarms_per_day double precision default null,
    min_percentile double precision default null,
    min_similarity double precision default null,
    once_per interval default null,
    once_per_key text default null,
    model text default null)
returns bigint
language plpgsql volatile parallel unsafe
set search_path from current
set extra_float_digits = 1
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(watch.model);
    made clipsql.watch_list;
    directions halfvec[];
begin
    perform clipsql_private.refuse_shards('watch');
    perform clipsql_private.check_watch(
        name => watch.name, subjects => num_nonnulls(coalesce(watch.query, watch.query_vector::text), watch.image, watch.images),
        images => watch.images, alarms_per_day => watch.alarms_per_day, min_percentile => watch.min_percentile,
        min_similarity => watch.min_similarity, once_per => watch.once_per, once_per_key => watch.once_per_key);
    made.name := watch.name;
    made.owner := current_user;
    made.model_id := chosen.model_id;
    made.query := watch.query;
    made.images := coalesce(watch.images, array[watch.image]);
    made.timezone := current_setting('timezone');
    made.alarms_per_day := watch.alarms_per_day;
    made.min_percentile := watch.min_percentile;
    made.min_similarity := watch.min_similarity;
    made.once_per := watch.once_per;
    made.once_per_key := watch.once_per_key;
    select d.directions, d.pictures into directions, made.images
    from clipsql_private.watch_subject(
        query => watch.query, images => coalesce(watch.images, array[watch.image]), query_vector => watch.query_vector,
        chosen => chosen) as d;
    made.filters := clipsql_private.watch_filters(clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => clipsql_private.joined_images(except_images, made.images)));
    if watch.alarms_per_day is not null then
        select t.similarity, t.low, t.high into made.min_similarity, made.alarms_low, made.alarms_high
        from clipsql_private.rate_threshold(made, directions) as t;
    elsif watch.min_percentile is not null then
        made.min_similarity := clipsql_private.percentile_threshold(made, directions);
    end if;
    return clipsql_private.put_watch(made, directions);
end;
$$;

comment on function clipsql.watch is
    'Watches for pictures: each new one that is similar enough raises an alarm in clipsql.alert. Give a query of at most 5000'
    ' characters, as for clipsql.search_query, an image, images of one object, or a query_vector, which alone or with a query'
    ' stands for it; filters as in clipsql.search; and one of alarms_per_day, min_percentile and min_similarity. once_per, of'
    ' each once_per_key of the metadata, folds alarms into one. Returns the watch_id. A watch of that name (at most 200'
    ' characters) is changed. For clipsql_writer.';
