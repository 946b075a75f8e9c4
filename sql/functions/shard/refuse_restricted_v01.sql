-- Row-level security does not reach over shards: the coordinator asks them as one role for all of its callers. So neither
-- a caller who sees only some pictures may ask, nor a shard that hides some answer.
create or replace function clipsql_private.refuse_restricted()
returns void
language plpgsql stable parallel safe
set search_path from current
as $$
begin
    if not clipsql_private.sees_all(clipsql_private.caller()) then
        raise exception using errcode = 'CQ007', message =
            'Row-level security on clipsql.image does not reach over shards, so this role is not answered here; let tenants ask'
            ' a shard of their own, or an owner who names a collection.';
    end if;
end;
$$;

comment on function clipsql_private.refuse_restricted() is 'CQ007 for a caller from whom row-level security hides pictures.';
