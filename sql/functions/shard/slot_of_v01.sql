-- The slot, of 1,024, in which a picture lies when several servers hold a collection: the first bits of the SHA-256 of its
-- address, so that the same picture always comes to the same place, whoever asks and before it has a number. Frames of
-- a video differ in what follows the '#', and stay together. Python counts alike (clipsql.db.shards.listing.slot_of).
create or replace function clipsql_private.slot_of(url text)
returns integer
language sql immutable strict parallel safe
return (get_byte(clipsql.url_digest(split_part(url, '#', 1)), 0) << 2)
    + (get_byte(clipsql.url_digest(split_part(url, '#', 1)), 1) >> 6);

comment on function clipsql_private.slot_of(text) is 'The slot, 0 to 1023, in which a picture of that address lies.';
