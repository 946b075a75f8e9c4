-- Drops search rows of a model with what they were made by: all of them, or those that were retired so long ago that no
-- search of before still reads them. For the owner.
create or replace function clipsql_private.drop_search_rows(of_model integer, retired_before timestamptz default null)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    old integer;
begin
    for old in
        delete from clipsql_private.code_basis as b
        where b.model_id = of_model and (retired_before is null or (b.state = 'retired' and b.changed_at < retired_before))
        returning b.basis_id
    loop
        execute format('drop table clipsql_private.search_row_%s', old);
    end loop;
end;
$$;

comment on function clipsql_private.drop_search_rows(integer, timestamptz) is
    'Drops the search rows of a model with their bases, or those retired before a time.';
