-- Whether clipsql.enable_tenants() was called: it puts row-level security on the vectors, too.
create or replace function clipsql_private.keeps_tenants_apart()
returns boolean
language sql stable parallel safe
return (select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = 'clipsql.image_embedding'::regclass);

comment on function clipsql_private.keeps_tenants_apart() is 'Whether clipsql.enable_tenants() is on.';
