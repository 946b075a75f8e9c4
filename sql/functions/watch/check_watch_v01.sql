-- What no watch can be.
create or replace function clipsql_private.check_watch(
    name text, subjects integer, images bigint[], alarms_per_day double precision, min_percentile double precision,
    min_similarity double precision, once_per interval, once_per_key text)
returns void
language plpgsql stable parallel safe
as $$
declare
    reason text;
begin
    perform
        clipsql_private.check_most('watch', length(name), 'characters'),
        clipsql_private.check_most('terms', cardinality(images), 'images of one object'),
        clipsql_private.check_limits(max_results => 1, min_similarity => min_similarity, min_percentile => min_percentile);
    reason := case
        when coalesce(name, '') !~ '[^[:space:]]' then 'The name of the watch is empty; give it one.'
        when subjects <> 1 then format(
            'A watch is for one of query, image, images and query_vector, not for %s of them; only query and query_vector go together.',
            subjects)
        when cardinality(images) = 0 or array_ndims(images) > 1 or array_position(images, null) is not null then
            'images must be a list of image ids without null.'
        when num_nonnulls(alarms_per_day, min_percentile, min_similarity) <> 1 then format(
            'A watch takes one of alarms_per_day, min_percentile and min_similarity, not %s of them.',
            num_nonnulls(alarms_per_day, min_percentile, min_similarity))
        when not (alarms_per_day > 0 and alarms_per_day < 'infinity') then format(
            'alarms_per_day must be a number above 0, not %s.', alarms_per_day)
        when once_per_key is not null and once_per is null then
            'once_per_key says of what there is one alarm; say how often with once_per.'
        when once_per_key !~ '[^[:space:]]' then 'once_per_key is empty; name a key of the metadata.'
        when extract(year from once_per) <> 0 or extract(month from once_per) <> 0 then format(
            'once_per must be of days or shorter, as months differ, not %s.', once_per)
        when not once_per between interval '1 second' and interval '3660 days' then format(
            'once_per must lie between one second and ten years, not %s.', once_per)
    end;
    if reason is not null then
        raise exception using errcode = 'CQ004', message = reason;
    end if;
end;
$$;

comment on function clipsql_private.check_watch is 'Raises CQ004 for what no watch can be.';
