-- Pictures with all that hangs on them. Locked in the order of ids, as workers do, so that the two never wait for each other.
create or replace function clipsql.remove_images(images bigint[])
returns integer
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    removed integer;
begin
    perform clipsql_private.check_most('images', cardinality(images), 'ids');
    if clipsql_private.has_shards() then
        return clipsql_private.remove_from_shards(images);
    end if;
    with locked as materialized (
        select i.image_id from clipsql.image as i where i.image_id = any (images) order by i.image_id for update
    )
    delete from clipsql.image as i using locked as l where i.image_id = l.image_id;
    get diagnostics removed = row_count;
    return removed;
end;
$$;

comment on function clipsql.remove_images(bigint[]) is
    'Removes pictures (at most 200000 ids) with their captions, embeddings and thumbnails, and returns how many there were;'
    ' ids that are not there are passed over. For clipsql_writer.';
