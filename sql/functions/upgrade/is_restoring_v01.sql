-- Whether this session loads a dump: pg_dump begins every one with these two settings, and nobody else has a use for both.
-- Where clipsql is an extension its triggers are there before the rows, which then must come as they were.
create or replace function clipsql_private.is_restoring()
returns boolean
language sql stable parallel safe
return not current_setting('check_function_bodies')::boolean and not current_setting('row_security')::boolean;

comment on function clipsql_private.is_restoring() is
    'Whether rows come out of a dump, with all that ever followed from them.';
