-- The condition of a policy, as pg_get_expr tells it under standard_conforming_strings, as SQL in which current_user is that
-- role, and in which literals mean the same whatever a session sets. What stands in literals is none of its words.
create or replace function clipsql_private.condition_for(condition text, role_name name)
returns text
language sql stable parallel safe
begin atomic
    select coalesce(string_agg(
        case left(t.token[1], 1)
            when '''' then quote_literal(replace(substr(t.token[1], 2, length(t.token[1]) - 2), '''''', ''''))
            else regexp_replace(
                t.token[1], '\m(CURRENT_USER|CURRENT_ROLE|USER)\M',
                replace('(' || quote_literal(role_name) || '::name)', '\', '\\'), 'g') end,
        '' order by t.position), '')
    from regexp_matches(condition, '(''(?:[^'']|'''')*''|[^'']+)', 'g') with ordinality as t(token, position);
end;

comment on function clipsql_private.condition_for(text, name) is
    'The condition of a policy with a role in the place of current_user.';
