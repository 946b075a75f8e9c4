-- The vector of a picture of this shard, or why there is none; an empty answer when it is not here.
create or replace function clipsql_private.vector_as_shard(request jsonb)
returns jsonb
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    image constant bigint := request -> 'image';
begin
    if not exists (select from clipsql.image as i where i.image_id = image) then
        return '{}';
    end if;
    return jsonb_build_object('vector', clipsql.image_vector(image, request ->> 'model')::text);
end;
$$;

comment on function clipsql_private.vector_as_shard(jsonb) is 'The embedding of a picture of this shard, for a coordinator.';
