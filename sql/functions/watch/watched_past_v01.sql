-- The pictures that are there already, as a watch sees them: all are compared, so the answer is exact.
create or replace function clipsql_private.watched_past(
    watch clipsql.watch_list, directions halfvec[], seen_from timestamptz default null, seen_until timestamptz default null)
returns setof clipsql_private.watched_picture
language plpgsql stable parallel unsafe rows 1000
set search_path from current
set jit = off
as $$
declare
    -- As raise_alerts compares, number for number.
    similarity constant text := (
        select 'greatest(' || string_agg(format('1 - (($1)[%s] <=> e.embedding)', n.number), ', ' order by n.number) || ')'
        from generate_series(1, cardinality(directions)) as n(number));
    ids bigint[];
    similarities double precision[];
begin
    execute format(
            'select array_agg(n.image_id), array_agg(n.similarity)
             from (select e.image_id, %s as similarity from clipsql.image_embedding as e where e.model_id = %s offset 0) as n
             where n.similarity >= $2 and n.similarity < ''NaN''', similarity, watch.model_id)
        into ids, similarities using directions, watch.min_similarity;
    return query
    select w.*
    from clipsql_private.watched(watch, ids, similarities) as w
    where (seen_from is null or w.seen_at >= seen_from) and (seen_until is null or w.seen_at < seen_until);
end;
$$;

comment on function clipsql_private.watched_past(clipsql.watch_list, halfvec[], timestamptz, timestamptz) is
    'Stored pictures that a watch would raise alarms for, exactly, of a time.';
