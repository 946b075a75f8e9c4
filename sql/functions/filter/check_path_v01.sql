-- What metadata_matches takes: a path that says of every picture whether it matches. One that only points somewhere, such
-- as $.price, would match nothing without a word, and a variable would end the search at the first picture that has it.
create or replace function clipsql_private.check_path(path jsonpath)
returns void
language plpgsql immutable parallel safe
as $$
begin
    if jsonb_typeof(jsonb_path_query_first('{}', path, '{}', true)) in ('boolean', 'null') is not true then
        raise exception using errcode = 'CQ004', message =
            'metadata_matches must be true or false of a picture, as in $.price < 50 && $.brand == "x", not '
            || path::text || '.';
    -- Texts apart, a quote follows a dollar in a variable only.
    elsif strpos(regexp_replace(path::text, $re$"(\\.|[^"\\])*"$re$, '""', 'g'), '$""') > 0 then
        raise exception using errcode = 'CQ004', message =
            'metadata_matches takes no variables; write their values into ' || path::text || '.';
    end if;
end;
$$;

comment on function clipsql_private.check_path(jsonpath) is
    'Raises CQ004 for a JSON path that is no predicate or has variables.';
