-- The text tower of a model. It is loaded in one transaction: it is here whole or not at all.
create or replace function clipsql_private.loaded_text_tower(chosen clipsql.model)
returns clipsql_private.text_tower
language plpgsql stable parallel safe
as $$
declare
    tower clipsql_private.text_tower;
begin
    if getdatabaseencoding() <> 'UTF8' then
        raise exception using errcode = 'CQ007', message = format(
            'This database has encoding %s, but texts can be encoded only in UTF8; create one with encoding ''UTF8''.',
            getdatabaseencoding());
    end if;
    select t.* into tower from clipsql_private.text_tower as t where t.model_id = chosen.model_id;
    if tower.model_id is null and chosen.location is null then
        raise exception using errcode = 'CQ005', message = format(
            'Model %s has no text tower here, as a vector space without files has none, so no text can be turned into its'
            ' vectors; search it by a vector (clipsql.search), by a picture (clipsql.search_similar) or by words (caption_query).',
            chosen.name);
    elsif tower.model_id is null then
        raise exception using errcode = 'CQ005', message = format(
            'The text tower of model %s is not in this database, or is none that SQL can run; "clipsql model add %s%s"'
            ' loads it, and "clipsql model remember %s TEXT" stores the vectors of chosen texts.',
            chosen.name, chosen.location, ' --name ' || nullif(chosen.name, chosen.location), chosen.name);
    end if;
    return tower;
end;
$$;

comment on function clipsql_private.loaded_text_tower(clipsql.model) is
    'The text tower of a model; CQ005 when it is not loaded, CQ007 when the database is not UTF-8.';
