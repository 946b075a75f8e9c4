-- Pictures that fit several vectors together, each brought to unit length first: embeddings of texts, of stored
-- pictures, or of pictures that are nowhere stored. Three ways to join them, and what "clipsql fusion fit" has learned:
-- weighted sum: the nearest to the sum of the vectors times their weights, negative ones pushing away.
-- mean similarity: the mean of the similarities by the same weights. Being linear, it ranks as the weighted sum does;
--   its similarity says how well the terms are met, where that of the sum compares with a point between them.
-- minimum similarity: by the vector that a picture is least like, so that all must be there. A negative weight is taken
--   off every other vector beforehand; those count alike, so they take no weight.
-- a learned one, by its name: of the vector of a picture and that of a text, in this order, it makes one to search with.
create or replace function clipsql.search_vectors(
    vectors vector[],
    weights double precision[] default null,
    max_results integer default 10,
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
    min_similarity double precision default null,
    min_percentile double precision default null,
    distinct_above double precision default null,
    fusion text default 'weighted sum',
    model text default null)
returns setof clipsql.search_result
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search_vectors.model);
    given_weights double precision[];
    units vector[];
    joint vector;
    directions vector[];
    scale double precision := 1;
begin
    perform clipsql_private.check_limits(
        max_results => max_results, min_similarity => min_similarity,
        min_percentile => min_percentile, distinct_above => distinct_above);
    perform clipsql_private.check_terms(vectors, weights);
    perform clipsql_private.check_query(v.one, chosen) from unnest(vectors) as v(one);
    given_weights := coalesce(weights, array_fill(1::double precision, array[cardinality(vectors)]));
    units := array(select l2_normalize(v.one) from unnest(vectors) as v(one));
    joint := clipsql.mix(units, given_weights);  -- which refuses what adds up to nothing
    case fusion
        when 'weighted sum' then
            directions := array[joint];
        when 'mean similarity' then
            directions := array[joint];
            scale := vector_norm(joint) / (select sum(abs(w)) from unnest(given_weights) as w);
        when 'minimum similarity' then
            perform clipsql_private.check_most('terms', cardinality(vectors), 'vectors under fusion "minimum similarity"');
            if exists (select from unnest(given_weights) as w where w >= 0 and w <> 1) then
                raise exception using errcode = 'CQ004',
                    message = 'Fusion "minimum similarity" asks for every term alike; give weights to negative terms only.';
            elsif not 1 = any (given_weights) then
                raise exception using errcode = 'CQ004',
                    message = 'Fusion "minimum similarity" needs a term to be near to; all are negative.';
            end if;
            directions := array(
                select clipsql.mix(
                    t.unit || array_agg(n.unit) filter (where n.weight < 0),
                    1::double precision || array_agg(n.weight) filter (where n.weight < 0))
                from unnest(units, given_weights) with ordinality as t(unit, weight, position)
                cross join unnest(units, given_weights) as n(unit, weight)
                where t.weight = 1
                group by t.position, t.unit
                order by t.position);
        else
            perform clipsql_private.find_fusion(fusion, chosen);
            if cardinality(units) <> 2 or 1 <> any (given_weights) then
                raise exception using errcode = 'CQ004', message = format(
                    'Fusion %s joins the vector of a picture and that of a text, in this order and without weights; give these two.',
                    quote_ident(fusion));
            end if;
            directions := array[clipsql_private.fuse(clipsql_private.find_fusion(fusion, chosen), units[1], units[2])];
    end case;
    return query
    select s.*
    from clipsql_private.answer(
        directions => directions, scale => scale, max_results => max_results,
        filter => clipsql_private.make_filter(
            in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
            daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images),
        min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
        chosen => chosen) as s;
end;
$$;

comment on function clipsql.search_vectors is
    'Pictures that fit several vectors: by their weighted sum, mean similarity or minimum similarity; at most 1000 vectors, 50 for the'
    ' last; or of a picture and a text by a learned fusion (a name of at most 200 characters).';
