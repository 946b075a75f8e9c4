-- The statement that switches a rule or trigger made anew off, or on for replicas, as it was; null: it is on, as ever.
create or replace function clipsql_private.switching(kind text, of_relation oid, name text, state "char")
returns text
language sql stable parallel safe
return case when state <> 'O' then format('alter table %s %s %s %I', of_relation::regclass,
    case state when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, kind, name) end;

comment on function clipsql_private.switching(text, oid, text, "char") is
    'Statement that gives a rule or trigger its state again; null where that is the usual one.';
