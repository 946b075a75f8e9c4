-- Before a watch begins or changes: waits until all who are writing pictures are done, and lets others write only when it
-- is there to see. Whoever began earlier and still reads as of then meets a changed row (raise_alerts). First of all, so
-- that nobody waits for a watch while this waits for him. Security definer: who watches needs no right to models.
create or replace function clipsql_private.begin_watch()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('clipsql watches', 0));
    update clipsql.model as m set is_default = m.is_default;
    return null;
end;
$$;

comment on function clipsql_private.begin_watch() is
    'Trigger: no picture is written between the beginning of a watch and the moment when others see it.';
