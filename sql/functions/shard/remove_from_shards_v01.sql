-- Removes pictures wherever they lie, and counts them; each shard does so for itself, whatever becomes of this transaction.
-- security definer: who writes needs no right to the shards.
create or replace function clipsql_private.remove_from_shards(images bigint[])
returns integer
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    perform clipsql_private.refuse_restricted();
    lock table clipsql_private.slot in row share mode;
    return (
        select count(distinct r.image)
        from clipsql_private.shard_answers(
            'remove_as_shard', jsonb_build_object('images', coalesce(to_jsonb(images), '[]')), false) as a
        cross join lateral jsonb_array_elements(a.answer -> 'removed') as r(image));
end;
$$;

comment on function clipsql_private.remove_from_shards(bigint[]) is 'Removes pictures from all shards, and returns how many there were.';
