-- The models that pictures of a collection are to be embedded under while there is a shadow: that one, and the default model,
-- so that a worker which knows the new one alone leaves no picture out of today's searches. None while there is no shadow.
create or replace function clipsql_private.kept_models(of_collection text)
returns setof integer
language sql stable parallel safe
begin atomic
    with shadow as (
        select s.model_id from clipsql_private.shadow as s
        where (s.collection is null or s.collection = of_collection) and (s.kept_until is null or s.kept_until > now())
    )
    select m.model_id
    from clipsql.model as m
    where m.location is not null  -- else no worker makes its vectors
        and (m.model_id in (select s.model_id from shadow as s) or (m.is_default and exists (select from shadow)));
end;

comment on function clipsql_private.kept_models(text) is
    'The models that pictures of a collection are to be embedded under while there is a shadow.';
