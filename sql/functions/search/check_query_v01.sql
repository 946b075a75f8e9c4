-- A vector must fit the model before anything is compared with it.
create or replace function clipsql_private.check_query(query vector, chosen clipsql.model, called text default 'query vector')
returns void
language plpgsql stable parallel safe
set search_path from current
as $$
begin
    if query is null then
        raise exception using errcode = 'CQ003', message = format('The %s is null.', called);
    elsif vector_dims(query) <> chosen.dimensions then
        raise exception using errcode = 'CQ003', message = format(
            'The %s has %s dimensions, but model %s has %s; make it with that model.',
            called, vector_dims(query), chosen.name, chosen.dimensions);
    elsif vector_norm(query) = 0 then
        raise exception using errcode = 'CQ003', message = format('The %s is zero and points nowhere.', called);
    end if;
end;
$$;

comment on function clipsql_private.check_query(vector, clipsql.model, text) is
    'Raises CQ003 when a vector does not fit a model.';
