-- What every search does once it has a vector, or several that a picture must all be near: find the nearest pictures,
-- fold near-identical ones, say where each lies in its collection, and add what people want to see of them.
-- Similarities are cosines times the scale.
create or replace function clipsql_private.answer(
    directions vector[], scale double precision, max_results integer, filter clipsql_private.search_filter,
    min_similarity double precision, min_percentile double precision, distinct_above double precision,
    chosen clipsql.model)
returns table (
    rank integer, image_id bigint, similarity double precision, percentile double precision,
    percentile_error double precision, url text, caption text, taken_at timestamptz,
    longitude double precision, latitude double precision, metadata jsonb)
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    -- Only to stop early: no rounding may lose a picture that is just similar enough.
    farthest constant double precision := 1 - min_similarity / scale + 1e-9;
    ids bigint[];
    distances double precision[];
    background record;
begin
    if distinct_above is not null then
        select array_agg(n.image_id), array_agg(n.distance) into ids, distances
        from clipsql_private.nearest_distinct(directions, max_results, filter, distinct_above, farthest, chosen) as n;
    elsif cardinality(directions) > 1 then
        select array_agg(n.image_id), array_agg(n.distance) into ids, distances
        from clipsql_private.nearest_to_all(directions, max_results, filter, chosen) as n;
    else
        select array_agg(n.image_id), array_agg(n.distance) into ids, distances
        from clipsql_private.nearest(directions[1], max_results, filter, chosen) as n;
    end if;
    if ids is null then
        return;
    end if;
    background := clipsql_private.percentile_basis(
        array(select l2_normalize(d.direction)::halfvec from unnest(directions) as d(direction)),
        filter.in_collection, (select max(d.distance) from unnest(distances) as d(distance)), chosen);
    return query
    select
        (row_number() over (order by f.distance, f.image_id))::integer,
        f.image_id,
        f.similarity,
        100 * f.share,
        case when background.is_exact then 0 else 100 * clipsql_private.share_error(f.share, background.size) end,
        i.url,
        (select c.body from clipsql.caption as c where c.image_id = f.image_id order by c.caption_id limit 1),
        i.taken_at,
        i.longitude,
        i.latitude,
        i.metadata
    from (
        select
            h.image_id,
            h.distance,
            scale * greatest(-1, least(1, 1 - h.distance)) as similarity,
            clipsql_private.share_lower(h.distance, background.distances, background.size) as share
        from unnest(ids, distances) as h(image_id, distance)
    ) as f
    join clipsql.image as i on i.image_id = f.image_id
    where (min_similarity is null or f.similarity >= min_similarity)
        and (min_percentile is null or 100 * f.share >= min_percentile)
    order by f.distance, f.image_id;
end;
$$;

comment on function clipsql_private.answer(vector[], double precision, integer, clipsql_private.search_filter, double precision, double precision, double precision, clipsql.model) is
    'Rows of a search for pictures near a vector, or near all of several.';
