-- The conditions of a search as SQL over clipsql.image as i, with the filter itself bound as $1. Only the filters that
-- are given appear, so the planner sees the question that was asked. EXECUTE plans with the bound value as a constant.
create or replace function clipsql_private.conditions(filter clipsql_private.search_filter)
returns text
language plpgsql stable parallel safe
as $$
declare
    parts text[] := '{}';
    reason text;
begin
    if filter.in_collection is not null then
        perform clipsql_private.check_most('in_collection', length(filter.in_collection), 'characters');
        parts := parts || text 'i.collection = ($1).in_collection';
    end if;
    if filter.taken_from is not null then
        parts := parts || text 'i.taken_at >= ($1).taken_from';
    end if;
    if filter.taken_until is not null then
        if filter.taken_from >= filter.taken_until then
            reason := format('taken_from (%s) must lie before taken_until (%s).', filter.taken_from, filter.taken_until);
        end if;
        parts := parts || text 'i.taken_at < ($1).taken_until';
    end if;
    if filter.daily_from is not null or filter.daily_until is not null then
        if coalesce(filter.daily_from, '00:00') = coalesce(filter.daily_until, '24:00') then
            reason := format('daily_from (%s) and daily_until (%s) leave no time of day between them.',
                coalesce(filter.daily_from, '00:00'), coalesce(filter.daily_until, '24:00'));
        end if;
        parts := parts || case
            when filter.daily_from > filter.daily_until then  -- over midnight
                '(i.taken_at::time >= ($1).daily_from or i.taken_at::time < ($1).daily_until)'
            else concat_ws(' and ',
                case when filter.daily_from is not null then 'i.taken_at::time >= ($1).daily_from' end,
                case when filter.daily_until is not null then 'i.taken_at::time < ($1).daily_until' end)
        end;
    end if;
    if num_nonnulls(filter.near_longitude, filter.near_latitude, filter.within_m) > 0 then
        reason := case
            when num_nulls(filter.near_longitude, filter.near_latitude, filter.within_m) > 0 then
                'near_longitude, near_latitude and within_m go together; give all three.'
            when filter.near_longitude not between -180 and 180 then
                format('near_longitude must lie between -180 and 180 degrees, not %s.', filter.near_longitude)
            when filter.near_latitude not between -90 and 90 then
                format('near_latitude must lie between -90 and 90 degrees, not %s.', filter.near_latitude)
            when filter.within_m < 0 or filter.within_m = 'NaN' then
                format('within_m must be a distance of 0 metres or more, not %s.', filter.within_m)
            else reason
        end;
        -- The boxes use the index; the distance then decides.
        if reason is null then
            parts := parts || (
                select '(' || string_agg(format(
                        'point(i.longitude, i.latitude) <@ (clipsql_private.place_boxes('
                        '($1).near_longitude, ($1).near_latitude, ($1).within_m))[%s]', b.number), ' or ') || ')'
                    || ' and clipsql_private.distance_m(i.longitude, i.latitude, ($1).near_longitude, ($1).near_latitude)'
                    || ' <= ($1).within_m'
                from unnest(clipsql_private.place_boxes(filter.near_longitude, filter.near_latitude, filter.within_m))
                    with ordinality as b(bounds, number));
        end if;
    end if;
    if filter.inside is not null then
        perform clipsql_private.check_most('inside', npoints(filter.inside), 'vertices');
        reason := case
            when npoints(filter.inside) < 3 then 'inside must have 3 vertices or more.'
            when not box(filter.inside) <@ box(point(-360, -90), point(360, 90)) then
                'inside takes (longitude, latitude) vertices: longitudes between -360 and 360, latitudes between -90 and 90 degrees.'
            else reason
        end;
        -- A polygon over the antimeridian goes on beyond 180 degrees (170 .. 190): the positions that lie there are
        -- stored beyond the other side (-180 .. -170), so it is looked up there too.
        parts := parts || (
            select '(' || string_agg(format(
                    'point(i.longitude, i.latitude) <@ polygon(path(($1).inside) + point(%s, 0))', t.turn), ' or ') || ')'
            from unnest(array[0, 360, -360]) as t(turn)
            where box(filter.inside) + point(t.turn, 0) && box(point(-180, -90), point(180, 90)));
    end if;
    if filter.having_metadata is not null then
        perform clipsql_private.check_most('having_metadata', pg_column_size(filter.having_metadata), 'bytes');
        if jsonb_typeof(filter.having_metadata) <> 'object' then
            reason := format(
                'having_metadata must be an object such as {"camera": "K12"}, not %s.', left(filter.having_metadata::text, 100));
        end if;
        if filter.attachment_id is null then
            parts := parts || text 'i.metadata @> ($1).having_metadata';
        end if;
    end if;
    if filter.metadata_matches is not null then
        perform
            clipsql_private.check_most('metadata_matches', pg_column_size(filter.metadata_matches), 'bytes'),
            clipsql_private.check_path(filter.metadata_matches);
        if filter.attachment_id is null then
            parts := parts || text 'i.metadata @@ ($1).metadata_matches';
        end if;
    end if;
    if filter.caption_query is not null then
        perform clipsql_private.check_most('caption_query', length(filter.caption_query), 'characters');
        reason := case
            -- PostgreSQL's parser ends in an internal error where it has to remember more of them.
            when filter.caption_query ~ '([-－][[:space:]　!&|()]*){31}' then
                'caption_query has too many minus signs in a row; one before a word leaves out what has the word.'
            when clipsql_private.any_caption_query(filter.caption_query) is null then
                format('caption_query %L has no word to look for.', filter.caption_query)
            else reason
        end;
        parts := parts || text 'exists (select from clipsql.caption as c where c.image_id = i.image_id
            and c.words @@ clipsql_private.any_caption_query(($1).caption_query)
            and c.words @@ clipsql_private.caption_query(($1).caption_query, c.language))';
    end if;
    if filter.only_images is not null or filter.except_images is not null then
        perform
            clipsql_private.check_most('only_images', cardinality(filter.only_images), 'ids'),
            clipsql_private.check_most('except_images', cardinality(filter.except_images), 'ids');
        if array_ndims(filter.only_images) > 1 or array_ndims(filter.except_images) > 1 then
            reason := 'only_images and except_images must be one-dimensional arrays.';
        end if;
        parts := parts || array_remove(array[
            case when filter.only_images is not null then 'i.image_id = any (($1).only_images)' end,
            case when filter.except_images is not null then
                'i.image_id <> all (array_remove(($1).except_images, null))' end], null);
    end if;
    if reason is not null then
        raise exception using errcode = 'CQ004', message = reason;
    end if;
    -- Metadata are those of rows then.
    if filter.attachment_id is not null then
        parts := parts || format('exists (select from %s)', clipsql_private.attached_rows(filter.attachment_id, filter));
    end if;
    return array_to_string(parts, ' and ');
end;
$$;

comment on function clipsql_private.conditions(clipsql_private.search_filter) is
    'SQL conditions over clipsql.image as i for the filters that are given ($1 is the filter); CQ004 for impossible ones.';
