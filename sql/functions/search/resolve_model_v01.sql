-- Every function that touches vectors resolves one model first, so that vectors of two models never meet. Python asks
-- here too: a model is known by its name, and by its location where no other has that for a name. Where none is named, a
-- session or a role may say it (set clipsql.model = 'mine'), to try a model before all others use it. Where tenants are kept
-- apart this runs as the owner, and tells nothing of locations to those who may not see them.
create or replace function clipsql_private.resolve_model(model_name text)
returns clipsql.model
language plpgsql stable parallel safe
as $$
declare
    sees_location constant boolean := not clipsql_private.keeps_tenants_apart()
        or has_column_privilege(clipsql_private.caller(), 'clipsql.model', 'location', 'select');
    -- Empty once a transaction has taken back what it set.
    of_session constant text := nullif(current_setting('clipsql.model', true), '');
    asked constant text := coalesce(model_name, of_session);
    found_model clipsql.model;
begin
    if asked is null then
        select m.* into found_model from clipsql.model as m where m.is_default;
        if found_model.model_id is null then
            raise exception using errcode = 'CQ001', message = coalesce(
                (select format('No model is the default; name one (there is: %s), or run "clipsql model use NAME".',
                               string_agg(m.name, ', ' order by m.name))
                 from clipsql.model as m
                 having count(*) > 0),
                'There is no model yet; run "clipsql model add NAME".');
        end if;
    else
        perform clipsql_private.check_most('model', length(asked), 'characters');
        select m.* into found_model
        from clipsql.model as m
        where asked in (m.name, case when sees_location then m.location end)
        order by m.name = asked desc, m.model_id
        limit 1;
        if found_model.model_id is null and model_name is null then
            raise exception using errcode = 'CQ001',
                message = format('There is no model "%s" here, which the setting clipsql.model names.', asked),
                hint = 'Name one of "clipsql model list", or run "reset clipsql.model" or "alter role ... reset clipsql.model".';
        elsif found_model.model_id is null then
            raise exception using errcode = 'CQ001',
                message = format(
                    'There is no model "%s" here; there is: %s.', asked,
                    coalesce((select string_agg(m.name, ', ' order by m.name) from clipsql.model as m), 'none'));
        end if;
    end if;
    if not sees_location then
        found_model.location := null;
    end if;
    return found_model;
end;
$$;

comment on function clipsql_private.resolve_model(text) is
    'The model of that name or location; when the name is null that of the setting clipsql.model, else the default one. CQ001 when'
    ' there is none.';
