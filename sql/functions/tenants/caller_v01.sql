-- Who asks: the role of the session. Within functions that run as their owner current_user tells the owner instead; the
-- setting "role" is what a session has set by SET ROLE, which only members may.
create or replace function clipsql_private.caller()
returns name
language sql stable parallel safe
return case when current_setting('role') = 'none' then session_user else current_setting('role')::name end;

comment on function clipsql_private.caller() is 'The role that asks, also within functions that run as their owner.';
