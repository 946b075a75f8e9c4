-- How much attention the end-of-text token, whose state becomes the embedding, pays to each word: the mean over the
-- heads of the last layer. The byte pieces of a word are added up. What goes to the start token, where CLIP parks
-- attention that it has no use for, and to the end token itself is left out, and the rest is scaled to sum to 1.
create or replace function clipsql.explain_text(query text, model text default null)
returns table ("position" integer, word text, weight double precision)
language plpgsql stable parallel safe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql._resolve_model(model);
    tower constant clipsql.text_tower := clipsql._loaded_text_tower(chosen);
    words integer[];
    bodies text[];
    ids integer[];
    attention vector;
begin
    if query is null then
        return;
    elsif clipsql._shape_text(query) !~ '[^ ]' then
        raise exception using errcode = 'CQ006', message = 'The text is empty; give at least one word.';
    end if;
    select array_agg(w.token_id order by w.ordinality), array_agg(w.word_number order by w.ordinality),
        array_agg(w.word order by w.ordinality)
    into ids, words, bodies
    from clipsql._encode_words(query, tower) with ordinality as w;
    select avg(h.weights) into attention
    from unnest((clipsql._run_text_tower(tower, tower.start_id || ids || tower.end_id)).attention) as h (weights);
    return query
    select t.word_number, t.word, sum(t.weight) / sum(sum(t.weight)) over ()
    from (
        select u.word_number, u.word, coalesce(u.weight, 0)::double precision as weight
        from unnest(words, bodies, (attention::real[])[2 : cardinality(ids) + 1]) as u (word_number, word, weight)
        where u.word is not null
    ) as t
    group by t.word_number, t.word
    order by t.word_number;
end;
$$;

comment on function clipsql.explain_text(text, text) is
    'Share of the attention that each word of a text gets from its end token in the last layer; shares sum to 1.';
