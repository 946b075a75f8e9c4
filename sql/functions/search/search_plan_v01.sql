-- How a search would be answered, and why: it counts, chooses and walks as the search itself would.
create or replace function clipsql.search_plan(
    query vector,
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
    model text default null)
returns setof clipsql.plan_result
-- volatile: EXPLAIN is allowed nowhere else.
language plpgsql volatile parallel unsafe rows 1
set search_path from current
set gin_fuzzy_search_limit = 0
as $$
declare
    count_limit constant integer := 10000;
    most_ms constant double precision := 1000;  -- to find out what an approximate answer lacks
    chosen constant clipsql.model := clipsql_private.resolve_model(search_plan.model);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
    direction vector;
    conditions text;
    how record;
    compared text;
    found clipsql.plan_result;
    walk_note text := '';
    -- How many rows there are, which index that makes worth while, and how many rows a walk of it passes, says something of
    -- those that the caller may not see.
    is_restricted constant boolean := clipsql_private.is_restricted();
begin
    perform
        clipsql_private.check_query(query, chosen),
        clipsql_private.check_limits(
            max_results => max_results, min_similarity => min_similarity,
            min_percentile => min_percentile, distinct_above => distinct_above);
    direction := l2_normalize(query);
    conditions := clipsql_private.effective_conditions(filter);
    how := clipsql_private.find_matches(direction, max_results, conditions, filter, chosen);

    execute format('select count(*) from (select %s limit $2) as counted', clipsql_private.candidates(conditions, chosen))
        into found.matching_rows using filter, count_limit + 1;
    found.matching_is_exact := found.matching_rows <= count_limit;
    found.matching_rows := least(found.matching_rows, count_limit);
    found.is_complete := found.matching_is_exact and found.matching_rows <= max_results;
    found.is_exact := how.is_exact;
    found.recall := case
        when how.is_exact then 1
        when (how.strategy).whole_ms < most_ms then (
            select count(*) filter (where a.image_id = any (how.ids))::double precision / nullif(count(*), 0)
            from unnest((clipsql_private.compare_all(direction, max_results, conditions, filter, chosen)).ids) as a(image_id)) end;
    found.strategy := concat_ws(', then ', case when how.walked is not null then 'index walk' end, nullif(how.way, 'index walk'));
    if not is_restricted then
        found.expected_ms := coalesce(how.walked * (how.strategy).step_ms, 0)
            + case when how.way <> 'index walk' then (how.strategy).compare_ms else 0 end;
        found.index_used := case how.way
            when 'index walk' then split_part(clipsql_private.hnsw_index_name('image_embedding', chosen.model_id), '.', 2)
            else (
                select string_agg(distinct n.name #>> '{}', ', ')
                from jsonb_path_query(
                    clipsql_private.compare_plan(
                        direction, max_results, conditions, filter, chosen,
                        case how.way when 'search rows' then ((how.strategy).coded).basis_id end),
                    'strict $.**."Index Name"') as n(name)) end;
    end if;
    if how.walked is not null and not is_restricted then
        walk_note := format(' The walk (ef_search %s) passed %s rows', (how.strategy).ef_search, how.walked) || case
            when how.way <> 'index walk' then ' and met few matches: they lie far from the query, so all are compared.'
            else '.' end;
    end if;
    compared := case when how.way = 'search rows' then
        ' They are compared by codes in search rows, the best of them by their vectors.' end;
    found.explanation := format(
        '%s %s under model %s match: %s.%s%s The answer is %s%s.',
        case when found.matching_is_exact then found.matching_rows::text
             when is_restricted then format('More than %s', count_limit)
             else format('More than %s (about %s)', count_limit, (how.strategy).likely_matches) end,
        case when is_restricted then 'pictures' else format('of about %s pictures', (how.strategy).total_rows) end,
        chosen.name, (how.strategy).reason, walk_note, compared,
        case when found.is_exact then 'exact' else 'approximate' end,
        case when found.is_complete then ' and holds every match' else format(' and holds the nearest %s', max_results) end);
    if found.matching_rows = 0 then perform clipsql_private.refuse_shards('search_plan'); end if;
    return next found;
end;
$$;

comment on function clipsql.search_plan is
    'How clipsql.search answers with the same arguments: strategy, matching rows, index, expected time, and why.';
