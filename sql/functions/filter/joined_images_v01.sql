-- Two lists of pictures in one. A list of several dimensions stays as it is, to be refused with the other filters.
create or replace function clipsql_private.joined_images(images bigint[], more bigint[])
returns bigint[]
language sql immutable parallel safe
return case when array_ndims(images) > 1 then images else images || more end;

comment on function clipsql_private.joined_images(bigint[], bigint[]) is
    'Both lists of pictures in one; the first alone when it is no list.';
