-- How to drop an object that depends on a changed one, and how to make the same again: definition, options, owner,
-- comments, privileges. No removal: it cannot be made again without loss (a table's column), or nobody has told how.
create or replace function clipsql_private.remaking(
    class_id oid, object_id oid, out title text, out target text, out owner oid, out removal text, out making text[])
language plpgsql stable parallel safe
set search_path = pg_catalog  -- all names in what it says are qualified then
as $$
declare
    class constant text := class_id::regclass;
    kind text;
    rights aclitem[];
    rights_kind "char";
begin
    title := pg_describe_object(class_id, object_id, 0);
    if class = 'pg_class' then
        select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'c' then 'type' else 'index' end,
            c.oid::regclass, c.relowner, coalesce(t.typacl, c.relacl), case c.relkind when 'c' then 'T' else 'r' end
        into kind, target, owner, rights, rights_kind
        from pg_catalog.pg_class as c
        left join pg_catalog.pg_type as t on t.typrelid = c.oid and c.relkind = 'c'
        where c.oid = object_id and c.relkind in ('v', 'm', 'c', 'i') and not c.relispartition;
        making := array[case kind
            when 'index' then pg_get_indexdef(object_id)
            when 'type' then format('create type %s as (%s)', target, (
                select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
                from pg_catalog.pg_attribute as a
                where a.attrelid = object_id and a.attnum > 0 and not a.attisdropped))
            else clipsql_private.view_statement(object_id) end];
    elsif class = 'pg_proc' then
        select 'routine', p.oid::regprocedure, p.proowner, p.proacl, 'f', array[pg_get_functiondef(p.oid)]
        into kind, target, owner, rights, rights_kind, making
        from pg_catalog.pg_proc as p
        where p.oid = object_id and p.prokind <> 'a';
    elsif class = 'pg_rewrite' then
        select 'rule', format('%I on %s', r.rulename, c.oid::regclass), c.relowner,
            array[pg_get_ruledef(object_id), clipsql_private.switching('rule', c.oid, r.rulename, r.ev_enabled)]
        into kind, target, owner, making
        from pg_catalog.pg_rewrite as r
        join pg_catalog.pg_class as c on c.oid = r.ev_class
        where r.oid = object_id;
    elsif class = 'pg_trigger' then
        select 'trigger', format('%I on %s', t.tgname, c.oid::regclass), c.relowner,
            array[pg_get_triggerdef(object_id), clipsql_private.switching('trigger', c.oid, t.tgname, t.tgenabled)]
        into kind, target, owner, making
        from pg_catalog.pg_trigger as t
        join pg_catalog.pg_class as c on c.oid = t.tgrelid
        where t.oid = object_id;
    elsif class = 'pg_constraint' then
        select 'constraint', format('%I on %s', k.conname, c.oid::regclass), c.relowner,
            format('alter table %s drop constraint %I', c.oid::regclass, k.conname),
            array[format('alter table %s add constraint %I %s', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid))]
        into kind, target, owner, removal, making
        from pg_catalog.pg_constraint as k
        join pg_catalog.pg_class as c on c.oid = k.conrelid
        where k.oid = object_id and k.contype = 'c' and k.coninhcount = 0;
    elsif class = 'pg_attrdef' then
        select c.relowner, format('alter table %s alter %I drop default', c.oid::regclass, a.attname),
            array[format('alter table %s alter %I set default %s', c.oid::regclass, a.attname, pg_get_expr(d.adbin, c.oid))]
        into owner, removal, making
        from pg_catalog.pg_attrdef as d
        join pg_catalog.pg_class as c on c.oid = d.adrelid
        join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum = d.adnum
        where d.oid = object_id and a.attgenerated = '';
    end if;
    removal := coalesce(removal, 'drop ' || kind || ' ' || target);
    if kind in ('view', 'materialized view', 'type', 'routine') then
        making := making
            || format('alter %s %s owner to %s', kind, target, owner::regrole)
            || clipsql_private.regrant(
                format('%s %s', case when rights_kind = 'r' then 'table' else kind end, target), owner, rights, rights_kind)
            || array(
                select s.statement
                from pg_catalog.pg_attribute as a
                cross join unnest(clipsql_private.regrant(
                    'table ' || target, owner, a.attacl, 'c', format(' (%I)', a.attname))) as s(statement)
                where class = 'pg_class' and a.attrelid = object_id and a.attnum > 0);
    end if;
    making := array_remove(making, null) || array(
        select format('comment on %s %s is %L',
            case when a.attname is null then kind else 'column' end, concat_ws('.', target, quote_ident(a.attname)), d.description)
        from pg_catalog.pg_description as d
        left join pg_catalog.pg_attribute as a on d.classoid = 'pg_class'::regclass and a.attrelid = d.objoid and a.attnum = d.objsubid and a.attnum > 0
        where d.classoid = class_id and d.objoid = object_id
            or kind = 'type' and d.classoid = 'pg_type'::regclass
                and d.objoid = (select c.reltype from pg_catalog.pg_class as c where c.oid = object_id));
end;
$$;

comment on function clipsql_private.remaking(oid, oid) is
    'How to drop an object that depends on a changed one, and the statements that make the same again.';
