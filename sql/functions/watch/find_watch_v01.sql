-- A watch by its name, as every function that is about one asks for it.
create or replace function clipsql_private.find_watch(name text)
returns clipsql.watch_list
language plpgsql stable parallel safe
as $$
declare
    found_watch clipsql.watch_list;
begin
    perform clipsql_private.check_most('watch', length(find_watch.name), 'characters');
    select w.* into found_watch from clipsql.watch_list as w where w.name = find_watch.name;
    if not found then
        raise exception using errcode = 'CQ009', message = format(
            'There is no watch "%s"; clipsql.watch_list shows what there is.', find_watch.name);
    end if;
    return found_watch;
end;
$$;

comment on function clipsql_private.find_watch(text) is 'The watch of that name; CQ009 when there is none.';
