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
    answer jsonb;
begin
    select jsonb_build_object(
        'model', chosen.name,
        'matches', coalesce(jsonb_agg(to_jsonb(s) - '{image_id,similarity}'::text[] || jsonb_build_object(
            'id', s.image_id, 'score', s.similarity,
            'taken_at', (to_jsonb(s.taken_at at time zone 'UTC') #>> '{}') || 'Z') order by s.rank), '[]'))
    into answer
    from clipsql_private.run_request(asked, chosen.name) as s;
    return answer;
end;
$$;

comment on function clipsql.search_request(jsonb) is
    'A search as one JSON document (at most 8000000 bytes): {"text": ...}, {"image": 42}, {"vector": [...]} or {"query": "flower + 2*bee"},'
    ' with max_results and filters by the names of clipsql.search; answers {"model": ..., "matches": [{"id", "score", "rank",'
    ' "percentile", "url", "caption", "taken_at", "longitude", "latitude", "metadata"}, ...]}.';
