-- A worker's step: some of the rows that writers noted become what they say now. Pictures are put, linked and queued; those
-- that no attached row has any more go, if attachments brought them. What a row says is read together with the notes that
-- are taken, so a later change has a later note. One worker at a time, so that no older state is written over a newer one.
-- Returns how many notes it took; null while another worker is at it.
create or replace function clipsql_private.apply_changed_rows(attachment integer, most_rows integer)
returns integer
language plpgsql volatile parallel unsafe
set search_path from current
set timezone = 'UTC'
set datestyle = 'ISO'
set intervalstyle = 'postgres'
set extra_float_digits = 1
set bytea_output = 'hex'
as $$
#variable_conflict use_column
declare
    attached clipsql_private.attached_table;
    note_keys text;
    this_note text;
    some_notes text;
    one record;
    told record;
    image bigint;
    is_ours boolean;
    problem text;
    taken integer := 0;
    left_behind bigint[] := '{}';
begin
    if not pg_try_advisory_xact_lock(hashtextextended('clipsql_private.attachment', 0)) then
        return null;
    end if;
    attached := clipsql_private.attached_table(attachment);
    if attached.attachment_id is null then
        return 0;
    elsif attached.is_usable is not true then
        -- Nothing can be read; a pass over all rows follows once that is mended.
        execute format('delete from %s', attached.changes);
        update clipsql_private.attachment as a set reconciled_at = null
        where a.attachment_id = attachment and a.reconciled_at is not null;
        return 0;
    end if;
    perform clipsql_private.check_whole_table(attached.source);

    note_keys := clipsql_private.key_list(attached.row_keys, '(t.note)');
    this_note := format('($1::%s)', attached.changes);  -- as text: what a session has planned knows one type of note
    some_notes := format(
        'select u.ctid from ((select f.ctid from %1$s as f where f.is_fresh limit %2$s)
         union all (select f.ctid from %1$s as f where not f.is_fresh limit %2$s)) as u limit %2$s', attached.changes, most_rows);
    -- In the order of ids, as workers settle pictures: the two then never wait for each other.
    execute format(
        'select from clipsql.image as i
         where i.image_id = any (array(
             with n as materialized (select c.* from %1$s as c where c.ctid = any (array(%2$s)))
             select l.image_id from n join %3$s as l on %4$s where l.image_id is not null
             union
             select t.image_id from n join %5$s as s on %6$s
             join clipsql.image as t on t.collection = $1 and clipsql.url_digest(t.url) = clipsql.url_digest(%7$s)))
         order by i.image_id for update',
        attached.changes, some_notes, attached.link, clipsql_private.same_key(attached.row_keys, 'l', attached.row_keys, 'n'),
        attached.source, clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, 'n'), attached.address)
    using attached.collection;

    for one in execute format(
        'with taken as (
             delete from %1$s as c where c.ctid = any (array(%2$s)) returning c as note, c.is_fresh
         )
         select distinct on (%3$s) t.note::text as note, t.is_fresh, (t.note).%4$s is null as is_of_all,
             %6$s as address, %7$s as facts,
             l.image_id as old_image, l.facts as old_facts, l.is_ours as was_ours, count(*) over () as notes
         from taken as t
         left join %5$s as s on %8$s
         left join %9$s as l on %10$s
         order by %3$s, t.is_fresh desc',
        attached.changes, some_notes, note_keys, attached.row_keys[1], attached.source, attached.address, attached.facts,
        clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, '(t.note)'),
        attached.link, clipsql_private.same_key(attached.row_keys, 'l', attached.row_keys, '(t.note)'))
    loop
        taken := one.notes;
        if one.is_of_all then  -- truncated
            update clipsql_private.attachment as a set reconciled_at = null where a.attachment_id = attachment;
            continue;
        end if;
        image := null;
        if one.address is null then
            execute format('delete from %s as l where %s', attached.link,
                clipsql_private.same_key(attached.row_keys, 'l', attached.row_keys, this_note)) using one.note;
        elsif one.facts = one.old_facts then
            continue;
        else
            is_ours := true;
            problem := null;
            begin
                execute format(
                    'select %s::text[] as captions, %s::jsonb as metadata, %s as taken_at, %s as longitude, %s as latitude
                     from %s as s where %s',
                    coalesce(attached.captions, 'null'), coalesce(nullif(attached.metadata, '''{}''::jsonb'), 'null'),
                    attached.taken_at, attached.longitude, attached.latitude, attached.source,
                    clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, this_note))
                into told using one.note;
                -- A picture that somebody ingested stays when the row goes.
                is_ours := coalesce((
                    select i.image_id = any (left_behind)
                        or exists (select from clipsql_private.link as l where l.image_id = i.image_id and l.is_ours)
                    from clipsql.image as i
                    where i.collection = attached.collection and clipsql.url_digest(i.url) = clipsql.url_digest(one.address)), true);
                image := clipsql.put_image(
                    collection => attached.collection, url => one.address, captions => told.captions, metadata => told.metadata,
                    taken_at => told.taken_at, longitude => told.longitude, latitude => told.latitude,
                    model => (select m.name from clipsql.model as m where m.model_id = attached.model_id));
                perform clipsql_private.queue_attached_picture(image, attached, one.is_fresh);
            exception
            when deadlock_detected or serialization_failure or lock_not_available or insufficient_resources then
                raise;  -- all of it is tried again
            when others then
                image := null;
                problem := sqlerrm;
            end;
            execute format(
                'insert into %1$s as l (%2$s, image_id, is_ours, facts, problem) select %3$s, $2, $3, $4, $5
                 on conflict (%2$s) do update set image_id = excluded.image_id, is_ours = excluded.is_ours, facts = excluded.facts,
                     problem = excluded.problem, changed_at = excluded.changed_at, attempts = 0, retry_at = null',
                attached.link, clipsql_private.key_list(attached.row_keys), clipsql_private.key_list(attached.row_keys, this_note))
            using one.note, image, is_ours, one.facts, problem;
        end if;
        if one.was_ours and one.old_image is distinct from image then
            left_behind := left_behind || one.old_image;
        end if;
    end loop;
    delete from clipsql.image as i
    where i.image_id = any (left_behind) and not exists (select from clipsql_private.link as l where l.image_id = i.image_id);
    return taken;
end;
$$;

comment on function clipsql_private.apply_changed_rows(integer, integer) is
    'Brings the pictures of noted rows up to date; returns how many notes it took, null while another worker does.';
