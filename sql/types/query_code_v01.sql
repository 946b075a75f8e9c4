-- A query as search rows are compared with it.
create type clipsql_private.query_code as (
    basis_id integer,
    code halfvec);

comment on type clipsql_private.query_code is 'The code of a query and the basis that it is of.';
