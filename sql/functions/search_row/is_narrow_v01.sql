-- Whether search rows have all that a filter looks at.
create or replace function clipsql_private.is_narrow(filter clipsql_private.search_filter)
returns boolean
language sql immutable parallel safe
return num_nonnulls(
    (filter).having_metadata, (filter).metadata_matches, (filter).caption_query, (filter).attachment_id) = 0;

comment on function clipsql_private.is_narrow(clipsql_private.search_filter) is
    'Whether a filter looks at nothing but collection, time, place and ids.';
