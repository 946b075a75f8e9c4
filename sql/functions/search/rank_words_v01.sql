-- Pictures whose captions have words of the query, with a score: the sum over these words of how rare the word is
-- among the hits, times n / (n + 1) for the n captions of the picture that have it. That is BM25 without lengths;
-- PostgreSQL's own ts_rank knows no rareness, and websearch syntax, which wants every word, finds next to nothing
-- of a sentence. Measured in benchmarks/hybrid.py.
create or replace function clipsql_private.rank_words(
    query text, conditions text, filter clipsql_private.search_filter, chosen clipsql.model)
returns table (image_id bigint, score double precision)
language plpgsql stable parallel unsafe rows 1000
set search_path from current
set gin_fuzzy_search_limit = 0
set jit = off
as $$
#variable_conflict use_column
declare
    configurations regconfig[];
    numbers integer[];
    terms tsquery[];
    any_term tsquery;
begin
    select
        array_agg(clipsql_private.caption_configuration(l.code)), array_agg(t.number), array_agg(t.term),
        string_agg(distinct t.term::text, ' | ')::tsquery
    into configurations, numbers, terms, any_term
    from unnest(clipsql_private.caption_languages()) as l(code)
    cross join lateral clipsql_private.word_terms(query, l.code) as t;
    if any_term is null then
        return;  -- nothing but stop words
    end if;
    return query execute format(
        'with hit as materialized (
             select c.image_id, t.number, count(*) as captions
             from clipsql.caption as c
             join unnest($3, $4, $5) as t(configuration, number, term)
                 on t.configuration = clipsql_private.caption_configuration(c.language) and c.words @@ t.term
             where c.words @@ $2
                 and exists (select %s and e.image_id = c.image_id)
             group by c.image_id, t.number
         ), weighed as (
             select h.image_id, h.captions / (h.captions + 1.0::double precision)
                 * ln(1 + (select count(distinct a.image_id) from hit as a)::double precision
                        / count(*) over (partition by h.number)) as weight
             from hit as h
         )
         select w.image_id, sum(w.weight order by w.weight) from weighed as w group by w.image_id',
        clipsql_private.candidates(conditions, chosen))
    using filter, any_term, configurations, numbers, terms;
end;
$$;

comment on function clipsql_private.rank_words(text, text, clipsql_private.search_filter, clipsql.model) is
    'Pictures that pass the filter and whose captions have words of the query, with a score by number and rareness.';
