-- Great-circle distance by the haversine formula, exact enough at all distances, on the sphere of mean radius.
create or replace function clipsql_private.distance_m(
    longitude_1 double precision, latitude_1 double precision,
    longitude_2 double precision, latitude_2 double precision)
returns double precision
language sql immutable parallel safe
return 2 * 6371008.8 * asin(sqrt(least(1,
    power(sind((latitude_2 - latitude_1) / 2), 2)
    + cosd(latitude_1) * cosd(latitude_2) * power(sind((longitude_2 - longitude_1) / 2), 2))));

comment on function clipsql_private.distance_m(double precision, double precision, double precision, double precision) is
    'Great-circle distance in metres between two WGS 84 positions in degrees.';
