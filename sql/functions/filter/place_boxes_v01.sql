-- Boxes in (longitude, latitude) that hold every position within a distance: what the place index can look up.
-- Source of the longitude bound: J. P. Matuschek, "Finding points within a distance of a latitude/longitude".
create or replace function clipsql_private.place_boxes(
    near_longitude double precision, near_latitude double precision, within_m double precision)
returns box[]
language plpgsql immutable parallel safe
as $$
declare
    -- A hair wider than exact: rounding must not lose a position on the rim. The least is no underflow.
    reach constant double precision := degrees(greatest(within_m, 1e-6) / 6371008.8) * (1 + 1e-9) + 1e-9;
    south constant double precision := near_latitude - reach;
    north constant double precision := near_latitude + reach;
    spread double precision;
begin
    if south <= -90 or north >= 90 then  -- a pole lies inside: every longitude may match
        return array[box(point(-180, greatest(south, -90)), point(180, least(north, 90)))];
    end if;
    spread := asind(least(1, sind(reach) / cosd(near_latitude))) + 1e-9;
    if near_longitude - spread < -180 then
        return array[
            box(point(-180, south), point(near_longitude + spread, north)),
            box(point(near_longitude - spread + 360, south), point(180, north))];
    elsif near_longitude + spread > 180 then
        return array[
            box(point(near_longitude - spread, south), point(180, north)),
            box(point(-180, south), point(near_longitude + spread - 360, north))];
    end if;
    return array[box(point(near_longitude - spread, south), point(near_longitude + spread, north))];
end;
$$;

comment on function clipsql_private.place_boxes(double precision, double precision, double precision) is
    'One or two boxes of (longitude, latitude) that hold every position within a distance; right at poles and antimeridian.';
