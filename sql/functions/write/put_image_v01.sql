-- A picture from an application's own code: inserted, or updated where the collection has the url. What is null stays as it
-- is stored. With an embedding it can be found at once; without one it waits for a worker, as a pending row of clipsql.image.
create or replace function clipsql.put_image(
    collection text,
    url text,
    embedding vector default null,
    captions text[] default null,
    metadata jsonb default null,
    taken_at timestamptz default null,
    longitude double precision default null,
    latitude double precision default null,
    model text default null,
    caption_embeddings vector[] default null,
    language text default 'en')
returns bigint
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen clipsql.model;
    image bigint;
    is_waiting boolean;
begin
    if clipsql_private.has_shards() then
        return clipsql_private.put_on_shard(
            collection => put_image.collection, url => put_image.url, embedding => put_image.embedding,
            captions => put_image.captions, metadata => put_image.metadata, taken_at => put_image.taken_at,
            longitude => put_image.longitude, latitude => put_image.latitude, model => put_image.model,
            caption_embeddings => put_image.caption_embeddings, language => put_image.language);
    end if;
    perform clipsql_private.check_picture(
        put_image.collection, put_image.url, put_image.metadata, put_image.taken_at, put_image.longitude, put_image.latitude);
    perform clipsql_private.check_most('captions', cardinality(put_image.captions), 'captions');
    -- Without a model and an embedding, whichever worker comes first makes the vectors.
    if num_nonnulls(put_image.embedding, put_image.caption_embeddings, put_image.model) > 0 then
        chosen := clipsql_private.resolve_model(put_image.model);
    end if;
    if cardinality(put_image.caption_embeddings) is distinct from cardinality(put_image.captions)
            and put_image.caption_embeddings is not null then
        raise exception using errcode = 'CQ004', message = format(
            'There are %s captions and %s caption_embeddings; give one for each, or null.',
            coalesce(cardinality(put_image.captions), 0), cardinality(put_image.caption_embeddings));
    elsif put_image.embedding is null and chosen.model_id is not null and chosen.location is null then
        raise exception using errcode = 'CQ003', message = format(
            'Model %s is a vector space without files, so that no worker can make the embedding; give it.', chosen.name);
    end if;
    perform clipsql_private.check_query(g.vector, chosen, g.name)
    from (
        select put_image.embedding, 'embedding' where put_image.embedding is not null
        union all
        select e.embedding, 'caption embedding' from unnest(put_image.caption_embeddings) as e(embedding)
        where e.embedding is not null
    ) as g(vector, name);

    insert into clipsql.image as i (collection, url, metadata, taken_at, longitude, latitude, status)
    values (
        put_image.collection, put_image.url, coalesce(put_image.metadata, '{}'), put_image.taken_at,
        put_image.longitude, put_image.latitude,
        case when put_image.embedding is null then 'pending' else 'embedded' end)
    on conflict (collection, clipsql.url_digest(url)) do update set
        metadata = coalesce(put_image.metadata, i.metadata),
        taken_at = coalesce(put_image.taken_at, i.taken_at),
        longitude = coalesce(put_image.longitude, i.longitude),
        latitude = coalesce(put_image.latitude, i.latitude)
    returning i.image_id into image;

    if put_image.captions is not null then
        perform clipsql_private.put_captions(
            image => image, captions => put_image.captions, embeddings => put_image.caption_embeddings,
            language => coalesce(put_image.language, 'en'), chosen => chosen);
    end if;

    if put_image.embedding is not null then
        -- In two steps, as keys are the partitions'; the picture's row is held, so nobody comes between.
        update clipsql.image_embedding as e
        set embedding = l2_normalize(put_image.embedding)::halfvec
        where e.image_id = image and e.model_id = chosen.model_id;
        if not found then
            insert into clipsql.image_embedding (image_id, model_id, embedding)
            values (image, chosen.model_id, l2_normalize(put_image.embedding)::halfvec);
        end if;
        delete from clipsql_private.queue as q
        where q.image_id = image and (q.model_id is null or q.model_id = chosen.model_id);
        is_waiting := exists (select from clipsql_private.queue as q where q.image_id = image);
    else
        is_waiting := not exists (
            select from clipsql.image_embedding as e
            where e.image_id = image and (chosen.model_id is null or e.model_id = chosen.model_id));
        if is_waiting and chosen.model_id is not null then
            insert into clipsql_private.queue (image_id, collection, model_id)
            values (image, put_image.collection, chosen.model_id)
            on conflict (image_id, model_id) do nothing;
        end if;
    end if;
    update clipsql.image as i
    set status = case when is_waiting then 'pending' else 'embedded' end, failure = null, error = null
    where i.image_id = image and i.status <> case when is_waiting then 'pending' else 'embedded' end;
    return image;
end;
$$;

comment on function clipsql.put_image is
    'Inserts a picture, or updates it where the collection has the url, and returns its image_id; what is null stays as it is'
    ' stored, and captions become the given ones (at most 1000). An embedding has the model''s dimensions and is brought to'
    ' unit length; without one, a worker makes it. caption_embeddings: one for each caption, or null. For clipsql_writer.';
