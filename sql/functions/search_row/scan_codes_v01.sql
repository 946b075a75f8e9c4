-- The nearest matches by their search rows: the codes of all matches are compared with that of the query, and the vectors
-- of the best of them decide. Which ones: the first 1.5 times as many as are wanted and 20; then all others whose code
-- lets them be nearer than the last wanted one. Where all matches fit into the list that is kept, "lets" is a bound: what
-- two codes leave out can add no more than the product of its lengths. In longer lists it is what it hardly ever adds
-- (code_slack), so the answer is not called exact.
-- Asked for only a few, it gives up as soon as it has met more than fit into the list; null ids then.
-- parallel unsafe: it sets scan options, which a parallel plan forbids.
create or replace function clipsql_private.scan_codes(
    query vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model,
    coded clipsql_private.query_code, only_few boolean,
    out ids bigint[], out distances double precision[], out is_exact boolean)
language plpgsql stable parallel unsafe
set search_path from current
set gin_fuzzy_search_limit = 0
-- As in compare_all.
set enable_seqscan = on
set enable_indexscan = on
set enable_indexonlyscan = on
set enable_bitmapscan = on
set enable_nestloop = on
set enable_hashjoin = on
set enable_sort = on
set jit = off
set parallel_setup_cost = 2000
-- But not in an index: with 20 codes on a page workers wait for each other more than they compare.
set min_parallel_index_scan_size = '5TB'
set work_mem = '64MB'
as $$
declare
    rounding constant double precision := 1e-3;  -- of half precision, in codes and vectors
    rest constant double precision := sqrt(greatest(0, 1 - l2_norm(coded.code) ^ 2));
    basis constant clipsql_private.code_basis := (
        select b from clipsql_private.code_basis as b where b.basis_id = coded.basis_id);
    slack constant double precision := clipsql_private.code_slack(coded.code, basis.left_out, chosen.dimensions);
    sure constant bigint := ceil(1.5 * max_results::bigint + 20);
    listed bigint := 10 * max_results::bigint + 300;
    statement constant text := format(
        'select array_agg(n.image_id), array_agg(n.distance), array_agg(n.left_out) from (%s) as n',
        clipsql_private.scan_statement(conditions, filter, coded.basis_id, only_few));
    images bigint[];
    by_code double precision[];
    lengths double precision[];
    last_wanted double precision;
    more bigint[];
begin
    loop
        execute statement into images, by_code, lengths using filter, coded.code, listed;
        is_exact := coalesce(cardinality(images), 0) < listed;
        if only_few and not is_exact then
            return;
        end if;
        select d.ids, d.distances into ids, distances
        from clipsql_private.exact_distances(query::halfvec, images[:sure], chosen.model_id) as d;
        exit when coalesce(cardinality(images), 0) <= sure;
        last_wanted := distances[max_results];
        more := array(
            select u.image_id
            from unnest(images[sure + 1:], by_code[sure + 1:], lengths[sure + 1:]) as u(image_id, distance, left_out)
            where u.distance <= last_wanted + case when is_exact then rest * u.left_out + rounding else slack end);
        if more <> '{}' then
            select d.ids, d.distances into ids, distances
            from clipsql_private.exact_distances(query::halfvec, ids[:max_results] || more, chosen.model_id) as d;
        end if;
        exit when cardinality(more) < listed - sure;
        listed := 16 * listed;
    end loop;
    ids := coalesce(ids, '{}');
    is_exact := is_exact or basis.length = chosen.dimensions;
    ids := ids[:max_results];
    distances := distances[:max_results];
end;
$$;

comment on function clipsql_private.scan_codes(vector, integer, text, clipsql_private.search_filter, clipsql.model, clipsql_private.query_code, boolean) is
    'Nearest matches by comparing the codes of all and the vectors of the best; whether that is exact.';
