-- The conditions that a search works under: those of its filter, and under row-level security, which filters every
-- search by what the reader may see, at least one.
create or replace function clipsql._effective_conditions(filter clipsql._filter)
returns text
language sql stable parallel safe
return coalesce(
    nullif(clipsql._conditions(filter), ''),
    case when row_security_active('clipsql.image') then 'true' else '' end);

comment on function clipsql._effective_conditions(clipsql._filter) is
    'SQL conditions over clipsql.image as i; empty only when every picture passes.';
