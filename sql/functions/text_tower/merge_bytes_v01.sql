-- Byte-pair encoding of one piece: its bytes as tokens, then always the pair that comes first in the merge list.
create or replace function clipsql_private.merge_bytes(word text, tower clipsql_private.text_tower)
returns integer[]
language plpgsql stable parallel safe
set plan_cache_mode = force_generic_plan
as $$
declare
    bytes constant bytea := convert_to(word, 'UTF8');
    last constant integer := length(bytes);
    ids integer[];
    merged integer[];
    best record;
    number integer;
begin
    -- A byte that the vocabulary lacks is the unknown token, or nothing where there is none.
    ids := array_remove(array(
        select case when i = last then tower.last_byte_ids[1 + get_byte(bytes, i - 1)]
            else tower.byte_ids[1 + get_byte(bytes, i - 1)] end
        from generate_series(1, last) as i), null);
    loop
        select m.left_id, m.right_id, m.merged_id into best
        from unnest(ids[: cardinality(ids) - 1], ids[2 :]) as pair (left_id, right_id)
        join clipsql_private.text_merge as m
            on m.model_id = tower.model_id and m.left_id = pair.left_id and m.right_id = pair.right_id
        order by m.rank
        limit 1;
        exit when not found;
        merged := '{}';
        number := 1;
        while number <= cardinality(ids) loop
            if ids[number] = best.left_id and ids[number + 1] = best.right_id then
                merged := merged || best.merged_id;
                number := number + 2;
            else
                merged := merged || ids[number];
                number := number + 1;
            end if;
        end loop;
        ids := merged;
    end loop;
    return ids;
end;
$$;

comment on function clipsql_private.merge_bytes(text, clipsql_private.text_tower) is 'Token ids of one piece of a text.';
