-- What a collection (or all pictures, for null) looks like to a query: how many of its pictures are as near as the hits
-- are. A small collection is compared as a whole; a large one is judged by the sample that "clipsql ingest" and
-- "clipsql index" store; and where there is none, by pictures spread evenly over the table. Always the same ones. Where the
-- sample has codes only those of its pictures are read whole that may be as near as the farthest hit.
create or replace function clipsql_private.percentile_basis(
    directions halfvec[], in_scope text, farthest double precision, chosen clipsql.model,
    coded clipsql_private.query_code default null,
    out size integer, out is_exact boolean, out distances double precision[])
language plpgsql stable parallel safe
set search_path from current
set gin_fuzzy_search_limit = 0
as $$
declare
    full_size constant integer := clipsql_private.percentile_sample_size();
    least_size constant integer := full_size / 10;
    first constant halfvec := directions[1];
    others constant halfvec[] := case when cardinality(directions) > 1 then directions[2:] end;
    sample record;
    near bigint[];
    filter clipsql_private.search_filter;
    statement text;
    conditions text;
    probes integer;
    is_restricted constant boolean := clipsql_private.is_restricted();
    of_collection constant text := case when is_restricted then clipsql_private.own_collection() else in_scope end;
begin
    -- A reader under row-level security is told where a hit lies among the pictures that he may see.
    if not is_restricted or in_scope = of_collection or (in_scope is null and of_collection is not null) then
        select b.percentile_sample_id, b.basis_id,
            clipsql_private.code_slack(coded.code, k.left_out, chosen.dimensions) as slack
        into sample
        from clipsql_private.percentile_sample as b
        left join clipsql_private.code_basis as k on k.basis_id = b.basis_id
        where b.model_id = chosen.model_id and b.collection is not distinct from of_collection;
        if sample.basis_id = coded.basis_id then
            select count(*), array_agg(c.image_id) filter (where 1 + (c.code <#> coded.code) <= farthest + sample.slack)
            into size, near
            from clipsql_private.percentile_sample_code as c
            where c.percentile_sample_id = sample.percentile_sample_id;
            distances := array(
                select n.distance
                from (
                    select s.embedding <=> first as distance
                    from clipsql_private.percentile_sample_embedding as s
                    where s.percentile_sample_id = sample.percentile_sample_id and s.image_id = any (near)
                    offset 0
                ) as n
                where n.distance <= farthest
                order by n.distance);
        else
            select count(*), array_agg(s.distance order by s.distance) filter (where s.distance <= farthest)
            into size, distances
            from (
                select case when others is null then s.embedding <=> first
                    else greatest(s.embedding <=> first, (select max(s.embedding <=> d.direction) from unnest(others) as d(direction)))
                    end as distance
                from clipsql_private.percentile_sample_embedding as s
                where s.percentile_sample_id = sample.percentile_sample_id
                offset 0  -- so that they are compared once
            ) as s;
        end if;
        is_exact := false;
        -- Pictures that are deleted leave the sample too; when most have gone, it says little.
        if size >= full_size / 2 then
            return;
        end if;
    end if;

    filter.in_collection := in_scope;
    conditions := clipsql_private.effective_conditions(filter);
    statement :=
        'select count(*), array_agg(s.distance order by s.distance) filter (where s.distance <= $3)
         from (select ' || clipsql_private.farthest_distance(cardinality(directions)) || ' as distance '
        || clipsql_private.candidates(conditions, chosen);
    is_exact := true;
    execute statement || ' limit $4) as s' into size, distances using filter, directions, farthest, full_size + 1;
    if size <= full_size then
        return;
    end if;

    is_exact := false;
    foreach probes in array array[2 * full_size, 40 * full_size] loop
        execute statement || ' and e.ctid = any ($4)) as s' into size, distances
            using filter, directions, farthest,
                clipsql_private.spread_rows(to_regclass(clipsql_private.partition_name('image_embedding', chosen.model_id)), probes);
        if size >= least_size then
            return;
        end if;
    end loop;
    is_exact := true;
    execute statement || ') as s' into size, distances using filter, directions, farthest;
end;
$$;

comment on function clipsql_private.percentile_basis(halfvec[], text, double precision, clipsql.model, clipsql_private.query_code) is
    'Size of the collection or of its sample, and the distances in it up to that of the farthest hit, in order.';
