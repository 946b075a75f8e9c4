-- Beyond these sizes sums of weighted things overflow or vanish. NaN is above all numbers.
create or replace function clipsql_private.check_weight(weight double precision)
returns void
language plpgsql immutable parallel safe
as $$
begin
    if weight <> 0 and abs(weight) not between 1e-20 and 1e20 then
        raise exception using errcode = 'CQ004',
            message = 'A query takes weights of 0 or of a size between 1e-20 and 1e20, not ' || weight || '.';
    end if;
end;
$$;

comment on function clipsql_private.check_weight(double precision) is
    'Raises CQ004 for a weight that is no number, or too large or small to add up.';
