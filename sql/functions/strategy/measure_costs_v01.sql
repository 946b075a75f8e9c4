-- What each way to answer a search costs here, from stored vectors as queries: the least of several tries, for the others were
-- held up. Null for a model without index and search rows, where there is nothing to choose.
create or replace function clipsql_private.measure_costs(
    of_model integer, out walk_us double precision, out code_us double precision, out lookup_us double precision)
language plpgsql volatile parallel unsafe
set search_path from current
set gin_fuzzy_search_limit = 0
as $$
declare
    tries constant integer := 7;
    width constant integer := 400;
    fetched constant integer := 2000;
    chosen constant clipsql.model := (select m from clipsql.model as m where m.model_id = of_model);
    embeddings constant regclass := to_regclass(clipsql_private.partition_name('image_embedding', of_model));
    filter clipsql_private.search_filter;
    of_time clipsql_private.search_filter;
    moments timestamptz[];
    scanned bigint;
    strategy clipsql_private.search_strategy;
    query vector;
    began timestamptz;
begin
    for query in execute format(
        'select e.embedding::vector from %s as e where e.ctid = any ($1) limit $2', embeddings)
        using clipsql_private.spread_rows(embeddings, 10 * tries), tries
    loop
        strategy := clipsql_private.choose_strategy(query, 10, '', null, chosen);
        continue when strategy.coded is null or not clipsql_private.index_is_usable(of_model);
        strategy.width := width;
        strategy.ef_search := width;
        began := clock_timestamp();
        perform clipsql_private.walk_index(query, 10, '', null, chosen, strategy);
        walk_us := least(walk_us, 1e6 * extract(epoch from clock_timestamp() - began) / width);
        if scanned is null then
            -- A tenth of them by time, as a filter would have it: through an index a row costs more than where all are read.
            execute format(
                'select percentile_disc(array[0.45, 0.55]) within group (order by s.taken_at)
                 from clipsql_private.search_row_%1$s as s
                 where s.ctid = any (clipsql_private.spread_rows(''clipsql_private.search_row_%1$s'', 1000))',
                (strategy.coded).basis_id) into moments;
            if moments[1] < moments[2] then
                of_time.taken_from := moments[1];
                of_time.taken_until := moments[2];
            end if;
            execute format('select count(*) %s', clipsql_private.narrow_rows(
                clipsql_private.effective_conditions(of_time), of_time, (strategy.coded).basis_id))
                into scanned using of_time;
            if scanned < fetched then
                of_time := null;
                scanned := strategy.total_rows;
            end if;
        end if;
        began := clock_timestamp();
        perform clipsql_private.scan_codes(
            query, 10, clipsql_private.effective_conditions(of_time), of_time, chosen, strategy.coded, only_few => false);
        code_us := least(code_us, 1e6 * extract(epoch from clock_timestamp() - began) / greatest(1, scanned));
        execute format('select array_agg(e.image_id) from %s as e where e.ctid = any ($1)', embeddings)
            into filter.only_images using clipsql_private.spread_rows(embeddings, fetched);
        began := clock_timestamp();
        perform clipsql_private.compare_all(query, 10, 'i.image_id = any (($1).only_images)', filter, chosen);
        lookup_us := least(
            lookup_us, 1e6 * extract(epoch from clock_timestamp() - began) / greatest(1, cardinality(filter.only_images)));
    end loop;
end;
$$;

comment on function clipsql_private.measure_costs(integer) is
    'Microseconds that a row of an index walk, a code and a whole vector cost on this server.';
