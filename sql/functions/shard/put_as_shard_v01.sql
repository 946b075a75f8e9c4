-- Puts a picture that a coordinator was given, as clipsql.put_image does.
create or replace function clipsql_private.put_as_shard(request jsonb)
returns jsonb
language plpgsql volatile parallel unsafe
set search_path from current
as $$
begin
    return jsonb_build_object('image', clipsql.put_image(
        collection => request ->> 'collection', url => request ->> 'url', embedding => (request ->> 'embedding')::vector,
        captions => case when jsonb_typeof(request -> 'captions') = 'array' then array(
            select c.body from jsonb_array_elements_text(request -> 'captions') with ordinality as c(body, place) order by c.place) end,
        metadata => nullif(request -> 'metadata', 'null'),
        taken_at => (request ->> 'taken_at')::timestamptz,
        longitude => (request ->> 'longitude')::double precision, latitude => (request ->> 'latitude')::double precision,
        model => request ->> 'model',
        caption_embeddings => case when jsonb_typeof(request -> 'caption_embeddings') = 'array' then array(
            select v.vector::vector
            from jsonb_array_elements_text(request -> 'caption_embeddings') with ordinality as v(vector, place) order by v.place) end,
        language => request ->> 'language'));
end;
$$;

comment on function clipsql_private.put_as_shard(jsonb) is 'Puts a picture for a coordinator, and tells its image_id.';
