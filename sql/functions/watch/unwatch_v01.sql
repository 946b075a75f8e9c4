-- A watch with its alarms.
create or replace function clipsql.unwatch(name text)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    watch constant clipsql.watch_list := clipsql_private.find_watch(unwatch.name);
begin
    if not clipsql_private.owns(watch.owner) then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Watch "%s" is another role''s, who alone removes it.', watch.name);
    end if;
    delete from clipsql.watch_list as w where w.watch_id = watch.watch_id;
end;
$$;

comment on function clipsql.unwatch(text) is
    'Removes a watch (a name of at most 200 characters) with its alarms. For clipsql_writer.';
