-- What the terms of a query become: vectors, weights, and the stored pictures among them. Learned fusions take one picture
-- and one text, in this order, in whichever they were written.
create or replace function clipsql_private.query_vectors(
    query text, model text, fusion text default 'weighted sum', out vectors vector[], out weights double precision[], out pictures bigint[])
language plpgsql stable parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    file record;
    is_learned constant boolean := fusion not in ('weighted sum', 'mean similarity', 'minimum similarity');
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
            order by is_learned and t.kind = 'text', t.position),
        array_agg(t.weight order by is_learned and t.kind = 'text', t.position),
        array_agg(t.image_id) filter (where t.image_id is not null)
    into vectors, weights, pictures
    from clipsql_private.parse_query(query_vectors.query) as t;
    if is_learned and cardinality(vectors) = 2 and cardinality(pictures) is distinct from 1 then
        raise exception using errcode = 'CQ004', message = format(
            'Fusion %s joins a picture and a text; write it as in: image:42 + "red truck".', quote_ident(fusion));
    end if;
end;
$$;

comment on function clipsql_private.query_vectors(text, text, text) is
    'Vectors and weights of the terms of a query, and the stored pictures that it names; CQ004 for a file.';
