-- The part of a shard in an answer: its nearest pictures with what people want to see of them, found as its own searches find
-- them, and where the distances of the collection lie, from which the coordinator counts percentiles for all shards.
create or replace function clipsql_private.answer_as_shard(request jsonb)
returns jsonb
language plpgsql stable parallel unsafe
set search_path from current
set extra_float_digits = 1
set timezone = 'UTC'  -- until the function ends it is that of who asks
as $$
declare
    chosen clipsql.model;
    filter constant clipsql_private.search_filter := jsonb_populate_record(
        null::clipsql_private.search_filter, request -> 'filter');
    directions constant vector[] := array(
        select d.direction::vector from jsonb_array_elements_text(request -> 'directions') with ordinality as d(direction, place)
        order by d.place);
    max_results constant integer := request -> 'max_results';
    found record;
    background record;
begin
    if (select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = 'clipsql.image'::regclass) then
        raise exception using errcode = 'CQ007', message =
            'it keeps pictures apart by row-level security, which does not reach over shards';
    end if;
    -- One that was just added, which may not have the model yet.
    if not exists (select from clipsql.image) then
        return jsonb_build_object('size', 0, 'knows_collection', filter.in_collection is null, 'rows', '[]'::jsonb);
    end if;
    chosen := clipsql_private.resolve_model(request ->> 'model');
    perform set_config('timezone', request ->> 'timezone', true);
    found := clipsql_private.nearest_to_all(directions, max_results, filter, chosen);
    background := clipsql_private.percentile_basis(
        array(select l2_normalize(d.direction)::halfvec from unnest(directions) as d(direction)), filter.in_collection,
        -- Other shards may have pictures that are farther than the last one here: then all distances count.
        case when cardinality(found.ids) = max_results then found.distances[max_results] else 2.1 end, chosen, found.coded);
    return jsonb_build_object(
        'size', background.size, 'is_exact', background.is_exact, 'nearest', to_jsonb(background.distances),
        'knows_collection', filter.in_collection is null or exists (
            select from clipsql.image as i where i.collection = filter.in_collection),
        'rows', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'image_id', i.image_id, 'distance', f.distance, 'url', i.url, 'taken_at', i.taken_at,
                'caption', (select c.body from clipsql.caption as c where c.image_id = i.image_id and c.source is null
                            order by c.caption_id limit 1),
                'longitude', i.longitude, 'latitude', i.latitude, 'metadata', i.metadata,
                'embedding', case when (request -> 'with_embeddings')::boolean then (
                    select e.embedding::text from clipsql.image_embedding as e
                    where e.image_id = i.image_id and e.model_id = chosen.model_id) end)), '[]')
            from unnest(found.ids, found.distances) as f(image_id, distance)
            join clipsql.image as i on i.image_id = f.image_id));
end;
$$;

comment on function clipsql_private.answer_as_shard(jsonb) is
    'The nearest pictures of a shard, and the distances of the collection or its sample, for a coordinator.';
