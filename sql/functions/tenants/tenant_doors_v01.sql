-- The functions that run as the owner where tenants are kept apart. Searches do where the policies can be read, and add what
-- these say (visible_images); what they take is bound by type, never text that is run. A model is resolved, and a remembered
-- text found, as the owner in any case: tenants see neither a model's folder nor which texts others had remembered.
create or replace function clipsql_private.tenant_doors()
returns table (door text, runs_as_owner boolean)
language sql stable parallel safe
begin atomic
    select d.door, clipsql_private.keeps_tenants_apart() and (not d.is_search or not exists (
        select from pg_catalog.pg_policy as p
        where p.polrelid = 'clipsql.image'::regclass and p.polcmd in ('r', '*')
            and not clipsql_private.is_plain_condition(p.polqual)))
    from (values
        ('clipsql.search', true),
        ('clipsql.search_vectors', true),
        ('clipsql.search_hybrid', true),
        ('clipsql.search_captions', true),
        ('clipsql.search_regions', true),
        ('clipsql.search_plan', true),
        ('clipsql.classify_images', true),
        ('clipsql.suggest_captions', true),
        ('clipsql_private.resolve_model', false),
        ('clipsql_private.remembered_vector', false)) as d(door, is_search)
    where to_regproc(d.door) is not null;
end;

comment on function clipsql_private.tenant_doors() is
    'The functions that run as the owner where tenants are kept apart, and whether they should now.';
