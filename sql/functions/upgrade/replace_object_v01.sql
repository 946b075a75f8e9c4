-- Give a function, view or composite type another definition and keep what users built on it. Where PostgreSQL cannot
-- change it in place, what depends on it is dropped and made again. What cannot be made again is named before anything
-- is changed; what does not fit the new definition is named, too, and then all is as before.
create or replace function clipsql_private.replace_object(kind text, name text, definition text)
returns void
language plpgsql volatile parallel unsafe
-- Bodies are right in the settings of those who wrote them.
set check_function_bodies = off
as $$
declare
    class_id constant oid := case kind when 'function' then 'pg_proc' else 'pg_class' end::regclass;
    object_id constant oid := case kind when 'function' then name::regproc::oid else name::regclass::oid end;
    columns constant text[] := clipsql_private.result_columns(class_id, object_id);
    root record;
    kept record;
    step text;
    titles text[] := '{}';
    removals text[] := '{}';
    makings jsonb := '[]';
    by_position text[] := '{}';
    refused text[] := '{}';
begin
    if kind <> 'type' then  -- which PostgreSQL replaces never
        begin
            execute definition;
            -- Other arguments make a second function, and the name is no longer clear.
            perform case kind when 'function' then name::regproc::oid end;
            return;
        exception when invalid_function_definition or invalid_table_definition or ambiguous_function then
            null;
        end;
    end if;

    for kept in
        select r.*, d.class_id = 'pg_rewrite'::regclass or pg_get_function_sqlbody(d.object_id) is not null
            or pg_get_viewdef(d.object_id) is not null as is_by_position
        from clipsql_private.dependents(class_id, object_id) as d
        cross join lateral clipsql_private.remaking(d.class_id, d.object_id) as r
        order by d.depth desc, r.title
    loop
        if kept.removal is null then
            refused := refused || kept.title;
        elsif not pg_has_role(kept.owner, 'usage') then
            refused := refused || format('%s of role %s', kept.title, kept.owner::regrole);
        elsif kept.is_by_position then
            by_position := by_position || kept.title;
        end if;
        titles := kept.title || titles;
        removals := removals || kept.removal;
        makings := jsonb_build_array(kept.making) || makings;
    end loop;
    if refused <> '{}' then
        raise exception using errcode = 'CQ007', message = format(
            'The %s %s changes, but these use it and cannot be kept: %s; drop them, or be a member of their owners'' roles, then upgrade.',
            kind, name, array_to_string(refused, ', '));
    end if;

    root := clipsql_private.remaking(class_id, object_id);
    foreach step in array removals || root.removal loop
        execute step;
    end loop;
    execute definition;
    if kind <> 'view' and by_position <> '{}' and columns <> (clipsql_private.result_columns(class_id,
            case kind when 'function' then name::regproc::oid else name::regclass::oid end))[:cardinality(columns)] then
        raise exception using errcode = 'CQ007', message = format(
            'The %s %s loses or moves columns, and these use it: %s; drop them, upgrade, and make them again.',
            kind, name, array_to_string(by_position, ', '));
    end if;
    -- Its owner and privileges stay; comments come with the definition. A function may have other arguments now.
    titles := root.title || titles;
    makings := jsonb_build_array(array(
        select replace(s.statement, root.target, name)
        from unnest(root.making[2:]) with ordinality as s(statement, number)
        where s.statement not like 'comment on %'
        order by s.number)) || makings;
    for position in 1 .. cardinality(titles) loop
        begin
            for step in select jsonb_array_elements_text(makings -> position - 1) loop
                execute step;
            end loop;
        exception when others then
            refused := refused || format('%s (%s)', titles[position], rtrim(sqlerrm, '.'));
        end;
    end loop;
    if refused <> '{}' then
        raise exception using errcode = 'CQ007', message = format(
            'These do not fit the new %s %s: %s; drop them, upgrade, and make them again.',
            kind, name, array_to_string(refused, ', '));
    end if;
end;
$$;

comment on function clipsql_private.replace_object(text, text, text) is
    'Replaces a function, view or composite type and keeps what depends on it, or refuses and names what cannot be kept.';
