-- The captions, or regions, nearest to a vector that a walk over their HNSW index finds, in no order.
-- parallel unsafe: it sets scan options, which a parallel plan forbids.
create or replace function clipsql_private.walk_parts(
    part text, query vector, max_results integer, chosen clipsql.model,
    out ids bigint[], out distances double precision[])
language plpgsql stable parallel unsafe
set search_path from current
-- These clauses make PostgreSQL put the caller's values back; the body sets what depends on the query.
set hnsw.iterative_scan = relaxed_order
set hnsw.ef_search = 300
set hnsw.max_scan_tuples = 2147483647
set hnsw.scan_mem_multiplier = 1
set enable_seqscan = off
set enable_sort = off
set enable_indexscan = on
set max_parallel_workers_per_gather = 0
set jit = off
as $$
declare
    usual_ef_search constant integer := 400;  -- as in choose_strategy
    walked constant integer := ceil(clipsql_private.walk_length(max_results, usual_ef_search, (
        select c.reltuples
        from pg_catalog.pg_class as c
        where c.oid = to_regclass(clipsql_private.partition_name(part || '_embedding', chosen.model_id)))));
    walk_memory constant double precision := 256 * 1024 * 1024;  -- used only as far as a walk gets
begin
    perform
        set_config('hnsw.ef_search', least(1000, walked)::text, true),
        set_config('hnsw.scan_mem_multiplier', least(1000, greatest(1,
            walk_memory / pg_size_bytes(current_setting('work_mem'))))::text, true);
    execute format(
            'select array_agg(w.part_id), array_agg(w.distance)
             from (
                 select e.%3$I as part_id, e.embedding::halfvec(%1$s) <=> $1::halfvec(%1$s) as distance
                 from clipsql.%4$I as e where e.model_id = %2$s
                 order by e.embedding::halfvec(%1$s) <=> $1::halfvec(%1$s)
                 limit $2
             ) as w', chosen.dimensions, chosen.model_id, part || '_id', part || '_embedding')
        into ids, distances
        using query, case when walked > 1000 then walked else max_results end;
end;
$$;

comment on function clipsql_private.walk_parts(text, vector, integer, clipsql.model) is
    'Nearest captions or regions to a vector found by walking their HNSW index, in no order.';
