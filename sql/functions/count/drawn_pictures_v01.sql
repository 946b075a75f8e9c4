-- The pictures that pass the filters, in the order in which they are to be checked. It is a matter of chance, in which what
-- is similar tends to come first (importance sampling by similarity, as in DISCount, AAAI 2024): each picture has a number
-- between 0 and 1 of its own for this query, always the same, divided by its size, one over the root of its rank. Of the
-- pictures before the first that is unchecked it is therefore known how likely it was that they are (priority sampling,
-- Duffield, Lund and Thorup 2007), whoever picked what to check, in how many sittings, under which filters. Pictures that
-- are added take their places among the others. Ranks are among all pictures, so that filters leave the order as it is.
create or replace function clipsql_private.drawn_pictures(
    query text, direction halfvec, filter clipsql_private.search_filter, chosen clipsql.model)
returns setof clipsql_private.drawn_picture
language plpgsql stable parallel unsafe rows 1000
set search_path from current
set gin_fuzzy_search_limit = 0
set jit = off
as $$
declare
    nothing clipsql_private.search_filter;
    digest constant bytea := clipsql_private.query_digest(query);
begin
    return query execute format(
            'with compared as materialized (
                 select e.image_id, 1 - (e.embedding <=> $2) as similarity %s
             ), ranked as (
                 select c.*, 1 / sqrt(row_number() over (order by c.similarity desc, c.image_id)::double precision) as size
                 from compared as c
                 where c.similarity < ''NaN''
             )
             select r.image_id, r.similarity, r.size,
                 ((hashint8extended(r.image_id, $3) & 9007199254740991)::double precision + 0.5)
                     / 9007199254740992 / r.size as priority,
                 i.url, i.taken_at, v.is_right
             from ranked as r
             join %s as i on i.image_id = r.image_id
             left join clipsql_private.verdict as v on v.image_id = r.image_id and v.query_digest = $4
             where %s',
            clipsql_private.candidates(clipsql_private.effective_conditions(nothing), chosen),
            clipsql_private.visible_images(), coalesce(nullif(clipsql_private.conditions(filter), ''), 'true'))
        using filter, direction, hashtextextended(encode(digest, 'hex') collate "C", 0), digest;
end;
$$;

comment on function clipsql_private.drawn_pictures(text, halfvec, clipsql_private.search_filter, clipsql.model) is
    'The pictures that pass the filters, each with its place in the order in which those of a query are checked.';
