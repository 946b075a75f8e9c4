-- What a watch sees in a picture.
create type clipsql_private.watched_picture as (
    image_id bigint,
    similarity double precision,
    seen_at timestamptz,
    day date,
    occasion bytea);

comment on type clipsql_private.watched_picture is
    'A picture that a watch raises an alarm for: how similar, of when, and what it shares with others of one alarm.';
