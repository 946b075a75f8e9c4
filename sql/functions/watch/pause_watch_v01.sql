-- Until clipsql.resume_watch, the watch raises nothing.
create or replace function clipsql.pause_watch(name text)
returns void
language sql volatile parallel unsafe
begin atomic
    select clipsql_private.set_paused(name, true);
end;

comment on function clipsql.pause_watch(text) is
    'Pauses a watch (a name of at most 200 characters): pictures that come meanwhile raise no alarm. For clipsql_writer.';
