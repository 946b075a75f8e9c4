-- A score that a model with an image-text matching head gave, for joins.
create or replace function clipsql.itm_score(image bigint, query_id integer)
returns double precision
language sql stable parallel safe
return (
    select a.score
    from clipsql.model_answer as a
    where a.image_id = itm_score.image and a.query_id = itm_score.query_id);

comment on function clipsql.itm_score(bigint, integer) is
    'How likely it is that the text of a query of clipsql.model_query is true of a picture, in [0, 1]; null where no model has said.';
