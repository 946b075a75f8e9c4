-- What a block of a layer adds its output to. Where layer norms stand before the blocks, as in CLIP, that is what the
-- blocks before left. Where they stand behind, as in BERT, it is that after the norm: brought to unit length, then the
-- norm's gain and bias, and centred again, since the export centred all else that is added.
create or replace function clipsql_private.carry_tokens(
    of_model integer, of_layer integer, of_part text, norm_tail double precision, residuals vector[])
returns vector[]
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    matrix clipsql_private.text_matrix;
    tail constant vector := array[norm_tail]::vector;
    width constant integer := vector_dims(residuals[1]);
begin
    select m.* into matrix
    from clipsql_private.text_matrix as m
    where m.model_id = of_model and m.layer = of_layer and m.part = of_part;
    if not found then
        return residuals;
    end if;
    return array(
        select n.body * matrix.scales + matrix.biases
            + array_fill((n.body <#> matrix.scales) / width, array[width])::vector
        from unnest(residuals) as r (body),
            lateral (select subvector(l2_normalize(r.body || tail), 1, width) as body offset 0) as n);
end;
$$;

comment on function clipsql_private.carry_tokens(integer, integer, text, double precision, vector[]) is
    'What a block of a layer adds its output to, for every token.';
