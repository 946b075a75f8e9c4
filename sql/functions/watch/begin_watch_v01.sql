-- Before a watch begins or changes: waits until all who are writing pictures are done, and lets others write only when it
-- is there to see. Whoever began earlier and still reads as of then meets a changed row (raise_alerts). First of all, so
-- that nobody waits for a watch while this waits for him. Others who come to write wait behind this one, so it gives way
-- to them again and again when a transaction does not end. Security definer: who watches needs no right to models.
create or replace function clipsql_private.begin_watch()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
set lock_timeout = '1s'
as $$
declare
    wait_ms integer;
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        -- It would not see what those whom it waits for have written, and they do not see it.
        raise exception using errcode = 'feature_not_supported', message = format(
            'A watch begins or changes under "read committed" only, not under "%s"; do it in a transaction of its own.',
            current_setting('transaction_isolation'));
    end if;
    foreach wait_ms in array array[1000, 2000, 4000, 8000] loop
        perform set_config('lock_timeout', wait_ms || 'ms', true);
        begin
            perform pg_advisory_xact_lock(hashtextextended('watches of clipsql', 0));
            update clipsql.model as m set is_default = m.is_default;
            return null;
        exception when lock_not_available then
            perform pg_sleep(0.2);
        end;
    end loop;
    raise exception using errcode = 'lock_not_available', message =
        'A transaction that writes pictures does not end, and a watch begins only between such; try again when it has ended.';
end;
$$;

comment on function clipsql_private.begin_watch() is
    'Trigger: no picture is written between the beginning of a watch and the moment when others see it.';
