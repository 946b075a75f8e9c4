-- The conditions that a search works under: those of its filter, and under row-level security, which filters every
-- search by what the reader may see, at least one.
create or replace function clipsql_private.effective_conditions(filter clipsql_private.search_filter)
returns text
language sql stable parallel safe
return coalesce(
    nullif(clipsql_private.conditions(filter), ''),
    case when clipsql_private.is_restricted() then 'true' else '' end);

comment on function clipsql_private.effective_conditions(clipsql_private.search_filter) is
    'SQL conditions over clipsql.image as i; empty only when every picture passes.';
