-- A column's value in metadata, the same whatever a session sets: instants in UTC, and no text that jsonb cannot hold.
create or replace function clipsql_private.json_of_column(name text, type oid)
returns text
language sql stable parallel safe
return case
    when type = 'timestamptz'::regtype then
        format('to_jsonb((to_jsonb(s.%1$s at time zone ''UTC'') #>> ''{}'') || ''+00:00'')', name)
    when type = 'json'::regtype then
        format('case when strpos(s.%1$s::text, chr(92) || ''u0000'') > 0 then to_jsonb(s.%1$s::text) else to_jsonb(s.%1$s) end', name)
    else format('to_jsonb(s.%s)', name)
end;

comment on function clipsql_private.json_of_column(text, oid) is 'SQL for a column of a row s as jsonb.';
