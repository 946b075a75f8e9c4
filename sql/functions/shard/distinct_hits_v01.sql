-- Of hits of several shards, nearest first, the places of those that are not nearly the same as one before: as distinct_images
-- does it, but with the embeddings that the shards told.
create or replace function clipsql_private.distinct_hits(hits jsonb, distinct_above double precision, max_results integer)
returns integer[]
language plpgsql immutable parallel safe
set search_path from current
as $$
declare
    kept halfvec[] := '{}';
    places integer[] := '{}';
    candidate record;
begin
    for candidate in
        select h.place, (h.hit ->> 'embedding')::halfvec as embedding
        from jsonb_array_elements(hits) with ordinality as h(hit, place)
        order by h.place
    loop
        exit when cardinality(places) = max_results;
        if not exists (select from unnest(kept) as k(one) where 1 - (k.one <=> candidate.embedding) > distinct_above) then
            kept := kept || candidate.embedding;
            places := places || candidate.place::integer;
        end if;
    end loop;
    return places;
end;
$$;

comment on function clipsql_private.distinct_hits(jsonb, double precision, integer) is
    'Places of the first of each group of near-identical hits, which are in their order.';
