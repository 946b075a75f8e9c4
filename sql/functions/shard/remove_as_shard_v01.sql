-- Removes pictures of this shard, and tells which there were: while slots move, a picture may be on two of them.
create or replace function clipsql_private.remove_as_shard(request jsonb)
returns jsonb
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    images constant bigint[] := array(
        select i.image_id
        from clipsql.image as i
        where i.image_id in (select g.image::bigint from jsonb_array_elements(request -> 'images') as g(image))
        order by i.image_id);
begin
    perform clipsql.remove_images(images);
    return jsonb_build_object('removed', to_jsonb(images));
end;
$$;

comment on function clipsql_private.remove_as_shard(jsonb) is 'Removes pictures for a coordinator, and tells which there were.';
