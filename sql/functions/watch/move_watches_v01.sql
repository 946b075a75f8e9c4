-- Watches under another model. All is found out before the first is changed, as from then on whoever writes pictures waits; a
-- watch that somebody changed meanwhile stays. Where policies hide pictures a rate is of what its owner sees, who alone moves
-- it then.
create or replace function clipsql.move_watches(model text default null)
returns integer
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(move_watches.model);
    one record;
    found record;
    before clipsql.watch_list[] := '{}';
    after clipsql.watch_list[] := '{}';
    vectors halfvec[] := '{}';
    vectors_of bigint[] := '{}';
    moved bigint[];
begin
    -- Those that did not follow to another model need not, when this one is the default again.
    update clipsql.watch_list as w set problem = null
    where w.model_id = chosen.model_id and starts_with(w.problem, 'Not under model ') and clipsql_private.owns(w.owner);
    for one in
        with wanted as materialized (
            select w as watch, w.model_id, w.filters ->> 'in_collection' as collection
            from clipsql.watch_list as w
            where w.model_id is distinct from chosen.model_id and clipsql_private.owns(w.owner)
        ), lacks as (
            select o.model_id, o.collection, count(*) as known, count(*) filter (where n.image_id is null) as lacking
            from (
                select distinct w.model_id, w.collection from wanted as w
                where num_nonnulls((w.watch).alarms_per_day, (w.watch).min_percentile) > 0
            ) as o
            join clipsql.image_embedding as e on e.model_id = o.model_id
            join clipsql.image as i on i.image_id = e.image_id and (o.collection is null or i.collection = o.collection)
            left join clipsql.image_embedding as n on n.model_id = chosen.model_id and n.image_id = e.image_id
            group by o.model_id, o.collection
        )
        select w.watch, l.known, l.lacking
        from wanted as w
        left join lacks as l on l.model_id = w.model_id and l.collection is not distinct from w.collection
        order by (w.watch).watch_id
    loop
        found := clipsql_private.moved_watch(one.watch, chosen, one.known, one.lacking);
        if found.directions is null then
            update clipsql.watch_list as w set problem = (found.moved).problem
            where w.watch_id = (found.moved).watch_id and w.problem is distinct from (found.moved).problem;
        else
            before := before || one.watch;
            after := after || found.moved;
            vectors := vectors || found.directions;
            vectors_of := vectors_of || array_fill((found.moved).watch_id, array[cardinality(found.directions)]);
        end if;
    end loop;
    if before = '{}' then
        return 0;
    end if;
    update clipsql.watch_list as w set model_id = w.model_id where false;  -- waits for who is writing (begin_watch)
    moved := array(
        select w.watch_id
        from clipsql.watch_list as w
        join generate_subscripts(before, 1) as n(number) on w is not distinct from before[n.number]
        for no key update of w);
    delete from clipsql_private.watch_vector as v where v.watch_id = any (moved);
    insert into clipsql_private.watch_vector (model_id, watch_id, number, embedding, min_similarity, is_paused)
    select
        a.model_id, a.watch_id, row_number() over (partition by a.watch_id order by d.number), d.direction,
        a.min_similarity, a.is_paused
    from unnest(vectors, vectors_of) with ordinality as d(direction, watch_id, number)
    join unnest(after) as a on a.watch_id = d.watch_id
    where a.watch_id = any (moved);
    -- Raises what was missed (raise_missed), so the vectors come before.
    update clipsql.watch_list as w
    set (model_id, min_similarity, alarms_low, alarms_high, problem) =
        (a.model_id, a.min_similarity, a.alarms_low, a.alarms_high, null)
    from unnest(after) as a
    where w.watch_id = a.watch_id and a.watch_id = any (moved);
    return cardinality(moved);
end;
$$;

comment on function clipsql.move_watches(text) is
    'Has your watches compare the embeddings of another model (a name of at most 1000 characters; default: the default one):'
    ' they are embedded anew, and rates and percentiles found again. Returns how many moved; the others stay and say why in'
    ' clipsql.watch_list.problem. Pictures that came since a watch was made and that its old model does not know raise their'
    ' alarms at once. For clipsql_writer.';
