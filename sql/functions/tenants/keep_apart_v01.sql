-- Row-level security on one table, so that it shows of each picture what hangs on it to who sees the picture, and lets who
-- may change the picture change it: a lock on the picture's row, which the foreign key takes anyway, asks for that right. What
-- hangs on no picture is for the owner alone, but that what is attached may be read: who could write it, could have workers
-- read files. Partitions are read through their whole.
create or replace function clipsql_private.keep_apart(of_table regclass)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    -- Drawn from the pictures of all, for statements of the owner.
    of_the_owner constant regclass[] := array['clipsql_private.percentile_sample_embedding', 'clipsql_private.percentile_sample_code'];
    is_part constant boolean := (select c.relispartition from pg_catalog.pg_class as c where c.oid = of_table);
    whole record;
    extra text;
begin
    execute format('alter table %s enable row level security', of_table);
    select w.* into whole
    from (values (1, 'image_id', 'clipsql.image'), (2, 'caption_id', 'clipsql.caption')) as w(place, key, relation)
    join pg_catalog.pg_attribute as a on a.attrelid = of_table and a.attname = w.key and not a.attisdropped
    where not is_part and of_table <> all (of_the_owner)
    order by w.place
    limit 1;
    perform clipsql_private.drop_tenant_policies(of_table);
    if of_table in ('clipsql_private.attachment'::regclass, 'clipsql_private.attached_column'::regclass) then
        execute format('create policy clipsql_tenant_select on %s for select using (true)', of_table);
    end if;
    -- What a model was asked is seen by who sees an answer.
    if of_table = to_regclass('clipsql.model_query') then
        create policy clipsql_tenant_select on clipsql.model_query for select
            using (exists (select from clipsql.model_answer as a where a.query_id = model_query.query_id));
    end if;
    if whole is null then
        return;
    end if;
    -- A worker reads files of its own machine only for who may look at them all.
    extra := case when of_table = 'clipsql_private.queue'::regclass then ' and file_to_read is null' else '' end;
    execute format(
        'create policy clipsql_tenant_select on %1$s for select
             using (exists (select from %3$s as whole where whole.%2$I = %1$s.%2$I))', of_table, whole.key, whole.relation);
    execute format(
        'create policy clipsql_tenant_insert on %1$s for insert
             with check (exists (select from %3$s as whole where whole.%2$I = %1$s.%2$I for key share)%4$s)',
        of_table, whole.key, whole.relation, extra);
    execute format(
        'create policy clipsql_tenant_update on %1$s for update
             using (exists (select from %3$s as whole where whole.%2$I = %1$s.%2$I for key share))
             with check (exists (select from %3$s as whole where whole.%2$I = %1$s.%2$I for key share)%4$s)',
        of_table, whole.key, whole.relation, extra);
    execute format(
        'create policy clipsql_tenant_delete on %1$s for delete
             using (exists (select from %3$s as whole where whole.%2$I = %1$s.%2$I for key share))',
        of_table, whole.key, whole.relation);
end;
$$;

comment on function clipsql_private.keep_apart(regclass) is
    'Row-level security on a table that goes by that of clipsql.image.';
