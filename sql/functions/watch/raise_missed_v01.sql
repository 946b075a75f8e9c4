-- Alarms for the pictures that a watch under its old model never saw: those that came since it was made and that its new model
-- alone knows. No picture is being written while a watch moves, so none is between the two. A watch that is made anew under
-- another model, whose vectors come later, begins with the pictures to come. Security definer, as raise_alerts.
create or replace function clipsql_private.raise_missed()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
set jit = off
as $$
declare
    images bigint[];
    similarities double precision[];
    raised bigint[];
begin
    select array_agg(s.image_id order by s.image_id), array_agg(s.similarity order by s.image_id) into images, similarities
    from (
        select e.image_id, max(1 - (v.embedding <=> e.embedding)) as similarity
        from clipsql.image as i
        join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = new.model_id
        join clipsql_private.watch_vector as v on v.watch_id = new.watch_id and v.model_id = new.model_id
        where i.added_at >= new.created_at
            and not exists (
                select from clipsql.image_embedding as o where o.model_id = old.model_id and o.image_id = i.image_id)
        group by e.image_id
    ) as s
    where s.similarity >= new.min_similarity and s.similarity < 'NaN';
    if images is not null then
        raised := clipsql_private.raise_watch(new.watch_id, images, similarities);
        if raised <> '{}' then
            perform pg_notify('clipsql_alert', array_to_json(raised[:350])::text);
        end if;
    end if;
    return null;
end;
$$;

comment on function clipsql_private.raise_missed() is
    'Trigger: raises the alarms of a watch that has moved for the pictures that its old model never knew.';
