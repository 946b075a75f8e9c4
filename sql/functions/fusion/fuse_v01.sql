-- The vector to search with that a learned fusion makes of a picture's and a text's: their weighted sum and what its layers
-- add. A layer's rows are its outputs, of weights for [picture, text, 1], or for the layer before and 1; only what is above
-- zero goes on to the next one.
create or replace function clipsql_private.fuse(chosen clipsql.fusion, picture vector, query vector)
returns vector
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    input vector := picture || query || '[1]'::vector;
    depth constant integer := (
        select max(r.layer) from clipsql_private.fusion_row as r where r.fusion_id = chosen.fusion_id);
    output real[];
begin
    for layer_number in 1 .. depth loop
        select array_agg(-(r.weights <#> input) order by r.number)
        into output
        from clipsql_private.fusion_row as r
        where r.fusion_id = chosen.fusion_id and r.layer = layer_number;
        if layer_number < depth then
            input := (array(select greatest(o.one, 0) from unnest(output) with ordinality as o(one, place) order by o.place)
                || 1::real)::vector;
        end if;
    end loop;
    return clipsql.mix(
        array[picture, query, output::vector], array[chosen.picture_weight, chosen.text_weight, 1]);
end;
$$;

comment on function clipsql_private.fuse(clipsql.fusion, vector, vector) is
    'What a learned fusion makes of the unit vectors of a picture and a text.';
