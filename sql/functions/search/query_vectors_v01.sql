-- What the terms of a query become: vectors, weights, and the stored pictures among them.
create or replace function clipsql_private.query_vectors(
    query text, model text, out vectors vector[], out weights double precision[], out pictures bigint[])
language plpgsql stable parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    file record;
begin
    select t.body, t.position into file from clipsql_private.parse_query(query_vectors.query) as t where t.kind = 'file' limit 1;
    if found then
        raise exception using errcode = 'CQ004', message = format(
            'Column %s: the database reads no files, so it cannot take %s; search with the command, or store the picture and write image:ID.',
            file.position, file.body);
    end if;
    select
        array_agg(
            case t.kind
                when 'text' then clipsql.embed_text(t.body, query_vectors.model)
                else clipsql.image_vector(t.image_id, query_vectors.model) end
            order by t.position),
        array_agg(t.weight order by t.position),
        array_agg(t.image_id) filter (where t.image_id is not null)
    into vectors, weights, pictures
    from clipsql_private.parse_query(query_vectors.query) as t;
end;
$$;

comment on function clipsql_private.query_vectors(text, text) is
    'Vectors and weights of the terms of a query, and the stored pictures that it names; CQ004 for a file.';
