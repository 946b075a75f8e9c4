-- A text of nothing but white space has no meaning that a picture could match.
create or replace function clipsql._check_text(query text)
returns void
language plpgsql immutable parallel safe
as $$
begin
    if clipsql._normalize_text(query) in ('', ' ') then
        raise exception using errcode = 'CQ006', message = 'The text is empty; give at least one word.';
    end if;
end;
$$;

comment on function clipsql._check_text(text) is 'Raises CQ006 for an empty or blank text.';
