-- Weighted sum of vectors: joint queries ("flower" + 2 x "bee"), a picture plus words, negatives by negative weights.
create or replace function clipsql.mix(vectors vector[], weights double precision[] default null)
returns vector
language plpgsql immutable parallel safe
set search_path from current
as $$
declare
    size integer;
    weight double precision;
    reach double precision := 0;  -- no component of the sum is larger
    total vector;
    term vector;
begin
    perform clipsql_private.check_terms(vectors, weights);
    size := vector_dims(vectors[array_lower(vectors, 1)]);
    for position in 0 .. cardinality(vectors) - 1 loop
        term := vectors[array_lower(vectors, 1) + position];
        if vector_dims(term) <> size then
            raise exception 'mix got vectors of % and % dimensions; mix vectors of one model only.', size, vector_dims(term)
                using errcode = 'CQ003';
        end if;
        weight := coalesce(weights[array_lower(weights, 1) + position], 1);
        reach := reach + abs(weight) * vector_norm(term);
        if reach > 1e38 then
            raise exception using errcode = 'CQ003',
                message = 'These vectors are too long to be added; bring them to unit length with l2_normalize.';
        elsif weight <> 1 then
            -- Not vector * vector, which refuses a product that is too small for float4 instead of calling it 0.
            term := array(select weight * c.component from unnest(term::real[]) as c(component))::vector;
        end if;
        total := case when total is null then term else total + term end;
    end loop;
    if vector_norm(total) = 0 then
        raise exception using errcode = 'CQ003',
            message = 'The weighted sum of these vectors is zero and points nowhere; change the weights.';
    end if;
    return total;
end;
$$;

comment on function clipsql.mix(vector[], double precision[]) is
    'Weighted sum of the vectors as they are (weights default to 1; negative ones push away); at most 1000.';
