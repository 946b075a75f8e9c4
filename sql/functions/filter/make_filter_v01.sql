-- What a caller asks for, brought to one form: null for every filter that filters nothing. Every search makes its filter
-- here, by name, and is warned here, once, of a collection that does not exist.
create or replace function clipsql_private.make_filter(
    in_collection text,
    taken_from timestamptz,
    taken_until timestamptz,
    daily_from time,
    daily_until time,
    near_longitude double precision,
    near_latitude double precision,
    within_m double precision,
    inside polygon,
    having_metadata jsonb,
    metadata_matches jsonpath,
    caption_query text,
    only_images bigint[],
    except_images bigint[])
returns clipsql_private.search_filter
language plpgsql stable parallel safe
as $$
declare
    filter clipsql_private.search_filter;
    is_known boolean;
begin
    filter.in_collection := case when in_collection ~ '[^[:space:]]' then in_collection end;
    filter.taken_from := taken_from;
    filter.taken_until := taken_until;
    filter.daily_from := daily_from;
    filter.daily_until := daily_until;
    filter.near_longitude := near_longitude;
    filter.near_latitude := near_latitude;
    filter.within_m := within_m;
    filter.inside := inside;
    filter.having_metadata := nullif(having_metadata, '{}');
    filter.metadata_matches := metadata_matches;
    filter.caption_query := case when caption_query ~ '[^[:space:]]' then caption_query end;
    filter.only_images := only_images;
    filter.except_images := except_images;
    -- In this form only an index has the order: a plan that expects to meet the collection soon by reading the table would
    -- read all of it where there is none, and much of it for one that came last.
    if filter.in_collection is not null then
        execute format(
                'select true from %s as i where i.collection between $1 and $1 order by i.collection limit 1',
                clipsql_private.visible_images())
            into is_known using filter.in_collection;
    end if;
    if filter.in_collection is not null and is_known is null and not clipsql_private.has_shards() then
        raise warning using errcode = 'CQ008', message = format(
            'There is no collection "%s", so nothing matches; clipsql.collection_stats shows what there is.',
            left(filter.in_collection, 100));
    end if;
    return filter;
end;
$$;

comment on function clipsql_private.make_filter is
    'The filters of a search in one row, empty ones as null; warns (CQ008) of a collection that does not exist.';
