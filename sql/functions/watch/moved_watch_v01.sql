-- A watch as it would be under another model: what it looks for embedded anew, and its rate or percentile found again in the
-- pictures that the model knows. A similarity that somebody gave means something else there, and a bare vector nothing. Where
-- it cannot be, the watch stays as it is, and its problem says why.
create or replace function clipsql_private.moved_watch(
    watch clipsql.watch_list, chosen clipsql.model, known bigint, lacking bigint,
    out moved clipsql.watch_list, out directions halfvec[])
language plpgsql stable parallel unsafe
set search_path from current
as $$
declare
    reason text;
begin
    moved := watch;
    reason := case
        when num_nonnulls(watch.alarms_per_day, watch.min_percentile) = 0 then format(
            'a similarity of %s means something else there; make the watch again with a threshold for that model.',
            round(watch.min_similarity::numeric, 3))
        when watch.query is null and watch.images is null then
            'the vector that is looked for is not of that model; make the watch again with one that is.'
        when watch.owner <> current_user and not clipsql_private.sees_all(watch.owner::name) then format(
            'a rate is of the pictures that %s sees, who alone can move this by clipsql.move_watches().', watch.owner)
        -- What the watch has judged it would judge again as the model comes to know it.
        when lacking > 0.01 * known then format(
            'of %s pictures that the old model knows it does not know %s yet.', known, lacking)
    end;
    if reason is null then
        begin
            directions := (clipsql_private.watch_subject(
                query => watch.query, images => watch.images, query_vector => null, chosen => chosen)).directions;
            moved.model_id := chosen.model_id;
            moved.problem := null;
            if watch.alarms_per_day is not null then
                select t.similarity, t.low, t.high into moved.min_similarity, moved.alarms_low, moved.alarms_high
                from clipsql_private.rate_threshold(moved, directions) as t;
            else
                moved.min_similarity := clipsql_private.percentile_threshold(moved, directions);
            end if;
            return;
        exception
            when transaction_rollback or lock_not_available or insufficient_resources then
                raise;
            when others then
                reason := sqlerrm;
        end;
    end if;
    moved := watch;
    moved.problem := format('Not under model %s: %s', chosen.name, reason);
    directions := null;
end;
$$;

comment on function clipsql_private.moved_watch(clipsql.watch_list, clipsql.model, bigint, bigint) is
    'A watch with its vectors under another model; or as it is, with the reason why it stays, and no vectors.';
