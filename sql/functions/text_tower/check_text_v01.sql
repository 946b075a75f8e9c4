-- No text, or one of nothing but white space, has no meaning that a picture could match.
create or replace function clipsql_private.check_text(query text)
returns void
language plpgsql immutable parallel safe
as $$
begin
    perform clipsql_private.check_most('query', length(query), 'characters', 'CQ006');
    if coalesce(clipsql_private.normalize_text(query), '') in ('', ' ') then
        raise exception using errcode = 'CQ006', message = 'The text is empty; give at least one word.';
    end if;
end;
$$;

comment on function clipsql_private.check_text(text) is 'Raises CQ006 for a text that is null, empty, blank or too long.';
