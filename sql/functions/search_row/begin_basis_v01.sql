-- A new basis for the codes of a model, with its partition, whose key has the picture first, which searches look up. From
-- the moment when it is committed every writer keeps its rows, and all who wrote before are done by then, so a fill that
-- begins afterwards misses none. Whoever began earlier and still reads as of then meets a changed row of the model
-- (check_bases). For the owner.
create or replace function clipsql_private.begin_basis(
    of_model integer, directions halfvec[], left_out double precision, cone double precision, learned_from integer)
returns integer
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    new_basis integer;
begin
    execute format('lock table %s in share mode', clipsql_private.partition_name('image_embedding', of_model));
    update clipsql.model as m set is_default = m.is_default where m.model_id = of_model;
    insert into clipsql_private.code_basis (model_id, length, left_out, cone, learned_from)
    select m.model_id, coalesce(nullif(cardinality(directions), 0), m.dimensions), begin_basis.left_out, begin_basis.cone,
        begin_basis.learned_from
    from clipsql.model as m
    where m.model_id = of_model
    returning basis_id into new_basis;
    insert into clipsql_private.code_direction (basis_id, number, direction)
    select new_basis, d.number, d.direction
    from unnest(directions) with ordinality as d(direction, number);
    execute format(
        'create table clipsql_private.search_row_%1$s partition of clipsql_private.search_row
         (primary key (image_id, basis_id)) for values in (%1$s)
         with (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.02)', new_basis);
    execute format('alter table clipsql_private.search_row_%s alter code set storage plain', new_basis);
    perform clipsql_private.grant_as_whole(format('clipsql_private.search_row_%s', new_basis)::regclass);
    if clipsql_private.keeps_tenants_apart() then
        perform clipsql_private.keep_apart(format('clipsql_private.search_row_%s', new_basis)::regclass);
    end if;
    return new_basis;
end;
$$;

comment on function clipsql_private.begin_basis(integer, halfvec[], double precision, double precision, integer) is
    'Makes a basis for the codes of a model and the partition of its search rows, which are still to be filled.';
