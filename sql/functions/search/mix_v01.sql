-- Weighted sum of vectors: joint queries ("flower" + 2 x "bee"), a picture plus words, negatives by negative weights.
create or replace function clipsql.mix(vectors vector[], weights double precision[] default null)
returns vector
language plpgsql immutable parallel safe
set search_path from current
as $$
declare
    terms constant integer := coalesce(cardinality(vectors), 0);
    size integer;
    total vector;
    term vector;
begin
    if terms = 0 then
        raise exception using errcode = 'CQ004', message = 'mix needs at least one vector.';
    elsif array_ndims(vectors) > 1 or array_ndims(weights) > 1 then
        raise exception using errcode = 'CQ004', message = 'mix takes one-dimensional arrays of vectors and weights.';
    elsif weights is not null and cardinality(weights) <> terms then
        -- Not format(), which is only stable.
        raise exception 'mix got % vectors but % weights; give one weight for each vector.', terms, cardinality(weights)
            using errcode = 'CQ004';
    elsif array_position(vectors, null) is not null or array_position(weights, null) is not null then
        raise exception using errcode = 'CQ004', message = 'mix takes no null among its vectors and weights.';
    elsif exists (select from unnest(weights) as w where w <> 0 and abs(w) not between 1e-20 and 1e20) then
        -- Beyond this the components of a vector, which are float4, overflow or vanish. NaN is above all numbers.
        raise exception 'mix takes weights of 0 or of a size between 1e-20 and 1e20, not %.',
            (select w from unnest(weights) as w where w <> 0 and abs(w) not between 1e-20 and 1e20 limit 1)
            using errcode = 'CQ004';
    end if;
    size := vector_dims(vectors[array_lower(vectors, 1)]);
    for position in 0 .. terms - 1 loop
        term := vectors[array_lower(vectors, 1) + position];
        if vector_dims(term) <> size then
            raise exception 'mix got vectors of % and % dimensions; mix vectors of one model only.', size, vector_dims(term)
                using errcode = 'CQ003';
        end if;
        if weights is not null then
            term := term * array_fill(weights[array_lower(weights, 1) + position]::real, array[size])::vector;
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
    'Weighted sum of the vectors as they are (weights default to 1; negative ones push away).';
