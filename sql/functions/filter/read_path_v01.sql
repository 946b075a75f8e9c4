-- A JSON path that arrives as text, from Python, the command line or the web: blank is no path, and a mistake in it gets
-- the error of a bad argument.
-- parallel unsafe: to catch an error is to begin a subtransaction.
create or replace function clipsql_private.read_path(body text)
returns jsonpath
language plpgsql immutable parallel unsafe
as $$
begin
    return case when body ~ '[^[:space:]]' then body end::jsonpath;
exception when data_exception or syntax_error or program_limit_exceeded or feature_not_supported then
    raise exception using errcode = 'CQ004', message =
        'metadata_matches is no JSON path (' || sqlerrm || '); write it as in: $.price < 50 && $.brand == "x".';
end;
$$;

comment on function clipsql_private.read_path(text) is 'The JSON path that a text writes, null for a blank one; CQ004 for a mistake.';
