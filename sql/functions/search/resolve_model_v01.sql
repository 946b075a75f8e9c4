-- Every function that touches vectors resolves one model first, so that vectors of two models never meet. Python asks
-- here too: a model is known by its name, and by its location where no other has that for a name. Where tenants are kept
-- apart this runs as the owner, and tells nothing of locations to those who may not see them.
create or replace function clipsql_private.resolve_model(model_name text)
returns clipsql.model
language plpgsql stable parallel safe
as $$
declare
    sees_location constant boolean := not clipsql_private.keeps_tenants_apart()
        or has_column_privilege(clipsql_private.caller(), 'clipsql.model', 'location', 'select');
    found_model clipsql.model;
begin
    if model_name is null then
        select m.* into found_model from clipsql.model as m where m.is_default;
        if found_model.model_id is null then
            raise exception using errcode = 'CQ001', message = case
                when exists (select from clipsql.model) then 'No model is the default; run "clipsql model use NAME".'
                else 'There is no model yet; run "clipsql model add NAME".' end;
        end if;
    else
        perform clipsql_private.check_most('model', length(model_name), 'characters');
        select m.* into found_model
        from clipsql.model as m
        where model_name in (m.name, case when sees_location then m.location end)
        order by m.name = model_name desc, m.model_id
        limit 1;
        if found_model.model_id is null then
            raise exception using errcode = 'CQ001',
                message = format(
                    'There is no model "%s" here; there is: %s.', model_name,
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
    'The model of that name or location, or the default one when the name is null; CQ001 when there is none.';
