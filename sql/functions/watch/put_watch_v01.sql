-- Stores a watch, or makes one of its name become it.
create or replace function clipsql_private.put_watch(made clipsql.watch_list, directions halfvec[])
returns bigint
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    stored bigint;
begin
    if exists (select from clipsql.watch_list as w where w.name = made.name and not clipsql_private.owns(w.owner)) then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Watch "%s" is another role''s, who alone changes it; choose another name.', made.name);
    end if;
    insert into clipsql.watch_list as w (
        name, owner, model_id, query, images, filters, timezone, alarms_per_day, min_percentile, min_similarity,
        alarms_low, alarms_high, once_per, once_per_key)
    values (
        made.name, made.owner, made.model_id, made.query, made.images, made.filters, made.timezone, made.alarms_per_day,
        made.min_percentile, made.min_similarity, made.alarms_low, made.alarms_high, made.once_per, made.once_per_key)
    on conflict (name) do update set
        (model_id, query, images, filters, timezone, alarms_per_day, min_percentile, min_similarity, alarms_low, alarms_high,
            once_per, once_per_key, is_paused, problem) =
        (excluded.model_id, excluded.query, excluded.images, excluded.filters, excluded.timezone, excluded.alarms_per_day,
            excluded.min_percentile, excluded.min_similarity, excluded.alarms_low, excluded.alarms_high,
            excluded.once_per, excluded.once_per_key, false, null)
    returning w.watch_id into stored;
    delete from clipsql_private.watch_vector as v where v.watch_id = stored;
    insert into clipsql_private.watch_vector (model_id, watch_id, number, embedding, min_similarity)
    select made.model_id, stored, d.number, d.direction, made.min_similarity
    from unnest(directions) with ordinality as d(direction, number);
    return stored;
end;
$$;

comment on function clipsql_private.put_watch(clipsql.watch_list, halfvec[]) is
    'Stores a watch with its vectors, or changes the one of that name; gives its watch_id.';
