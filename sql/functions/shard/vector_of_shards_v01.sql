-- The embedding and the status of a picture that lies on a shard; null when it is on none. A number says where a picture was
-- first put, not where it lies now, so all are asked, again where slots were moved meanwhile, and as in a search it counts where
-- its slot lies. Volatile, so that it sees what was moved.
-- security definer: who searches needs no right to the shards.
create or replace function clipsql_private.vector_of_shards(image bigint, model text, out vector vector, out state text)
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
declare
    moved timestamptz;
begin
    if not clipsql_private.has_shards() then
        return;
    end if;
    perform clipsql_private.refuse_restricted();
    loop
        moved := (select max(s.moved_at) from clipsql_private.slot as s);
        select a.answer ->> 'vector', a.answer ->> 'state'
        into vector, state
        from clipsql_private.shard_answers(
            'vector_as_shard', jsonb_build_object('image', image, 'model', model), false) as a
        join clipsql_private.slot as s on s.slot = clipsql_private.slot_of(a.answer ->> 'url') and s.shard_id = a.shard_id;
        exit when moved = (select max(s.moved_at) from clipsql_private.slot as s);
    end loop;
end;
$$;

comment on function clipsql_private.vector_of_shards(bigint, text) is
    'Embedding and status of a picture that lies on a shard; null when it is on none.';
