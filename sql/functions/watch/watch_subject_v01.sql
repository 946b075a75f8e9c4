-- What a watch looks for, as unit vectors, and the stored pictures among it, which are left out of its alarms.
create or replace function clipsql_private.watch_subject(
    query text, images bigint[], query_vector vector, chosen clipsql.model, out directions halfvec[], out pictures bigint[])
language plpgsql stable parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    terms record;
    vectors vector[];
begin
    if watch_subject.query_vector is not null then
        vectors := array[watch_subject.query_vector];
    elsif watch_subject.query is not null then
        terms := clipsql_private.query_vectors(watch_subject.query, chosen.name);
        pictures := terms.pictures;
        vectors := array[clipsql.mix(array(select l2_normalize(t.vector) from unnest(terms.vectors) as t(vector)), terms.weights)];
    else
        pictures := array(select distinct i.image_id from unnest(watch_subject.images) as i(image_id) order by i.image_id);
        vectors := array(select clipsql.image_vector(i.image_id, chosen.name) from unnest(pictures) as i(image_id));
    end if;
    perform clipsql_private.check_query(v.vector, chosen) from unnest(vectors) as v(vector);
    directions := array(select l2_normalize(v.vector)::halfvec from unnest(vectors) as v(vector));
end;
$$;

comment on function clipsql_private.watch_subject(text, bigint[], vector, clipsql.model) is
    'Unit vectors of what a watch looks for, and the stored pictures that it names.';
