-- A vector space: a model without files, whose vectors come from elsewhere. It makes partitions, so it is the owner's.
create or replace function clipsql.add_model(
    name text, dimensions integer, logit_scale double precision default 100)
returns integer
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    known clipsql.model;
    owner constant oid := (select c.relowner from pg_catalog.pg_class as c where c.oid = 'clipsql.model'::regclass);
    added integer;
begin
    perform clipsql_private.check_most('model', length(add_model.name), 'characters');
    if coalesce(add_model.name, '') !~ '[^[:space:]]' then
        raise exception using errcode = 'CQ004', message = 'The name of the model is empty; give it one.';
    elsif add_model.dimensions is null or add_model.dimensions not between 1 and 4000 then
        raise exception using errcode = 'CQ004', message = format(
            'dimensions must lie between 1 and 4000, which an HNSW index can hold, not %s.',
            coalesce(add_model.dimensions::text, 'null'));
    elsif add_model.logit_scale is null or not (add_model.logit_scale > 0 and add_model.logit_scale < 'infinity') then
        raise exception using errcode = 'CQ004', message = format(
            'logit_scale must be positive and finite, not %s; CLIP learned 100.', coalesce(add_model.logit_scale::text, 'null'));
    elsif not pg_has_role(owner, 'usage') then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Only the owner of clipsql''s tables adds models; let %s run this.', pg_get_userbyid(owner));
    end if;
    -- Two sessions may add the same model at once.
    lock table clipsql.model in share row exclusive mode;
    select m.* into known from clipsql.model as m where m.name = add_model.name;
    if found then
        if known.location is not null or known.dimensions <> add_model.dimensions then
            raise exception using errcode = 'CQ004', message = format(
                'Model %s is already here: %s with %s dimensions; add this one under another name.', known.name,
                case when known.location is null then 'a vector space' else 'a model with files' end, known.dimensions);
        end if;
        return known.model_id;
    end if;
    insert into clipsql.model (name, dimensions, logit_scale, is_default)
    values (
        add_model.name, add_model.dimensions, add_model.logit_scale,
        not exists (select from clipsql.model as m where m.is_default))
    returning model_id into added;
    perform clipsql_private.add_partitions(added);
    return added;
end;
$$;

comment on function clipsql.add_model is
    'Adds a vector space whose vectors come from elsewhere (clipsql.put_image), and returns its model_id; a space that is'
    ' here already is left as it is. The first model becomes the default. name: at most 1000 characters; dimensions: at most'
    ' 4000. For the owner of the tables.';
