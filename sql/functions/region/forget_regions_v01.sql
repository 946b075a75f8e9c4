-- Other content under the same address: what models made of its parts is wrong now, and what was wrong with them may be right.
-- The boxes stay, but tiles that no more fit go with "clipsql regions tile".
-- Security definer: who may write pictures needs no right to what hangs on them.
create or replace function clipsql_private.forget_regions()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    delete from clipsql.region_embedding as e where e.image_id = new.image_id;
    update clipsql.image_region as r set error = null where r.image_id = new.image_id and r.error is not null;
    return null;
end;
$$;

comment on function clipsql_private.forget_regions() is
    'Trigger: with a picture''s content the vectors of its regions go.';
