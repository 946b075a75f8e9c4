-- What "clipsql model remember" stored for a text. A function of its own, so that where tenants are kept apart a text gives its
-- vector to who knows it, and the table tells nobody which texts there are.
create or replace function clipsql_private.remembered_vector(body text, of_model integer)
returns vector
language sql stable parallel safe
begin atomic
    select r.embedding
    from clipsql_private.remembered_text as r
    where r.model_id = of_model and r.body = remembered_vector.body;
end;

comment on function clipsql_private.remembered_vector(text, integer) is
    'The remembered vector of a text under a model; null without one.';
