-- The embedding of a picture that lies on a shard; null when it is on none. A number says where a picture was first put, not
-- where it lies now, so all are asked.
-- security definer: who searches needs no right to the shards.
create or replace function clipsql_private.vector_of_shards(image bigint, model text)
returns vector
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    if not clipsql_private.has_shards() then
        return null;
    end if;
    perform clipsql_private.refuse_restricted();
    return (
        select max(a.answer ->> 'vector')
        from clipsql_private.shard_answers(
            'vector_as_shard', jsonb_build_object('image', image, 'model', model), false) as a);
end;
$$;

comment on function clipsql_private.vector_of_shards(bigint, text) is
    'The embedding of a picture that lies on a shard; null when it is on none.';
