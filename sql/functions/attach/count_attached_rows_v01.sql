-- The rows of an attachment by the state of their pictures, each counted: those of all the others are pending. A picture counts
-- while its address is the row's. Nothing where this reader cannot see the table.
create or replace function clipsql_private.count_attached_rows(
    attachment integer,
    out row_count bigint, out embedded bigint, out pending bigint, out failed bigint, out missing bigint,
    out oldest_pending timestamptz, out last_error text, out state text)
language plpgsql stable parallel safe
set search_path from current
set timezone = 'UTC'
set datestyle = 'ISO'
set intervalstyle = 'postgres'
set extra_float_digits = 1
set bytea_output = 'hex'
as $$
#variable_conflict use_column
declare
    attached constant clipsql_private.attached_table := clipsql_private.attached_table(attachment);
    since timestamptz := (select a.added_at from clipsql_private.attachment as a where a.attachment_id = attachment);
    noted text := (
        select p.problem from clipsql_private.attachment_problem as p
        where p.attachment_id = attachment order by p.problem_id desc limit 1);
begin
    state := attached.state;
    last_error := noted;
    if attached.is_usable is not true then
        return;
    elsif not has_table_privilege(attached.source, 'select') or not has_schema_privilege(
            (select c.relnamespace from pg_catalog.pg_class as c where c.oid = attached.source), 'usage') then
        state := format('not readable by %s', quote_ident(current_user));
        return;
    end if;
    execute format(
        'with noted as materialized (
             select %1$s, min(c.changed_at) as changed_at from %2$s as c where c.%3$s is not null group by %1$s
         )
         select count(*), count(*) filter (where r.kind = 1), count(*) filter (where r.kind = 4),
             count(*) filter (where r.kind = 3), count(*) filter (where r.kind = 2),
             min(coalesce(r.changed_at, $1)) filter (where r.kind = 4),
             coalesce($2, (array_agg(r.error order by r.changed_at desc) filter (where r.kind = 3))[1])
         from (
             select
                 case when i.image_id is null then n.changed_at else l.changed_at end as changed_at,
                 coalesce(i.error, l.problem) as error,
                 case
                     when %4$s is null then 2
                     when exists (select from clipsql.image_embedding as e where e.image_id = i.image_id %5$s) then 1
                     when i.status = ''failed'' or (l.image_id is null and l.problem is not null and l.facts = %6$s) then 3
                     else 4 end as kind
             from %7$s as s
             left join %8$s as l on %9$s
             left join clipsql.image as i on i.image_id = l.image_id and i.url = %4$s
             left join noted as n on %10$s
             offset 0  -- or else each count would judge each row anew
         ) as r',
        clipsql_private.key_list(attached.row_keys, 'c'), attached.changes, attached.row_keys[1], attached.address,
        'and e.model_id = ' || attached.model_id, attached.facts, attached.source, attached.link,
        clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, 'l'),
        clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, 'n'))
    into row_count, embedded, pending, failed, missing, oldest_pending, last_error using since, noted;
end;
$$;

comment on function clipsql_private.count_attached_rows(integer) is 'The rows of an attachment by the state of their pictures.';
