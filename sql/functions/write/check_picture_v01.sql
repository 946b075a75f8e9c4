-- What no picture may be, said as a bad argument before a constraint says it in its own words.
create or replace function clipsql_private.check_picture(
    collection text, url text, metadata jsonb, taken_at timestamptz, longitude double precision, latitude double precision)
returns void
language plpgsql stable parallel safe
as $$
begin
    perform clipsql_private.check_most('in_collection', length(collection), 'characters');
    if coalesce(collection, '') !~ '[^[:space:]]' then
        raise exception using errcode = 'CQ004', message = 'The collection is empty; give it a name.';
    elsif coalesce(url, '') !~ '[^[:space:]]' then
        raise exception using errcode = 'CQ004', message = 'The url is empty; a picture is known by its collection and url.';
    elsif jsonb_typeof(metadata) <> 'object' then
        raise exception using errcode = 'CQ004', message = format(
            'metadata must be a JSON object, not %s; write it as in: {"brand": "x"}.', jsonb_typeof(metadata));
    elsif extract(year from taken_at at time zone 'UTC') not between 1 and 9999 or not isfinite(taken_at) then
        raise exception using errcode = 'CQ004', message = format('taken_at (%s) lies outside of the years 1 to 9999.', taken_at);
    elsif (longitude is null) <> (latitude is null) then
        raise exception using errcode = 'CQ004', message = 'longitude and latitude come together; one of them is null.';
    elsif longitude not between -180 and 180 or latitude not between -90 and 90 then
        raise exception using errcode = 'CQ004', message = format(
            'longitude %s, latitude %s is no place; degrees lie between -180 and 180, -90 and 90.', longitude, latitude);
    end if;
end;
$$;

comment on function clipsql_private.check_picture is 'Raises CQ004 for what no picture can be.';
