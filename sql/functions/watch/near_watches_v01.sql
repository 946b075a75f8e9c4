-- Which watches some new pictures are similar enough to, exactly. All watches under the model are compared: an index over them
-- would lose some. Those that are near to none of the pictures, nearly all, are passed over in one pass of inner products, a
-- column of them for each picture, which takes a third of the time that joining takes. Both are unit vectors but for
-- the rounding of half precision, by which a product is less than 0.0012 from the cosine.
create or replace function clipsql_private.near_watches(of_model integer, images bigint[], embeddings halfvec[])
returns table (watch_id bigint, image_id bigint, similarity double precision)
language plpgsql stable parallel unsafe rows 100
set search_path from current
set jit = off
set max_parallel_workers_per_gather = 0
as $$
#variable_conflict use_column
declare
    directions constant halfvec[] := array(
        select l2_normalize(e.embedding) from unnest(embeddings) with ordinality as e(embedding, number) order by e.number);
    products constant text := (
        select string_agg(format('inner_product(v.embedding, ($1)[%s])', n.number), ', ')
        from generate_series(1, cardinality(embeddings)) as n(number));
    near bigint[];
begin
    execute format(
            'select array_agg(distinct v.watch_id) from clipsql_private.watch_vector as v
             where v.model_id = $2 and not v.is_paused and greatest(%s) >= v.min_similarity - 0.002', products)
        into near using directions, of_model;
    return query
    select v.watch_id, n.image_id, max(n.similarity)
    from clipsql_private.watch_vector as v
    cross join lateral (
        select e.image_id, 1 - (v.embedding <=> e.embedding) as similarity
        from unnest(images, embeddings) as e(image_id, embedding)
        offset 0
    ) as n
    where v.watch_id = any (near) and v.model_id = of_model
        and n.similarity >= v.min_similarity
        and n.similarity < 'NaN'  -- which a vector without a direction has; above all numbers
    group by v.watch_id, n.image_id;
end;
$$;

comment on function clipsql_private.near_watches(integer, bigint[], halfvec[]) is
    'The watches under a model that each of these pictures is similar enough to.';
