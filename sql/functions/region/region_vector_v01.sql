-- The stored embedding of a region, to search for more like it: clipsql.search_regions(clipsql.region_vector(7)).
create or replace function clipsql.region_vector(region bigint, model text default null)
returns vector
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(model);
    stored vector;
    is_there boolean;
begin
    -- As in image_vector: by the picture, so that row-level security on image holds.
    execute format(
            'select e.embedding::vector, true
             from clipsql.image_region as r
             join %s as i on i.image_id = r.image_id
             left join clipsql.region_embedding as e on e.region_id = r.region_id and e.model_id = $2
             where r.region_id = $1', clipsql_private.visible_images())
        into stored, is_there using region, chosen.model_id;
    if is_there is null then
        raise exception using errcode = 'CQ002', message = format('There is no region %s.', coalesce(region::text, 'null'));
    elsif stored is null then
        raise exception using errcode = 'CQ002', message = format(
            'Region %s has no embedding under model %s; run "clipsql worker" with that model.', region, chosen.name);
    end if;
    return stored;
end;
$$;

comment on function clipsql.region_vector(bigint, text) is
    'Unit-length embedding of a stored region under a model (default: the default model).';
