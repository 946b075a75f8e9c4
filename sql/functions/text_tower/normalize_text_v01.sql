-- A text as CLIP's tokenizer normalises it: NFC, every run of white space one space, lower case.
create or replace function clipsql_private.normalize_text(body text)
returns text
language sql immutable strict parallel safe
as $$
    select regexp_replace(
        case when octet_length(body) = char_length(body)
        then translate(lower(body collate "C"), e'\t\n\x0b\f\r', '     ')
        else translate(
            clipsql_private.lower_letters(normalize(body, nfc)),
            e'\t\n\x0b\f\r'
            '\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006'
            '\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
            '     '
            '                   ')
        end collate "C",
        ' {2,}', ' ', 'g')
$$;

comment on function clipsql_private.normalize_text(text) is
    'NFC, single spaces and lower case, the same under every collation.';
