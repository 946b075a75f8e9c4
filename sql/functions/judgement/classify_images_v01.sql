-- Zero-shot classification of every picture that passes the filters, in one statement: the labels are embedded once.
create or replace function clipsql.classify_images(
    labels text[],
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
    template text default 'a photo of a {}',
    templates text[] default null,
    model text default null)
returns setof clipsql.image_label_result
language plpgsql stable parallel unsafe cost 1000000 rows 1000
set search_path from current
set gin_fuzzy_search_limit = 0
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(classify_images.model);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
    conditions constant text := clipsql_private.effective_conditions(filter);
    directions constant halfvec[] := clipsql_private.label_directions(labels, template, templates, chosen);
begin
    return query execute format(
        'select c.image_id, ($3)[array_lower($3, 1) + best.label_number::integer - 1], best.probability
         from (select e.image_id, e.embedding %s) as c
         cross join lateral (
             select p.label_number, p.probability
             from clipsql_private.label_probabilities(c.embedding, $2, $4) as p
             order by p.probability desc, p.label_number
             limit 1
         ) as best
         order by c.image_id', clipsql_private.candidates(conditions, chosen))
    using filter, directions, labels, chosen.logit_scale;
    if not found then perform clipsql_private.refuse_shards('classify_images'); end if;
end;
$$;

comment on function clipsql.classify_images is
    'The likeliest label of every picture that passes the filters, with its probability; at most 300 labels times templates, 4000 bytes together; filters as in clipsql.search.';
