-- Of pictures in the order given, those that are not nearly the same as one before: the first stays, and each later one
-- that is not more similar than the threshold to one that stayed.
create or replace function clipsql_private.distinct_images(
    image_ids bigint[], distinct_above double precision, max_results integer, chosen clipsql.model)
returns bigint[]
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    kept halfvec[] := '{}';
    kept_ids bigint[] := '{}';
    candidate record;
begin
    for candidate in
        select e.image_id, e.embedding
        from unnest(image_ids) with ordinality as g(image_id, place)
        join clipsql.image_embedding as e on e.model_id = chosen.model_id and e.image_id = g.image_id
        order by g.place
    loop
        exit when cardinality(kept_ids) = max_results;
        if not exists (select from unnest(kept) as k(one) where 1 - (k.one <=> candidate.embedding) > distinct_above) then
            kept := kept || candidate.embedding;
            kept_ids := kept_ids || candidate.image_id;
        end if;
    end loop;
    return kept_ids;
end;
$$;

comment on function clipsql_private.distinct_images(bigint[], double precision, integer, clipsql.model) is
    'The first of each group of near-identical pictures, in the order given.';
