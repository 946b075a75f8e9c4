-- Vectors that are joined in one query, each with its weight.
create or replace function clipsql_private.check_terms(vectors vector[], weights double precision[])
returns void
language plpgsql immutable parallel safe
set search_path from current
as $$
begin
    perform clipsql_private.check_most('vectors', cardinality(vectors), 'vectors');
    if coalesce(cardinality(vectors), 0) = 0 then
        raise exception using errcode = 'CQ004', message = 'vectors must hold at least one vector.';
    elsif array_ndims(vectors) > 1 or array_ndims(weights) > 1 then
        raise exception using errcode = 'CQ004', message = 'vectors and weights must be one-dimensional arrays.';
    elsif cardinality(weights) <> cardinality(vectors) then
        raise exception using errcode = 'CQ004', message =
            'There are ' || cardinality(vectors) || ' vectors but ' || cardinality(weights) || ' weights; give one weight for each vector.';
    elsif array_position(vectors, null) is not null or array_position(weights, null) is not null then
        raise exception using errcode = 'CQ004', message = 'vectors and weights must hold no null.';
    end if;
    perform clipsql_private.check_weight(w.weight) from unnest(weights) as w(weight);
end;
$$;

comment on function clipsql_private.check_terms(vector[], double precision[]) is
    'Raises CQ004 when vectors and weights do not make one query.';
