-- A stretch of the pictures that were there before their model was a shadow: those after `after` wait for it from now on, behind
-- what came in since. What could not be had before is left alone.
create or replace function clipsql_private.queue_missing(of_model integer, after bigint, most_rows integer)
returns table (queued bigint, last bigint)
language sql volatile parallel unsafe
set search_path from current
as $$
    with missing as materialized (
        select i.image_id, i.collection, i.sha256 is not null as is_checked
        from clipsql.image as i
        where i.image_id > after and i.status = 'embedded'
            and exists (
                select from clipsql_private.shadow as s
                where s.model_id = of_model and (s.collection is null or s.collection = i.collection)
                    and (s.kept_until is null or s.kept_until > now()))
            and not exists (
                select from clipsql.image_embedding as e where e.image_id = i.image_id and e.model_id = of_model)
            and not exists (
                select from clipsql_private.unembedded as u where u.image_id = i.image_id and u.model_id = of_model)
        order by i.image_id
        limit most_rows
    ), added as (
        insert into clipsql_private.queue (image_id, collection, model_id, is_checked)
        select m.image_id, m.collection, of_model, m.is_checked from missing as m order by m.image_id
        on conflict (image_id, model_id) do nothing
        returning image_id
    )
    select (select count(*) from added), (select max(m.image_id) from missing as m having count(*) = most_rows);
$$;

comment on function clipsql_private.queue_missing(integer, bigint, integer) is
    'Lets pictures wait for the model of a shadow; how many, and the last one unless there are no more.';
