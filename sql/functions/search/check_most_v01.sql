-- What is too large is refused before it costs time, and before PostgreSQL's own limits end it in an error of theirs.
create or replace function clipsql_private.check_most(argument text, size bigint, unit text, code text default 'CQ004')
returns void
language plpgsql immutable parallel safe
as $$
begin
    if size > clipsql_private.most(argument) then
        raise exception using errcode = code,
            message = argument || ' takes at most ' || clipsql_private.most(argument) || ' ' || unit || ', not ' || size || '.';
    end if;
end;
$$;

comment on function clipsql_private.check_most(text, bigint, text, text) is
    'Raises CQ004, or the given code, when an argument holds more than it may.';
