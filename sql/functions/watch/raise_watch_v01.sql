-- Alarms of one watch for pictures that are similar enough. A picture raises one once, whatever is written of it later. On
-- an occasion the first raises the alarm and the others count as its repeats: the unique index decides, so that of workers
-- who come at once one waits for the other. Rows are locked in the order of occasions, as by all others.
create or replace function clipsql_private.raise_watch(of_watch bigint, images bigint[], similarities double precision[])
returns bigint[]
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    watch clipsql.watch_list;
    fresh clipsql_private.watched_picture[];
    directions constant halfvec[] := clipsql_private.watch_directions(of_watch);
    size integer;
    distances double precision[];
    raised bigint[];
begin
    select w.* into watch from clipsql.watch_list as w where w.watch_id = of_watch;
    select array_agg(p order by p.image_id) into fresh
    from clipsql_private.watched(watch, images, similarities) as p
    where not exists (select from clipsql.alert as a where a.watch_id = of_watch and a.image_id = p.image_id)
        and not exists (select from clipsql_private.repeat as r where r.watch_id = of_watch and r.image_id = p.image_id);
    if fresh is null then
        return '{}';
    end if;
    -- The basis is of what is near to all vectors, a watch of what is near to one. And it is of all pictures: its owner may not
    -- see them all, nor, where tenants are kept apart, may who writes, within whose sight it would then be.
    if cardinality(directions) = 1 and clipsql_private.sees_all(watch.owner::name)
            and (not clipsql_private.keeps_tenants_apart() or clipsql_private.sees_all(clipsql_private.caller())) then
        select b.size, b.distances into size, distances
        from clipsql_private.percentile_basis(
            directions, watch.filters ->> 'in_collection', (select max(1 - f.similarity) from unnest(fresh) as f),
            (select m from clipsql.model as m where m.model_id = watch.model_id)) as b;
    end if;
    with first as (
        select distinct on (coalesce(f.occasion, int8send(f.image_id))) f.*,
            count(*) over (partition by coalesce(f.occasion, int8send(f.image_id))) - 1 as repeats
        from unnest(fresh) as f
        order by coalesce(f.occasion, int8send(f.image_id)), f.similarity desc, f.image_id
    ), told as (
        insert into clipsql.alert as a (watch_id, image_id, similarity, percentile, occasion, repeats)
        select
            of_watch, f.image_id, greatest(-1, least(1, f.similarity)),
            100 * clipsql_private.share_lower(1 - f.similarity, distances, size),
            f.occasion, f.repeats
        from first as f
        order by f.occasion, f.image_id
        on conflict (watch_id, occasion) do update set repeats = a.repeats + excluded.repeats + 1
        returning a.alert_id, a.image_id, a.occasion, a.xmax = 0 as is_new
    ), folded as (
        insert into clipsql_private.repeat (watch_id, image_id, alert_id)
        select of_watch, f.image_id, t.alert_id
        from unnest(fresh) as f
        join told as t on t.occasion = f.occasion and t.image_id <> f.image_id
    )
    select array_agg(t.alert_id order by t.alert_id) filter (where t.is_new) into raised from told as t;
    return coalesce(raised, '{}');
end;
$$;

comment on function clipsql_private.raise_watch(bigint, bigint[], double precision[]) is
    'Raises the alarms of a watch for pictures; gives the alert_ids of new ones.';
