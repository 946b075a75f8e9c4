-- How a search would be answered, and why: it counts, chooses and walks as the search itself would.
create or replace function clipsql.search_plan(
    query vector,
    max_results integer default 10,
    in_collection text default null,
    taken_from timestamptz default null,
    taken_until timestamptz default null,
    near_longitude double precision default null,
    near_latitude double precision default null,
    within_m double precision default null,
    inside polygon default null,
    having_metadata jsonb default null,
    caption_query text default null,
    only_images bigint[] default null,
    except_images bigint[] default null,
    min_similarity double precision default null,
    min_percentile double precision default null,
    distinct_above double precision default null,
    model text default null)
returns table (
    strategy text, matching_rows bigint, matching_is_exact boolean, is_exact boolean, is_complete boolean,
    index_used text, expected_ms double precision, explanation text)
-- volatile: EXPLAIN is allowed nowhere else.
language plpgsql volatile parallel unsafe rows 1
set search_path from current
set gin_fuzzy_search_limit = 0
-- As in compare_all, whose plan is shown.
set enable_seqscan = on
set enable_indexscan = on
set enable_bitmapscan = on
set enable_nestloop = on
set enable_hashjoin = on
set enable_sort = on
set jit = off
as $$
declare
    count_limit constant integer := 10000;
    chosen constant clipsql.model := clipsql_private.resolve_model(search_plan.model);
    filter constant clipsql_private.search_filter := row(
        in_collection, taken_from, taken_until, near_longitude, near_latitude, within_m,
        inside, having_metadata, caption_query, only_images, except_images);
    conditions text;
    choice clipsql_private.search_strategy;
    walk record;
    plan jsonb;
    walk_note text := '';
begin
    perform
        clipsql_private.check_query(query, chosen),
        clipsql_private.check_limits(max_results, min_similarity, min_percentile, distinct_above);
    conditions := clipsql_private.effective_conditions(filter);
    choice := clipsql_private.choose_strategy(max_results, conditions, filter, chosen);

    execute format('select count(*) from (select %s limit $2) as counted', clipsql_private.candidates(conditions, chosen))
        into matching_rows using filter, count_limit + 1;
    matching_is_exact := matching_rows <= count_limit;
    matching_rows := least(matching_rows, count_limit);
    is_complete := matching_is_exact and matching_rows <= max_results;

    strategy := 'exact';
    is_exact := true;
    expected_ms := choice.exact_ms;
    if choice.walks then
        walk := clipsql_private.walk_index(l2_normalize(query), max_results, conditions, filter, chosen, choice);
        is_exact := walk.ids is null;
        strategy := case when is_exact then 'index walk, then exact' else 'index walk' end;
        expected_ms := walk.walked * choice.step_ms + case when is_exact then choice.exact_ms else 0 end;
        walk_note := format(' The walk (ef_search %s) passed %s rows', choice.ef_search, walk.walked) || case
            when is_exact then ' and met few matches: they lie far from the query, so all are compared.'
            else '.' end;
    end if;
    if is_exact then
        -- Without costs, which session settings can make infinite: that is no JSON.
        execute 'explain (format json, costs off) ' || clipsql_private.compare_statement(conditions, chosen)
            into plan using filter, l2_normalize(query), max_results;
        index_used := (
            select string_agg(distinct n.name #>> '{}', ', ')
            from jsonb_path_query(plan, 'strict $.**."Index Name"') as n(name));
    else
        index_used := split_part(clipsql_private.hnsw_index_name('image_embedding', chosen.model_id), '.', 2);
    end if;
    explanation := format(
        '%s of about %s pictures under model %s match: %s.%s The answer is %s%s.',
        case when matching_is_exact then matching_rows::text
             else format('More than %s (about %s)', count_limit, choice.likely_matches) end,
        choice.total_rows, chosen.name, choice.reason, walk_note,
        case when is_exact then 'exact' else 'approximate' end,
        case when is_complete then ' and holds every match' else format(' and holds the nearest %s', max_results) end);
    return next;
end;
$$;

comment on function clipsql.search_plan is
    'How clipsql.search answers with the same arguments: strategy, matching rows, index, expected time, and why.';
