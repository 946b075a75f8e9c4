-- A whole search as one JSON document, for web services: a question, filters by their names, an answer. Its numbers and
-- times are written in one way, whatever a session says.
create or replace function clipsql.search_request(request jsonb)
returns jsonb
language plpgsql stable parallel unsafe
set search_path from current
set extra_float_digits = 1
as $$
declare
    asked constant clipsql_private.requested_search := clipsql_private.read_request(request);
    chosen constant clipsql.model := clipsql_private.resolve_model(asked.model);
    found jsonb[];
begin
    if asked.search_in = 'regions' then
        found := array(select to_jsonb(s) from clipsql_private.run_region_request(asked, chosen.name) as s order by s.rank);
    else
        found := array(select to_jsonb(s) from clipsql_private.run_request(asked, chosen.name) as s order by s.rank);
    end if;
    return jsonb_build_object('model', chosen.name, 'matches', (
        select coalesce(jsonb_agg(m.match - '{image_id,similarity}'::text[] || jsonb_build_object(
            'id', m.match -> 'image_id', 'score', m.match -> 'similarity',
            'taken_at', (to_jsonb((m.match ->> 'taken_at')::timestamptz at time zone 'UTC') #>> '{}') || 'Z')
            order by m.place), '[]')
        from unnest(found) with ordinality as m(match, place)));
end;
$$;

comment on function clipsql.search_request(jsonb) is
    'A search as one JSON document (at most 8000000 bytes): {"text": ...}, {"image": 42}, {"vector": [...]} or {"query": "flower + 2*bee"},'
    ' with max_results and filters by the names of clipsql.search; answers {"model": ..., "matches": [{"id", "score", "rank",'
    ' "percentile", "url", "caption", "taken_at", "longitude", "latitude", "metadata"}, ...]}. With "search_in": "regions" it is'
    ' clipsql.search_regions, with having_label, and a match has "region_id", "box" and "label" in the place of percentiles.';
