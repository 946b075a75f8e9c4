-- The pictures on all shards whose files hold just these bytes, as what a search by such a file leaves out; all are asked again
-- where slots were moved meanwhile. Volatile, so that it sees what was moved.
-- security definer: who searches needs no right to the shards.
create or replace function clipsql_private.content_of_shards(sha256 bytea)
returns setof bigint
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
declare
    moved timestamptz;
    images bigint[];
begin
    if not clipsql_private.has_shards() then
        return;
    end if;
    perform clipsql_private.refuse_restricted();
    loop
        moved := (select max(s.moved_at) from clipsql_private.slot as s);
        images := array(
            select distinct i.image::bigint
            from clipsql_private.shard_answers(
                'content_as_shard', jsonb_build_object('sha256', encode(content_of_shards.sha256, 'hex')), true) as a
            cross join lateral jsonb_array_elements(a.answer -> 'images') as i(image));
        exit when moved = (select max(s.moved_at) from clipsql_private.slot as s);
    end loop;
    return query select i.image from unnest(images) as i(image);
end;
$$;

comment on function clipsql_private.content_of_shards(bytea) is 'Pictures on all shards with a content; none where there are no shards.';
