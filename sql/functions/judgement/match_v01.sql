-- Image-text matching: how well a text fits one picture, as a search would score it.
create or replace function clipsql.match(image bigint, query text, model text default null)
returns double precision
-- In half precision, as embeddings are stored: the same number that a search returns.
language sql stable parallel unsafe cost 1000000
set search_path from current
as $$
    select case when f.cosine is not null then greatest(-1, least(1, f.cosine)) end  -- they pass over a null
    from (
        select 1 - (clipsql.image_vector(image, model)::halfvec <=> clipsql.embed_text(query, model)::halfvec)
    ) as f(cosine);
$$;

comment on function clipsql.match(bigint, text, text) is
    'How well a text (at most 5000 characters) fits a stored picture: the cosine of their embeddings, as a search returns it.';
