-- The nearest pictures of which no two are nearly the same: of each group of near-identical ones the nearest stays. As
-- the pictures come, nearest first, one is left out when it is more similar than that to one that was kept. It looks
-- deeper until enough are kept, there are no more, or they are farther than wanted.
create or replace function clipsql._nearest_distinct(
    directions vector[], max_results integer, filter clipsql._filter, distinct_above double precision,
    farthest double precision, chosen clipsql.model)
returns table (image_id bigint, distance double precision)
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    depth bigint := max_results;
    passed integer;
    kept halfvec[];
    ids bigint[];
    distances double precision[];
    candidate record;
begin
    loop
        depth := least(2 * depth + 20, 2147483647);
        passed := 0;
        kept := '{}';
        ids := '{}';
        distances := '{}';
        for candidate in
            select n.image_id, n.distance, e.embedding
            from clipsql._nearest_to_all(directions, depth::integer, filter, chosen) as n
            join clipsql.image_embedding as e on e.model_id = chosen.model_id and e.image_id = n.image_id
            order by n.distance, n.image_id
        loop
            passed := passed + 1;
            exit when cardinality(ids) = max_results or candidate.distance > farthest;
            if not exists (select from unnest(kept) as k(one) where 1 - (k.one <=> candidate.embedding) > distinct_above) then
                kept := kept || candidate.embedding;
                ids := ids || candidate.image_id;
                distances := distances || candidate.distance;
            end if;
        end loop;
        exit when cardinality(ids) = max_results or passed < depth;
    end loop;
    return query select * from unnest(ids, distances);
end;
$$;

comment on function clipsql._nearest_distinct(vector[], integer, clipsql._filter, double precision, double precision, clipsql.model) is
    'Nearest matches, of each group of near-identical ones only the nearest.';
