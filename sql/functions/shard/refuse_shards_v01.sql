-- On a coordinator, what was not found here lies elsewhere: a function that does not ask there says so.
create or replace function clipsql_private.refuse_shards(door text)
returns void
language plpgsql stable parallel safe
as $$
begin
    if clipsql_private.has_shards() then
        raise exception using errcode = 'CQ007', message = format(
            'clipsql.%s does not reach over shards, on which the pictures of this database lie; ask each of "clipsql shard list".', door);
    end if;
end;
$$;

comment on function clipsql_private.refuse_shards(text) is
    'CQ007 on a coordinator, from a function that answers about the pictures of its own database only.';
