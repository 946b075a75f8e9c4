-- What came while the watch was paused stays without alarm; clipsql.backtest tells of it.
create or replace function clipsql.resume_watch(name text)
returns void
language sql volatile parallel unsafe
begin atomic
    select clipsql_private.set_paused(name, false);
end;

comment on function clipsql.resume_watch(text) is
    'Lets a paused watch (a name of at most 200 characters) go on, with the pictures that come from now on. For clipsql_writer.';
