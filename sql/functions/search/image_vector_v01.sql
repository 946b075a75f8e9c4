-- The stored embedding of a picture, ready to search with.
create or replace function clipsql.image_vector(image bigint, model text default null)
returns vector
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(model);
    stored vector;
    state text;
begin
    -- Joined with image, not read from image_embedding alone, so that row-level security on image holds.
    execute format(
            'select e.embedding::vector, i.status
             from %s as i
             left join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = $2
             where i.image_id = $1', clipsql_private.visible_images())
        into stored, state using image, chosen.model_id;
    if state is null then
        select v.vector, v.state into stored, state from clipsql_private.vector_of_shards(image, chosen.name) as v;
    end if;
    if state is null then
        raise exception using errcode = 'CQ002', message = format('There is no image %s.', coalesce(image::text, 'null'));
    elsif stored is null then
        raise exception using errcode = 'CQ002', message = format(
            'Image %s (status %s) has no embedding under model %s; run "clipsql ingest" with that model.',
            image, state, chosen.name);
    end if;
    return stored;
end;
$$;

comment on function clipsql.image_vector(bigint, text) is
    'Unit-length embedding of a stored picture under a model (default: the default model).';
