-- Whether a watch raises alarms; what comes while it is paused raises none later either.
create or replace function clipsql_private.set_paused(name text, is_paused boolean)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    watch constant clipsql.watch_list := clipsql_private.find_watch(set_paused.name);
begin
    if not clipsql_private.owns(watch.owner) then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Watch "%s" is another role''s, who alone changes it.', watch.name);
    end if;
    update clipsql.watch_list as w
    set is_paused = set_paused.is_paused, problem = case when set_paused.is_paused then w.problem end
    where w.watch_id = watch.watch_id;
    update clipsql_private.watch_vector as v set is_paused = set_paused.is_paused where v.watch_id = watch.watch_id;
end;
$$;

comment on function clipsql_private.set_paused(text, boolean) is 'Pauses a watch, or lets it go on.';
