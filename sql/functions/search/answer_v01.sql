-- What a search does once it has a vector, or several that a picture must all be near: find the nearest pictures, of
-- near-identical ones only the nearest where that is asked, and tell of them. Similarities are cosines times the scale.
create or replace function clipsql_private.answer(
    directions vector[], scale double precision, max_results integer, filter clipsql_private.search_filter,
    min_similarity double precision, min_percentile double precision, distinct_above double precision,
    chosen clipsql.model)
returns setof clipsql.search_result
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    -- Only to stop early: no rounding may lose a picture that is just similar enough.
    farthest constant double precision := 1 - min_similarity / scale + 1e-9;
    found record;
begin
    if distinct_above is not null then
        found := clipsql_private.nearest_distinct(directions, max_results, filter, distinct_above, farthest, chosen);
    elsif cardinality(directions) > 1 then
        found := clipsql_private.nearest_to_all(directions, max_results, filter, chosen);
    else
        found := clipsql_private.nearest(directions[1], max_results, filter, chosen);
    end if;
    if coalesce(cardinality(found.ids), 0) = 0 then
        return query select s.* from clipsql_private.answer_of_shards(directions, scale, max_results, filter, min_similarity, min_percentile, distinct_above, chosen) as s;
        return;
    end if;
    return query
    select r.*
    from clipsql_private.result_rows(
        image_ids => found.ids, distances => found.distances, directions => directions, scale => scale,
        max_results => max_results, in_scope => filter.in_collection, min_similarity => min_similarity,
        min_percentile => min_percentile, coded => found.coded, distinct_above => null,  -- done, as deep as it had to look
        chosen => chosen) as r;
end;
$$;

comment on function clipsql_private.answer(vector[], double precision, integer, clipsql_private.search_filter, double precision, double precision, double precision, clipsql.model) is
    'Rows of a search for pictures near a vector, or near all of several.';
