-- The rows of an attached table whose pictures a text describes, nearest first: null::shop.product names the table and its
-- type. The condition on rows works within the search, so that rows which this reader may not see, or which are gone, take
-- nobody's place. A row with several pictures comes once, with its nearest.
create or replace function clipsql.search_rows(
    of_table anyelement,
    query text,
    max_results integer default 10,
    in_collection text default null,
    taken_from timestamptz default null,
    taken_until timestamptz default null,
    daily_from time default null,
    daily_until time default null,
    near_longitude double precision default null,
    near_latitude double precision default null,
    within_m double precision default null,
    inside polygon default null,
    having_metadata jsonb default null,
    metadata_matches jsonpath default null,
    caption_query text default null,
    only_images bigint[] default null,
    except_images bigint[] default null,
    min_similarity double precision default null,
    min_percentile double precision default null,
    distinct_above double precision default null,
    only_rows text[] default null,
    url_column text default null,
    query_vector vector default null,
    model text default null)
returns table (item anyelement, image_id bigint, similarity double precision)
language plpgsql stable parallel unsafe cost 1000000 rows 10
set search_path from current
set extra_float_digits = 1
set gin_fuzzy_search_limit = 0
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search_rows.model);
    filter clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
    given_collection constant text := filter.in_collection;
    attachment integer;
    attached clipsql_private.attached_table;
    ids bigint[];
    similarities double precision[];
    attachments integer[];
    parts text[];
begin
    perform
        clipsql_private.check_limits(
            max_results => max_results, min_similarity => min_similarity,
            min_percentile => min_percentile, distinct_above => distinct_above);
    if query_vector is null then
        perform clipsql_private.check_text(query);
        query_vector := clipsql.embed_text(query, chosen.name);
    end if;
    perform clipsql_private.check_query(query_vector, chosen);
    for attachment in
        select n
        from clipsql_private.attachments_of(
            (select nullif(t.typrelid, 0) from pg_catalog.pg_type as t where t.oid = pg_typeof(of_table)), search_rows.url_column) as n
    loop
        attached := clipsql_private.attached_table(attachment);
        filter.attachment_id := attachment;
        filter.in_collection := coalesce(given_collection, attached.collection);
        filter.only_images := only_images;
        if only_rows is not null then
            begin
                execute format(
                    'select array(select l.image_id from %s as o join %s as l on %s where $1 is null or l.image_id = any ($1))',
                    clipsql_private.given_keys(attachment, only_rows), attached.link,
                    clipsql_private.same_key(attached.row_keys, 'o', attached.row_keys, 'l'))
                into filter.only_images using only_images, null::integer, null::integer, null::integer, only_rows;
            exception when data_exception then
                raise exception using errcode = 'CQ004', message = format(
                    'only_rows must hold keys of %s as texts: %s.', attached.source, sqlerrm);
            end;
        end if;
        select
            ids || coalesce(array_agg(r.image_id), '{}'),
            similarities || coalesce(array_agg(r.similarity), '{}'),
            attachments || coalesce(array_agg(attachment), '{}')
        into ids, similarities, attachments
        from clipsql_private.answer(
            directions => array[query_vector], scale => 1, max_results => max_results, filter => filter,
            min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
            chosen => chosen) as r;
        parts := parts || format(
            'select s.*::%1$s as item, i.image_id, r.similarity, s.tableoid as part, s.ctid as place, concat_ws('','', %2$s) as key
             from unnest($2, $3, $4) as r(image_id, similarity, attachment_id)
             join clipsql.image as i on i.image_id = r.image_id and r.attachment_id = %3$s
             cross join %4$s',
            attached.source, clipsql_private.key_list(attached.source_keys, 's'), attachment,
            concat_ws(' and ', clipsql_private.attached_rows(attachment, filter), case when only_rows is not null then format(
                'exists (select from %s as o where %s)', clipsql_private.given_keys(attachment, only_rows),
                clipsql_private.same_key(attached.row_keys, 'o', attached.source_keys, 's')) end));
    end loop;
    return query execute format(
        'select u.item, u.image_id, u.similarity
         from (
             select distinct on (a.part, a.place) a.*
             from (%s) as a
             order by a.part, a.place, a.similarity desc, a.image_id
         ) as u
         order by u.similarity desc, u.image_id, u.key
         limit $6', array_to_string(parts, ' union all '))
    using filter, ids, similarities, attachments, only_rows, max_results;
end;
$$;

comment on function clipsql.search_rows is
    'Rows of an attached table (null::schema.table) whose pictures a text describes, nearest first, with the picture and its'
    ' similarity: select (s.item).name, s.similarity from clipsql.search_rows(null::shop.product, ''red shoe'') as s. Filters as'
    ' in clipsql.search; metadata are those of the row. only_rows: at most 200000 keys, as array(select p.id::text'
    ' from shop.product as p where ...). query_vector stands for a query that SQL cannot embed.';
