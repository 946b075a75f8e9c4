-- Puts a picture on the shard where it belongs; what the shard has written stays, whatever becomes of this transaction.
-- Writers wait while slots are being moved (clipsql.db.shards.moving), so that no picture is written where it was.
-- security definer: who writes needs no right to the shards.
create or replace function clipsql_private.put_on_shard(
    collection text, url text, embedding vector, captions text[], metadata jsonb, taken_at timestamptz,
    longitude double precision, latitude double precision, model text, caption_embeddings vector[], language text)
returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path from current
set extra_float_digits = 1
as $$
#variable_conflict use_variable
declare
    target clipsql_private.shard;
    told record;
begin
    perform clipsql_private.refuse_restricted();
    lock table clipsql_private.slot in row share mode;
    select h.* into target
    from clipsql_private.slot as s
    join clipsql_private.shard as h on h.shard_id = s.shard_id
    where s.slot = clipsql_private.slot_of(coalesce(put_on_shard.url, ''));
    select a.* into told from clipsql_private.ask_shards('put_as_shard', jsonb_build_object(
            'collection', put_on_shard.collection, 'url', put_on_shard.url, 'embedding', put_on_shard.embedding::text,
            'captions', to_jsonb(put_on_shard.captions), 'metadata', put_on_shard.metadata, 'taken_at', put_on_shard.taken_at,
            'longitude', put_on_shard.longitude, 'latitude', put_on_shard.latitude, 'model', put_on_shard.model,
            'caption_embeddings', to_jsonb(put_on_shard.caption_embeddings::text[]), 'language', put_on_shard.language),
        target.shard_id) as a;
    if told.problem is null then
        return told.answer -> 'image';
    elsif told.state ~ '^CQ00[2-6]$' then
        raise exception using errcode = told.state, message = told.problem;
    end if;
    raise exception using errcode = 'CQ007', message = format('Shard %s gives no answer: %s.', target.name, rtrim(told.problem, '.'));
end;
$$;

comment on function clipsql_private.put_on_shard is 'Puts a picture on its shard, and returns its image_id.';
