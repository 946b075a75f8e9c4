-- Pictures of attached rows that failed for a reason that may pass wait again after a while, twice as long each time, behind
-- all others. What went wrong stays with the link meanwhile.
create or replace function clipsql_private.retry_failed_rows(passing text[], most_rows integer)
returns integer
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    retried bigint[];
begin
    if not pg_try_advisory_xact_lock(hashtextextended('clipsql_private.attachment', 0)) then
        return null;
    end if;
    update clipsql_private.link as l set retry_at = now() + interval '1 minute', problem = i.error
    from clipsql.image as i
    where i.image_id = l.image_id and i.status = 'failed' and i.failure = any (passing) and l.retry_at is null;
    retried := array(
        select i.image_id
        from clipsql.image as i
        where i.status = 'failed' and i.failure = any (passing) and i.image_id in (
            select l.image_id from clipsql_private.link as l where l.retry_at <= now())
        order by i.image_id
        limit most_rows
        for update);
    update clipsql_private.link as l
    set attempts = l.attempts + 1, retry_at = now() + least(interval '1 day', interval '1 minute' * 2 ^ least(l.attempts + 1, 12))
    where l.image_id = any (retried);
    update clipsql.image as i set status = 'pending', failure = null, error = null where i.image_id = any (retried);
    return cardinality(retried);
end;
$$;

comment on function clipsql_private.retry_failed_rows(text[], integer) is
    'Lets pictures of attached rows that failed wait again when it is time; returns how many.';
