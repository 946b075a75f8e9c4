-- The cosine distances of some pictures to a query, nearest first. Its plan is made once in a session.
create or replace function clipsql_private.exact_distances(
    query halfvec, images bigint[], of_model integer, out ids bigint[], out distances double precision[])
language plpgsql stable parallel safe
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_nestloop = on
set enable_indexscan = on
as $$
begin
    select array_agg(n.image_id order by n.distance, n.image_id), array_agg(n.distance order by n.distance, n.image_id)
    into ids, distances
    from (
        select e.image_id, e.embedding <=> query as distance
        from unnest(images) as u(image_id)
        join clipsql.image_embedding as e on e.image_id = u.image_id and e.model_id = of_model
        offset 0
    ) as n;
end;
$$;

comment on function clipsql_private.exact_distances(halfvec, bigint[], integer) is
    'Pictures by their cosine distance to a query, and the distances.';
