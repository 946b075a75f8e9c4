-- The pictures of this shard whose files hold just these bytes, as a coordinator asks for them.
create or replace function clipsql_private.content_as_shard(request jsonb)
returns jsonb
language sql stable parallel safe
return jsonb_build_object('images', coalesce(
    (select jsonb_agg(i.image_id) from clipsql.image as i where i.sha256 = decode(request ->> 'sha256', 'hex')), '[]'));

comment on function clipsql_private.content_as_shard(jsonb) is 'Pictures of this shard with a content, for a coordinator.';
