-- Keeps pictures out of a coordinator, where no search would find them: the trigger comes with the first shard.
create or replace function clipsql_private.refuse_picture()
returns trigger
language plpgsql volatile parallel unsafe
as $$
begin
    raise exception using errcode = 'CQ007', message =
        'This database is a coordinator, whose pictures lie on shards; write through "clipsql ingest", clipsql.put_image or'
        ' Searcher.put_many, or on the shard itself.';
end;
$$;

comment on function clipsql_private.refuse_picture() is 'Trigger of a coordinator: its pictures lie on shards.';
