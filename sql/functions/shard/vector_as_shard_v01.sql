-- A picture of this shard as a coordinator asks for it to search with; an empty answer when it is not here.
create or replace function clipsql_private.vector_as_shard(request jsonb)
returns jsonb
language sql stable parallel safe
return coalesce(
    (select jsonb_build_object('url', i.url, 'state', i.status, 'vector', e.embedding::text)
     from clipsql.image as i
     left join clipsql.model as m on m.name = request ->> 'model'
     left join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = m.model_id
     where i.image_id = (request -> 'image')::bigint),
    '{}');

comment on function clipsql_private.vector_as_shard(jsonb) is 'Url, status and embedding of a picture of this shard, for a coordinator.';
