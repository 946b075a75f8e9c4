-- The end of every search: candidates in their order become the rows that are returned. Each is told where it lies in its
-- collection; those below a threshold and near-identical ones go, the first of the rest stay, and what people want to see
-- of them is added. Similarities are cosines times the scale. This is the one place that lists what a result has.
create or replace function clipsql_private.result_rows(
    image_ids bigint[], distances double precision[], directions vector[], scale double precision, max_results integer,
    in_scope text, min_similarity double precision, min_percentile double precision, distinct_above double precision,
    chosen clipsql.model, coded clipsql_private.query_code default null)
returns setof clipsql.search_result
language plpgsql stable parallel safe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    background record;
begin
    background := clipsql_private.percentile_basis(
        array(select l2_normalize(d.direction)::halfvec from unnest(directions) as d(direction)),
        in_scope, (select max(d.distance) from unnest(distances) as d(distance)), chosen, coded);
    return query
    with passing as (
        select t.*
        from (
            select
                u.image_id,
                u.place,
                scale * greatest(-1, least(1, 1 - u.distance)) as similarity,
                clipsql_private.share_lower(u.distance, background.distances, background.size) as share
            from unnest(image_ids, distances) with ordinality as u(image_id, distance, place)
        ) as t
        where (min_similarity is null or t.similarity >= min_similarity)
            and (min_percentile is null or 100 * t.share >= min_percentile)
    ), best as (
        select p.*
        from passing as p
        where distinct_above is null or p.image_id = any ((
            select clipsql_private.distinct_images(
                array_agg(a.image_id order by a.place), distinct_above, max_results, chosen)
            from passing as a)::bigint[])
        order by p.place
        limit max_results
    )
    select
        (row_number() over (order by b.place))::integer,
        b.image_id,
        b.similarity,
        100 * b.share,
        case when background.is_exact then 0 else 100 * clipsql_private.share_error(b.share, background.size) end,
        i.url,
        (select c.body from clipsql.caption as c where c.image_id = b.image_id and c.source is null
         order by c.caption_id limit 1),
        i.taken_at,
        i.longitude,
        i.latitude,
        i.metadata
    from best as b
    join clipsql.image as i on i.image_id = b.image_id
    order by b.place;
end;
$$;

comment on function clipsql_private.result_rows is
    'Rows of a search from candidates in their order: percentiles, thresholds, near-identical ones folded, facts joined.';
