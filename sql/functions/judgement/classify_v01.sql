-- Zero-shot classification of one picture by prompts.
create or replace function clipsql.classify(
    image bigint,
    labels text[],
    template text default 'a photo of a {}',
    templates text[] default null,
    model text default null)
returns setof clipsql.label_result
language plpgsql stable parallel unsafe cost 1000000 rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(classify.model);
    embedding constant halfvec := clipsql.image_vector(image, chosen.name)::halfvec;
    directions constant halfvec[] := clipsql_private.label_directions(labels, template, templates, chosen);
begin
    return query
    select labels[array_lower(labels, 1) + p.label_number::integer - 1], p.probability
    from clipsql_private.label_probabilities(embedding, directions, chosen.logit_scale) as p
    order by p.probability desc, p.label_number;
end;
$$;

comment on function clipsql.classify(bigint, text[], text, text[], text) is
    'Probability of each label for a stored picture, likeliest first: softmax of the cosines times the model''s logit scale. At most 300 labels times templates,'
    ' 4000 bytes together.';
