-- The terms of a query such as 'flower + 2*bee - night + image:42', in order; position is the column where each begins.
--
--     query = ["+" | "-"] term { ("+" | "-") term }
--     term  = thing | number "*" thing | thing "*" number      the weight binds closer than + and -
--     thing = words | "quoted" | 'quoted' | image:ID | file
--
-- All words between two signs are one text. A minus has white space, a quote or nothing before it: "t-shirt" is a word.
-- What holds a sign is quoted: "c++", with \" and \\ inside. A number alone is a text. A file begins with ./ ../ / or
-- ~/, or ends as picture files do without being quoted. Parentheses mean nothing yet and are refused. Signs and digits may
-- be full-width, and quotes Chinese or Japanese, as input methods write them; a full-width minus is never part of a word.
create or replace function clipsql_private.parse_query(query text)
returns table ("position" integer, kind text, body text, image_id bigint, weight double precision)
language plpgsql stable parallel safe
as $$
declare
    tokens constant text :=
        $re$(\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[-－+*]|[^-－+*()"'\s][^－+*()\s]*(?:\s+[^-－+*()\s][^－+*()\s]*)*|.)$re$;
    number constant text := '^([0-9]+([.][0-9]*)?|[.][0-9]+)$';
    file constant text := '^([.]{1,2}/|~?/)|.[.](avif|bmp|gif|heic|heif|jpe?g|png|tiff?|webp)$';
    -- The query with the signs as they are read; a text is taken from the query itself.
    plain constant text := translate(query, '　＋＊：．（）＂＇“”「」０１２３４５６７８９', ' +*:.()"''""""0123456789');
    token text;
    next_position integer := 1;
    last_sign text;  -- what the query began with, or the sign before this token
    factors text[] := '{}';  -- the one or two sides of a term, as they were written
    positions integer[] := '{}';
    sign integer := 1;
    terms integer := 0;
    is_quoted boolean;
    thing integer;  -- which of the factors is no weight
    reason text;
begin
    perform clipsql_private.check_most('query', length(query), 'characters');
    if query is null or plain !~ '[^[:space:]]' then
        raise exception using errcode = 'CQ004', message = 'The query is empty; write it as in: flower + 2*bee - night.';
    end if;
    for token in
        select t.matched[1] from regexp_matches(plain, tokens, 'g') as t(matched)
        union all select ''  -- the end
    loop
        position := next_position;
        next_position := position + length(token);
        token := replace(token, '－', '-');
        continue when token ~ '^[[:space:]]';
        if token not in ('+', '-', '*', '') then
            reason := case
                when token in ('(', ')') then
                    format('"%s" does not group here; give each term its own weight, or quote the text.', token)
                when token in ('"', '''') then 'this quote has no end.'
                when token ~ $re$^["'](\\?\s)*["']\Z$re$ then 'the quotes are empty.'
                when cardinality(factors) > 0 and last_sign is null then 'put + or - between two terms.'
                when length(token) > 30 and token ~ number then 'the number is too long.'
                when token ~* '^image:' and token !~* '^image:[0-9]{1,18}$' then
                    'image: takes the number of a stored picture, as in image:42; quote what is meant as a text.'
            end;
            factors := factors || token;
            positions := positions || position;
            last_sign := null;
        elsif last_sign is not null or cardinality(factors) = 0 then
            if token in ('+', '-') and last_sign is null then
                sign := case token when '-' then -1 else 1 end;
            else
                reason := case
                    when token = '' then format('nothing follows "%s".', last_sign)
                    else format('"%s" needs a text or a picture before it; quote signs that belong to a text.', token) end;
            end if;
            last_sign := token;
        elsif token = '*' then
            if cardinality(factors) = 2 then
                reason := 'a term takes one weight.';
            end if;
            last_sign := token;
        else
            -- A term ends.
            terms := terms + 1;
            perform clipsql_private.check_most('terms', terms, 'terms');
            thing := case when factors[1] ~ number and cardinality(factors) = 2 then 2 else 1 end;
            if cardinality(factors) = 2 and (factors[1] ~ number) = (factors[2] ~ number) then
                position := positions[2];
                reason := case
                    when factors[1] ~ number then 'both sides of "*" are numbers; quote the one that is a text.'
                    else '"*" stands between a number and a text or picture.' end;
            else
                position := positions[thing];
                body := factors[thing];
                weight := sign * case cardinality(factors) when 2 then factors[3 - thing]::double precision else 1 end;
                is_quoted := body ~ '^["'']';
                if body ~* '^image:' then
                    kind := 'image';
                    image_id := substr(body, length('image:') + 1)::bigint;
                else
                    image_id := null;
                    body := substr(query, position, length(body));
                    kind := case when not is_quoted and body ~* file then 'file' else 'text' end;
                end if;
                if is_quoted then
                    body := regexp_replace(substr(body, 2, length(body) - 2), $re$\\(.)$re$, $re$\1$re$, 'g');
                    kind := case when body ~ '^([.]{1,2}/|~?/)' then 'file' else 'text' end;
                end if;
                return next;
            end if;
            sign := case token when '-' then -1 else 1 end;
            factors := '{}';
            positions := '{}';
            last_sign := nullif(token, '');
        end if;
        if reason is not null then
            raise exception using errcode = 'CQ004', message = format('Column %s of the query: %s', position, reason);
        end if;
    end loop;
end;
$$;

comment on function clipsql_private.parse_query(text) is
    'Terms of a query expression: kind text, image or file, with its weight; CQ004 points at the column of a mistake.';
