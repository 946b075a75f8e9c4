-- What a coordinator needs to know of a shard: how far it is, what it holds, and whether its models are the same, for which
-- the vector of one text is evidence enough: other weights, another vector.
create or replace function clipsql_private.describe_as_shard(request jsonb)
returns jsonb
language plpgsql stable parallel unsafe
set search_path from current
as $$
declare
    one clipsql.model;
    probe vector;
    models jsonb := '[]';
begin
    for one in select m.* from clipsql.model as m order by m.name loop
        begin
            probe := clipsql.embed_text('a photo', one.name);
        exception when sqlstate 'CQ005' or sqlstate 'CQ007' then  -- no text tower, or none that SQL can run
            probe := null;
        end;
        models := models || jsonb_build_object(
            'name', one.name, 'revision', one.revision, 'dimensions', one.dimensions, 'has_files', one.location is not null,
            'probe', probe::text);
    end loop;
    return jsonb_build_object(
        'revision', (select max(r.version_num) from clipsql_private.revision as r), 'models', models,
        'is_coordinator', clipsql_private.has_shards(),
        'slots', case when (request -> 'with_slots')::boolean then (
            select jsonb_object_agg(s.slot, s.pictures)
            from (
                select clipsql_private.slot_of(i.url) as slot, count(*) as pictures from clipsql.image as i group by slot
            ) as s) end,
        'pictures', (select count(*) from clipsql.image as i),
        'pending', (select count(*) from clipsql.image as i where i.status = 'pending'),
        'failed', (select count(*) from clipsql.image as i where i.status = 'failed'),
        'greatest_id', (select max(i.image_id) from clipsql.image as i),
        'is_restricted', (select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = 'clipsql.image'::regclass));
end;
$$;

comment on function clipsql_private.describe_as_shard(jsonb) is 'Revision, models and counts of a database, for a coordinator.';
