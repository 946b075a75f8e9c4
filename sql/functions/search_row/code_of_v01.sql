-- The code of a vector: its coordinates along the directions of a basis, or all of it where the basis has none. The inner
-- product of two codes is that of the vectors but for what lies across all directions.
create or replace function clipsql_private.code_of(embedding halfvec, of_basis integer)
returns halfvec
language plpgsql stable strict parallel safe
as $$
declare
    unit constant halfvec := l2_normalize(embedding);
    coordinates real[];
begin
    coordinates := array(
        select -(d.direction <#> unit) from clipsql_private.code_direction as d where d.basis_id = of_basis order by d.number);
    return case when coordinates = '{}' then unit else coordinates::halfvec end;
end;
$$;

comment on function clipsql_private.code_of(halfvec, integer) is
    'Coordinates of a vector, brought to unit length, along the directions of a code basis.';
