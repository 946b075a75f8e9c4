-- Frames of videos, in the order in which a search found them, as moments: what lies no further apart in one video is one.
create or replace function clipsql_private.moments(
    images bigint[], similarities double precision[], gap_s double precision)
returns setof clipsql.moment_result
language sql stable parallel safe
begin atomic
    with hit as (
        select f.video, f.from_s, f.until_s, h.image_id, h.similarity, h.place
        from unnest(images, similarities) with ordinality as h(image_id, similarity, place)
        join clipsql.video_frame as f on f.image_id = h.image_id
    ), begun as (
        select h.*, coalesce(
            h.from_s - max(h.until_s) over (
                partition by h.video order by h.from_s, h.place rows between unbounded preceding and 1 preceding) > gap_s,
            true) as begins
        from hit as h
    ), numbered as (
        select b.*, count(*) filter (where b.begins) over (partition by b.video order by b.from_s, b.place) as moment
        from begun as b
    )
    select
        (row_number() over (order by min(n.place)))::integer,
        n.video || '#t=' || trim_scale(round(min(n.from_s)::numeric, 6)) || ',' || trim_scale(round(max(n.until_s)::numeric, 6)),
        min(n.from_s),
        max(n.until_s),
        (array_agg(n.image_id order by n.place))[1],
        max(n.similarity)
    from numbered as n
    group by n.video, n.moment
    order by min(n.place);
end;

comment on function clipsql_private.moments(bigint[], double precision[], double precision) is
    'Moments of videos from frames that a search found, best first.';
