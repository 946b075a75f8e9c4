-- The captions of a picture become these, but for those of models: those that it has stay with their ids and vectors, the others go, new ones come
-- in their order. The caller holds the picture's row.
create or replace function clipsql_private.put_captions(
    image bigint, captions text[], embeddings vector[], language text, chosen clipsql.model)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
begin
    delete from clipsql.caption as c
    where c.image_id = image and c.source is null and c.body not in (select btrim(w.body) from unnest(captions) as w(body) where w.body is not null);

    begin
        insert into clipsql.caption (image_id, body, language)
        select image, w.body, put_captions.language
        from (
            select btrim(g.body) as body, min(g.position) as position
            from unnest(captions) with ordinality as g(body, position)
            where g.body ~ '[^[:space:]]'
            group by btrim(g.body)
        ) as w
        where not exists (select from clipsql.caption as c where c.image_id = image and c.body = w.body and c.source is null)
        order by w.position;
    exception when program_limit_exceeded then
        raise exception using errcode = 'CQ004', message = format('A caption cannot be stored: %s.', sqlerrm);
    end;

    with given as (
        select distinct on (c.caption_id) c.caption_id, l2_normalize(g.embedding)::halfvec as embedding
        from unnest(captions, embeddings) with ordinality as g(body, embedding, position)
        join clipsql.caption as c on c.image_id = image and c.body = btrim(g.body) and c.source is null
        where g.embedding is not null
        order by c.caption_id, g.position
    ), changed as (
        update clipsql.caption_embedding as e
        set embedding = w.embedding
        from given as w
        where e.caption_id = w.caption_id and e.model_id = chosen.model_id
        returning e.caption_id
    )
    insert into clipsql.caption_embedding (caption_id, model_id, embedding)
    select w.caption_id, chosen.model_id, w.embedding
    from given as w
    where w.caption_id not in (select h.caption_id from changed as h);
end;
$$;

comment on function clipsql_private.put_captions is
    'Makes these the captions of a picture, with vectors where there are some.';
