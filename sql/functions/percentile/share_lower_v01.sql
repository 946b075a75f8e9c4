-- The share of a collection that scores lower than a hit, from what percentile_basis tells of it. Those that are as near as
-- the hit come first in the ordered distances; the others score lower. SQL, so that it is inlined where it is called.
create or replace function clipsql_private.share_lower(distance double precision, nearest double precision[], size integer)
returns double precision
language sql immutable parallel safe
return 1 - coalesce(width_bucket(distance, nearest), 0)::double precision / size;

comment on function clipsql_private.share_lower(double precision, double precision[], integer) is
    'Share of a collection of that size that lies farther than a distance, of the nearest ones in order.';
