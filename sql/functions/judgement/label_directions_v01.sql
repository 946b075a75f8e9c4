-- One direction for each label of a zero-shot classification: the label is set into the templates, and the unit
-- embeddings of these texts are averaged and brought back to unit length (Radford et al. 2021, section 3.1.4).
create or replace function clipsql_private.label_directions(
    labels text[], template text, templates text[], chosen clipsql.model)
returns halfvec[]
language plpgsql stable parallel unsafe cost 1000000
set search_path from current
as $$
declare
    prompts constant text[] := coalesce(templates, array[coalesce(template, 'a photo of a {}')]);
    reason text;
begin
    perform
        clipsql_private.check_most(
            'labels', coalesce(cardinality(labels), 0)::bigint * cardinality(prompts), 'texts (labels times templates)'),
        clipsql_private.check_most('prompts', -- which are not made for it: each may repeat its label without end
            (select sum(octet_length(p.prompt) + (octet_length(l.label) - 2)::bigint
                        * (length(p.prompt) - length(replace(p.prompt, '{}', ''))) / 2)::bigint
             from unnest(labels) as l(label) cross join unnest(prompts) as p(prompt)),
            'bytes (labels in their templates)');
    reason := case
        when coalesce(cardinality(labels), 0) < 2 then
            'classify needs two labels or more: of one label alone the probability is always 1; use clipsql.match.'
        when array_ndims(labels) > 1 or array_ndims(templates) > 1 then
            'classify takes one-dimensional arrays of labels and templates.'
        when array_position(labels, null) is not null then
            'classify takes no null among its labels.'
        when exists (select from unnest(labels) as l(label) where clipsql_private.normalize_text(l.label) in ('', ' ')) then
            'classify takes no empty text among its labels.'
        when cardinality(prompts) = 0 or array_position(prompts, null) is not null then
            'templates must hold at least one text, and no null.'
    end;
    if reason is null then
        -- Texts that differ in case or white space only have one embedding, and would share its probability.
        select format('The labels %L and %L mean the same; give each label once.', min(l.label), max(l.label))
        into reason
        from unnest(labels) as l(label)
        group by btrim(clipsql_private.normalize_text(l.label))
        having count(*) > 1
        limit 1;
    end if;
    if reason is null then
        select format('The template %L has no {} where the label goes, as in "a photo of a {}".', p.prompt)
        into reason
        from unnest(prompts) as p(prompt)
        where strpos(p.prompt, '{}') = 0
        limit 1;
    end if;
    if reason is not null then
        raise exception using errcode = 'CQ004', message = reason;
    end if;
    return array(
        select (
            select l2_normalize(avg(clipsql.embed_text(replace(p.prompt, '{}', l.label), chosen.name)))::halfvec
            from unnest(prompts) as p(prompt))
        from unnest(labels) with ordinality as l(label, number)
        order by l.number);
end;
$$;

comment on function clipsql_private.label_directions(text[], text, text[], clipsql.model) is
    'Unit vectors of the labels, averaged over the templates; CQ004 for labels that cannot be told apart.';
