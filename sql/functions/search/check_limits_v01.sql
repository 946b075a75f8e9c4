-- What every search asks of its limits.
create or replace function clipsql_private.check_limits(
    max_results integer, min_similarity double precision, min_percentile double precision default null,
    distinct_above double precision default null)
returns void
language plpgsql stable parallel safe
as $$
begin
    if max_results between 1 and clipsql_private.most('max_results')
            and (min_similarity between -1 and 1) is not false
            and (min_percentile between 0 and 100) is not false
            and (distinct_above between 0 and 1) is not false then
        return;
    end if;
    perform clipsql_private.check_most('max_results', max_results, 'results');
    if max_results is null or max_results < 1 then
        raise exception using errcode = 'CQ004',
            message = format('max_results must be 1 or more, not %s.', coalesce(max_results::text, 'null'));
    elsif min_similarity not between -1 and 1 then
        raise exception using errcode = 'CQ004',
            message = format('min_similarity is a cosine and must lie between -1 and 1, not %s.', min_similarity);
    elsif min_percentile not between 0 and 100 then
        raise exception using errcode = 'CQ004',
            message = format('min_percentile must lie between 0 and 100, not %s.', min_percentile);
    elsif distinct_above not between 0 and 1 then
        raise exception using errcode = 'CQ004', message = format(
            'distinct_above is a cosine and must lie between 0 and 1, not %s; 0.97 folds near-identical pictures.', distinct_above);
    end if;
end;
$$;

comment on function clipsql_private.check_limits(integer, double precision, double precision, double precision) is
    'Raises CQ004 when a limit of a search is out of its range.';
