-- How many vectors of a model an embedding table has, of those that who asks may see.
create or replace function clipsql_private.count_vectors(embeddings text, of_model integer)
returns bigint
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    found_rows bigint;
begin
    execute format('select count(*) from clipsql.%I as e where e.model_id = $1', embeddings) into found_rows using of_model;
    return found_rows;
end;
$$;

comment on function clipsql_private.count_vectors(text, integer) is 'Vectors of a model in an embedding table.';
