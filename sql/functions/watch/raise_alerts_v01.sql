-- Compares what a statement wrote with all watches, and raises their alarms in the same transaction: there is no moment at
-- which one is stored without the other. Security definer: who writes a picture needs no right to anybody's watches.
create or replace function clipsql_private.raise_alerts()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
set jit = off
as $$
declare
    of_model integer;
    hit record;
    raised bigint[] := '{}';
begin
    -- Until this transaction ends no watch is made: a new one finds its pictures stored, or sees them come (begin_watch).
    perform pg_advisory_xact_lock_shared(hashtextextended('watches of clipsql', 0));
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        -- Such a transaction does not see a watch that was made after it began, and must be run again.
        perform from clipsql.model as m where m.model_id in (select w.model_id from written as w) for share;
    end if;
    for of_model in
        select distinct w.model_id from written as w
        where exists (select from clipsql_private.watch_vector as v where v.model_id = w.model_id)
    loop
        for hit in
            select s.watch_id, array_agg(s.image_id order by s.image_id) as images,
                array_agg(s.similarity order by s.image_id) as similarities
            from (
                select array_agg(n.image_id) as images, array_agg(n.embedding) as embeddings
                from (
                    select w.image_id, w.embedding, (row_number() over () - 1) / 32 as part
                    from written as w
                    where w.model_id = of_model
                ) as n
                group by n.part
            ) as p
            cross join lateral clipsql_private.near_watches(of_model, p.images, p.embeddings) as s
            group by s.watch_id
            order by s.watch_id
        loop
            begin
                raised := raised || clipsql_private.raise_watch(hit.watch_id, hit.images, hit.similarities);
            exception
                -- The whole transaction is to be run again: nothing is wrong with the watch.
                when transaction_rollback or lock_not_available or insufficient_resources then
                    raise;
                when others then
                    update clipsql.watch_list as l set problem = sqlerrm
                    where l.watch_id = hit.watch_id and l.problem is distinct from sqlerrm;
            end;
        end loop;
    end loop;
    if raised <> '{}' then
        perform pg_notify('clipsql_alert', array_to_json(raised[:350])::text);  -- it takes 8000 bytes
    end if;
    return null;
end;
$$;

comment on function clipsql_private.raise_alerts() is
    'Trigger: raises the alarms of all watches for the embeddings that a statement wrote.';
