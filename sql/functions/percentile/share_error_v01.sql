-- How far a share that was found in a sample may be from the truth: the farther end of Wilson's interval (1927), which
-- holds the truth in 95 of 100 cases, near 0 and 1 too.
create or replace function clipsql_private.share_error(share double precision, size integer)
returns double precision
language sql immutable parallel safe
return (1.96 * sqrt(share * (1 - share) / size + 0.9604 / size ^ 2) + 1.9208 / size * abs(1 - 2 * share))
    / (1 + 3.8416 / size);

comment on function clipsql_private.share_error(double precision, integer) is
    'Largest distance of the true share from one found in a sample of that size, in 95 of 100 cases.';
