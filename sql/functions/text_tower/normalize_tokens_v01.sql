-- What the export leaves of a layer norm: residuals brought to unit length, with the tower's norm_tail appended for the
-- moment, which is the square root of width times epsilon. No value of the result can overflow halfvec.
create or replace function clipsql_private.normalize_tokens(residuals vector[], norm_tail double precision)
returns halfvec[]
language plpgsql immutable parallel safe
set search_path from current
as $$
declare
    tail constant vector := array[norm_tail]::vector;
begin
    return array(
        select subvector(l2_normalize(r.body || tail), 1, vector_dims(r.body))::halfvec
        from unnest(residuals) as r (body));
end;
$$;

comment on function clipsql_private.normalize_tokens(vector[], double precision) is
    'Layer norm of every token, but for gain and bias.';
