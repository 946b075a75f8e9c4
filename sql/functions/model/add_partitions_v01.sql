-- A model's own partitions. The check also lets PostgreSQL refuse a vector of another model that was sent here by mistake.
-- Keys and indexes are the partitions': where the parent is an extension's, a restored partition gets the parent's before
-- the dump makes its own.
create or replace function clipsql_private.add_partitions(of_model integer)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    size constant integer := (select m.dimensions from clipsql.model as m where m.model_id = of_model);
    embeddings text;
    definition text;
begin
    for embeddings in
        select t.name from clipsql_private.embedding_tables() as t(name)
        where to_regclass(clipsql_private.partition_name(t.name, of_model)) is null
    loop
        execute format(
            'create table %s partition of clipsql.%I
                 (primary key (%I, model_id), constraint %I check (vector_dims(embedding) = %s)) for values in (%s)',
            clipsql_private.partition_name(embeddings, of_model), embeddings, replace(embeddings, '_embedding', '_id'),
            format('%s_%s_dimensions_check', embeddings, of_model), size, of_model);
        if embeddings = 'region_embedding' then  -- for filters that leave few pictures, and a picture that changes
            execute format('create index on %s (image_id)', clipsql_private.partition_name(embeddings, of_model));
        end if;
        if clipsql_private.keeps_tenants_apart() then
            perform clipsql_private.keep_apart(clipsql_private.partition_name(embeddings, of_model)::regclass);
        end if;
        -- What looks at whole statements is not handed down, and a statement may name the partition.
        for definition in
            select pg_get_triggerdef(t.oid) from pg_catalog.pg_trigger as t
            where t.tgrelid = format('clipsql.%I', embeddings)::regclass and not t.tgisinternal
        loop
            execute replace(
                definition, format(' ON clipsql.%I ', embeddings),
                format(' ON %s ', clipsql_private.partition_name(embeddings, of_model)));
        end loop;
    end loop;
end;
$$;

comment on function clipsql_private.add_partitions(integer) is
    'Makes the partitions for a model''s embeddings of pictures, captions and regions that are missing.';
