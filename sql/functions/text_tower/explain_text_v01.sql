-- How much attention the token whose state becomes the embedding (CLIP's end token, BERT's start token) pays to each
-- word: the mean over the heads of the last layer, the pieces of a word added up. What goes to the start token, where
-- CLIP parks attention that it has no use for, and to the end token is left out, and the rest is scaled to sum to 1.
create or replace function clipsql.explain_text(query text, model text default null)
returns setof clipsql.word_result
language plpgsql stable parallel safe cost 1000000 rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(model);
    tower constant clipsql_private.text_tower := clipsql_private.loaded_text_tower(chosen);
    ids integer[];
    words text[];
    word_numbers integer[];
    last_query vector;
    last_keys vector[];
begin
    if query is null then
        return;
    end if;
    perform clipsql_private.check_text(query);
    select
        array_agg(w.token_id order by w.number), array_agg(w.word order by w.number),
        array_agg(w.word_number order by w.number)
    into ids, words, word_numbers
    from clipsql_private.encode_words(query, tower) with ordinality as w (token_id, word_number, word, number);
    select t.last_query, t.last_keys into last_query, last_keys
    from clipsql_private.run_text_tower(tower, tower.start_id || ids || tower.end_id) as t;
    return query
    -- Sums have an order: the last digit must not depend on the plan.
    with score as (
        select h.first, k.number, inner_product(
            subvector(k.body, h.first, tower.width / tower.heads),
            subvector(last_query, h.first, tower.width / tower.heads)) as score
        from unnest(last_keys) with ordinality as k (body, number),
            generate_series(1, tower.width, tower.width / tower.heads) as h (first)
    ), power as (
        select s.first, s.number, exp(greatest(s.score - max(s.score) over (partition by s.first), -700)) as power
        from score as s
    ), share as (
        select p.first, p.number, p.power / sum(p.power) over (
            partition by p.first order by p.number rows between unbounded preceding and unbounded following) as share
        from power as p
    )
    select t.word_number, t.word, coalesce(sum(s.share order by s.number, s.first), 0)
        / sum(sum(s.share order by s.number, s.first)) over (
            order by t.word_number rows between unbounded preceding and unbounded following)
    from unnest(word_numbers, words) with ordinality as t (word_number, word, number)
    left join share as s on s.number = t.number + 1
    group by t.word_number, t.word
    order by t.word_number;
end;
$$;

comment on function clipsql.explain_text(text, text) is
    'Share of the attention that each word of a text (at most 5000 characters) gets in the last layer from the token that becomes the embedding; shares sum to 1.';
