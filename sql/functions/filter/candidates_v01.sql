-- The pictures that a search is about, as the FROM and WHERE of a statement in which $1 is the filter.
create or replace function clipsql_private.candidates(conditions text, chosen clipsql.model)
returns text
language sql stable parallel safe
return format(
    'from clipsql.image_embedding as e %s where e.model_id = %s %s',
    case when conditions <> '' then
        'join ' || clipsql_private.visible_images() || ' as i on i.image_id = e.image_id' end,
    (chosen).model_id,
    'and ' || nullif(conditions, ''));

comment on function clipsql_private.candidates(text, clipsql.model) is
    'FROM and WHERE over the embeddings (e) under a model whose pictures (i) meet the conditions; $1 is the filter.';
