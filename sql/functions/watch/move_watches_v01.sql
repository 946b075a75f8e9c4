-- Watches under another model: what each looks for is embedded anew, and its rate or percentile is found again in the pictures
-- that the model knows. A similarity that somebody gave means something else under another model, and a bare vector
-- nothing: such a watch stays as it was and says so, as does one whose pictures or history the model does not have yet.
-- Where policies hide pictures a rate is of what its owner sees, who alone moves it then.
create or replace function clipsql.move_watches(model text default null)
returns integer
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(move_watches.model);
    watch clipsql.watch_list;
    directions halfvec[];
    moved integer := 0;
    reason text;
begin
    for watch in
        select w.*
        from clipsql.watch_list as w
        where w.model_id is distinct from chosen.model_id and clipsql_private.owns(w.owner)
            and (w.owner = current_user::text
                or not (select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = 'clipsql.image'::regclass))
        order by w.watch_id
    loop
        reason := case
            when num_nonnulls(watch.alarms_per_day, watch.min_percentile) = 0 then format(
                'A similarity of %s means something else under model %s; make the watch again with a threshold for that.',
                round(watch.min_similarity::numeric, 3), chosen.name)
            when watch.query is null and watch.images is null then format(
                'The vector that is looked for is not of model %s; make the watch again with one that is.', chosen.name)
        end;
        if reason is null then
            begin
                directions := (clipsql_private.watch_subject(
                    query => watch.query, images => watch.images, query_vector => null, chosen => chosen)).directions;
                watch.model_id := chosen.model_id;
                if watch.alarms_per_day is not null then
                    select t.similarity, t.low, t.high into watch.min_similarity, watch.alarms_low, watch.alarms_high
                    from clipsql_private.rate_threshold(watch, directions) as t;
                else
                    watch.min_similarity := clipsql_private.percentile_threshold(watch, directions);
                end if;
            exception
                when transaction_rollback or lock_not_available or insufficient_resources then
                    raise;
                when others then
                    reason := format('Not under model %s yet: %s', chosen.name, sqlerrm);
            end;
        end if;
        if reason is not null then
            update clipsql.watch_list as w set problem = reason where w.watch_id = watch.watch_id;
            continue;
        end if;
        update clipsql.watch_list as w
        set (model_id, min_similarity, alarms_low, alarms_high, problem) =
            (watch.model_id, watch.min_similarity, watch.alarms_low, watch.alarms_high, null)
        where w.watch_id = watch.watch_id;
        delete from clipsql_private.watch_vector as v where v.watch_id = watch.watch_id;
        insert into clipsql_private.watch_vector (model_id, watch_id, number, embedding, min_similarity, is_paused)
        select watch.model_id, watch.watch_id, d.number, d.direction, watch.min_similarity, watch.is_paused
        from unnest(directions) with ordinality as d(direction, number);
        moved := moved + 1;
    end loop;
    return moved;
end;
$$;

comment on function clipsql.move_watches(text) is
    'Has your watches compare the embeddings of another model (a name of at most 1000 characters; default: the default one):'
    ' they are embedded anew, and rates and percentiles found again. Returns how many moved; the others stay and say why in'
    ' clipsql.watch_list.problem. For clipsql_writer.';

-- Else whoever reads sees it offered by clients that ask for rights, such as PostGraphile.
revoke execute on function clipsql.move_watches from public;
