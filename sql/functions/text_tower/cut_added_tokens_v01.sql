-- A text in parts: what somebody typed that is a token of its own, such as <|endoftext|>, and what is between, already
-- normalised. Some tokens are matched in the text as typed, some in the normalised text; the tokenizer says which.
create or replace function clipsql_private.cut_added_tokens(query text, tower clipsql_private.text_tower)
returns table (number bigint, body text, token_id integer)
language sql stable parallel safe rows 1
as $$
    select
        row_number() over (order by typed.number, typed.is_token, normal.number, normal.is_token),
        normal.body,
        (select a.token_id from clipsql_private.text_added_token as a
            where a.model_id = tower.model_id and a.body = normal.body and normal.is_token)
    from (
        select u.number, p.is_token, p.body
        from unnest(
                regexp_split_to_array(query collate "C", tower.typed_pattern),
                array(select m.found[1]
                    from regexp_matches(query collate "C", '(' || tower.typed_pattern || ')', 'g') as m (found)))
            with ordinality as u (plain, token, number),
            lateral (values (false, u.plain), (true, u.token)) as p (is_token, body)
    ) as typed,
    lateral (
        select 1::bigint as number, true as is_token, typed.body where typed.is_token
        union all
        select u.number, p.is_token, p.body
        from (select case tower.vocabulary
                when 'BPE' then clipsql_private.normalize_text(typed.body)
                else clipsql_private.bert_text(typed.body) end collate "C" as body) as n,
            unnest(
                regexp_split_to_array(n.body, tower.normal_pattern),
                array(select m.found[1]
                    from regexp_matches(n.body, '(' || tower.normal_pattern || ')', 'g') as m (found)))
            with ordinality as u (plain, token, number),
            lateral (values (false, u.plain), (true, u.token)) as p (is_token, body)
        where not typed.is_token
    ) as normal
    where normal.body <> ''
$$;

comment on function clipsql_private.cut_added_tokens(text, clipsql_private.text_tower) is
    'Parts of a text: tokens that were typed out, and normalised text between them.';
