-- A query vector must fit the model before anything is compared with it.
create or replace function clipsql_private.check_query(query vector, chosen clipsql.model)
returns void
language plpgsql stable parallel safe
set search_path from current
as $$
begin
    if query is null then
        raise exception using errcode = 'CQ003', message = 'The query vector is null.';
    elsif vector_dims(query) <> chosen.dimensions then
        raise exception using errcode = 'CQ003', message = format(
            'The query vector has %s dimensions, but model %s has %s; embed the query with that model.',
            vector_dims(query), chosen.name, chosen.dimensions);
    elsif vector_norm(query) = 0 then
        raise exception using errcode = 'CQ003', message = 'The query vector is zero and points nowhere.';
    end if;
end;
$$;

comment on function clipsql_private.check_query(vector, clipsql.model) is
    'Raises CQ003 when a query vector does not fit a model.';
