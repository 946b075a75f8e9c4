-- The answer to a search whose pictures lie on shards: the nearest of each are merged, a picture counting where its slot lies,
-- so that one which is being moved is found once. Were slots moved meanwhile, they are asked again.
-- Percentiles are those of one server: the share of the whole is the mean of the shards', weighted by their pictures,
-- which lie by chance, so by slots where only samples are known. Volatile, so that it sees what was moved meanwhile.
-- security definer: who searches needs no right to the shards.
create or replace function clipsql_private.answer_of_shards(
    directions vector[], scale double precision, max_results integer, filter clipsql_private.search_filter,
    min_similarity double precision, min_percentile double precision, distinct_above double precision,
    chosen clipsql.model)
returns setof clipsql.search_result
language plpgsql volatile parallel unsafe security definer rows 10
set search_path from current
set extra_float_digits = 1
as $$
#variable_conflict use_column
declare
    depth bigint := case when distinct_above is null then max_results else 2::bigint * max_results + 20 end;
    moved timestamptz;
    answers jsonb;
    hits jsonb;
    kept integer[];
    hits_before integer := 0;
begin
    if not clipsql_private.has_shards() then
        return;
    end if;
    perform clipsql_private.refuse_restricted();
    loop
        loop
            moved := (select max(s.moved_at) from clipsql_private.slot as s);
            answers := (
                select coalesce(jsonb_agg(a.answer || jsonb_build_object('shard_id', a.shard_id)), '[]')
                from clipsql_private.shard_answers('answer_as_shard', jsonb_build_object(
                    'directions', (select jsonb_agg(d.direction::text order by d.place)
                                   from unnest(directions) with ordinality as d(direction, place)),
                    'max_results', least(depth, 2147483647), 'filter', to_jsonb(filter), 'model', chosen.name,
                    'timezone', current_setting('timezone'), 'with_embeddings', distinct_above is not null), true) as a);
            hits := (
                select jsonb_agg(h.hit order by (h.hit -> 'distance')::double precision, (h.hit -> 'image_id')::bigint)
                from jsonb_array_elements(answers) as a(answer)
                cross join lateral jsonb_array_elements(a.answer -> 'rows') as h(hit)
                join clipsql_private.slot as s
                    on s.slot = clipsql_private.slot_of(h.hit ->> 'url') and s.shard_id = (a.answer -> 'shard_id')::integer);
            -- Last of all: what was moved before a hit was looked up counts, too.
            exit when moved = (select max(s.moved_at) from clipsql_private.slot as s);
        end loop;
        exit when hits is null or distinct_above is null;
        kept := clipsql_private.distinct_hits(hits, distinct_above, max_results);
        exit when cardinality(kept) = max_results or jsonb_array_length(hits) = hits_before
            or (hits -> -1 -> 'distance')::double precision > 1 - min_similarity / scale + 1e-9;
        hits_before := jsonb_array_length(hits);
        depth := 2 * depth + 20;
    end loop;
    if hits is null then
        if filter.in_collection is not null
                and not exists (select from jsonb_array_elements(answers) as a(answer) where (a.answer -> 'knows_collection')::boolean) then
            raise warning using errcode = 'CQ008', message = format(
                'There is no collection "%s" on any shard, so nothing matches; "clipsql stats" shows what there is.',
                left(filter.in_collection, 100));
        end if;
        return;
    end if;
    return query
    with background as materialized (  -- once, not for each hit
        select
            (b.answer -> 'size')::integer as size,
            (b.answer -> 'is_exact')::boolean as is_exact,
            array(select jsonb_array_elements(nullif(b.answer -> 'nearest', 'null'))::double precision) as nearest,
            case
                when bool_and((b.answer -> 'is_exact')::boolean) over () then (b.answer -> 'size')::double precision
                else (select count(*) from clipsql_private.slot as s where s.shard_id = (b.answer -> 'shard_id')::integer) end as weight
        from jsonb_array_elements(answers) as b(answer)
        where (b.answer -> 'size')::integer > 0
    ), nearest as materialized (
        select h.hit, h.place, (h.hit -> 'distance')::double precision as distance
        from jsonb_array_elements(hits) with ordinality as h(hit, place)
        where kept is null or h.place = any (kept)
        order by h.place
        limit max_results
    ), told as (
        select n.hit, n.place, scale * greatest(-1, least(1, 1 - n.distance)) as similarity, s.*
        from nearest as n
        cross join lateral (
            select
                sum(b.weight * e.share) / sum(b.weight) as share,
                -- Each shard is a sample of its own.
                sqrt(sum((b.weight * case when b.is_exact then 0 else clipsql_private.share_error(e.share, b.size) end) ^ 2))
                    / sum(b.weight) as error
            from background as b
            cross join lateral (select clipsql_private.share_lower(n.distance, b.nearest, b.size) as share) as e
        ) as s
    ), passing as (
        select t.*
        from told as t
        where (min_similarity is null or t.similarity >= min_similarity)
            and (min_percentile is null or 100 * t.share >= min_percentile)
    )
    select
        (row_number() over (order by p.place))::integer, r.image_id, p.similarity, 100 * p.share, 100 * p.error,
        r.url, r.caption, r.taken_at, r.longitude, r.latitude, r.metadata
    from passing as p
    cross join lateral jsonb_populate_record(null::clipsql.search_result, p.hit) as r
    order by p.place;
end;
$$;

comment on function clipsql_private.answer_of_shards is
    'Rows of a search over all shards, as one server would give them; none where there are no shards.';
