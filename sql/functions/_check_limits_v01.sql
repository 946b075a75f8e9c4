-- What every search asks of its two limits.
create or replace function clipsql._check_limits(max_results integer, min_similarity double precision)
returns void
language plpgsql immutable parallel safe
as $$
begin
    if max_results is null or max_results < 1 then
        raise exception using errcode = 'CQ004',
            message = format('max_results must be 1 or more, not %s.', coalesce(max_results::text, 'null'));
    elsif min_similarity not between -1 and 1 then
        raise exception using errcode = 'CQ004',
            message = format('min_similarity is a cosine and must lie between -1 and 1, not %s.', min_similarity);
    end if;
end;
$$;

comment on function clipsql._check_limits(integer, double precision) is
    'Raises CQ004 when max_results or min_similarity is out of its range.';
