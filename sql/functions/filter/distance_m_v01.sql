-- Great-circle distance by the haversine formula, exact enough at all distances, on the sphere of mean radius. The 1
-- takes digits from positions around 0 that no other position has: the square of a smaller difference would be an
-- underflow, which PostgreSQL makes an error.
create or replace function clipsql_private.distance_m(
    longitude_1 double precision, latitude_1 double precision,
    longitude_2 double precision, latitude_2 double precision)
returns double precision
language sql immutable parallel safe
return 2 * 6371008.8 * asin(sqrt(least(1,
    power(sind(((1 + latitude_2) - (1 + latitude_1)) / 2), 2)
    + cosd(latitude_1) * cosd(latitude_2) * power(sind(((1 + longitude_2) - (1 + longitude_1)) / 2), 2))));

comment on function clipsql_private.distance_m(double precision, double precision, double precision, double precision) is
    'Great-circle distance in metres between two WGS 84 positions in degrees.';
