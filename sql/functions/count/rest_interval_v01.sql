-- How many matches are among the pictures that nobody checked, in 95 of 100 cases, from an estimate and its variance. Their
-- number is taken for a gamma variable (Fay and Feuer 1997), of which the upper bound allows for half a match more of
-- average weight (so is it neither too short nor, as with the greatest weight, far too long; Tiwari, Clegg and Zou 2006).
-- Quantiles of chi square are Wilson's and Hilferty's. Without a sample the upper bound is null.
create or replace function clipsql_private.rest_interval(
    estimate double precision, variance double precision, further double precision, further_variance double precision,
    out low double precision, out high double precision)
language sql immutable parallel safe
begin atomic
    select
        case when g.estimate > 0 then g.estimate
            * greatest(0, 1 - 1 / (9 * g.freedom) - 1.959964 / (3 * sqrt(g.freedom))) ^ 3 else 0 end,
        case when g.most > 0 then g.most
            * (1 - 1 / (9 * g.most_freedom) + 1.959964 / (3 * sqrt(g.most_freedom))) ^ 3 when g.most = 0 then 0 end
    from (
        select
            s.estimate, s.estimate ^ 2 / nullif(s.variance, 0) as freedom,
            s.estimate + s.further / 2 as most,
            (s.estimate + s.further / 2) ^ 2 / nullif(s.variance + s.further_variance / 2, 0) as most_freedom
        from (select rest_interval.estimate, rest_interval.variance, rest_interval.further, rest_interval.further_variance) as s
    ) as g;
end;

comment on function clipsql_private.rest_interval(double precision, double precision, double precision, double precision) is
    'Least and most of a number that is estimated from a sample, in 95 of 100 cases.';
