-- How a search is answered.
create type clipsql.plan_result as (
    strategy text,
    matching_rows bigint,
    matching_is_exact boolean,
    is_exact boolean,
    is_complete boolean,
    recall double precision,
    index_used text,
    expected_ms double precision,
    explanation text);

comment on type clipsql.plan_result is 'How clipsql.search answers, from clipsql.search_plan.';
comment on column clipsql.plan_result.strategy is 'exact, search rows or index walk, or a walk and then another.';
comment on column clipsql.plan_result.matching_rows is 'Pictures that pass the filters, counted up to 10,000.';
comment on column clipsql.plan_result.matching_is_exact is 'Whether all of them were counted.';
comment on column clipsql.plan_result.is_exact is 'Whether the answer is proved to be the nearest pictures.';
comment on column clipsql.plan_result.is_complete is 'Whether the answer holds every picture that passes.';
comment on column clipsql.plan_result.recall is
    'Share of the nearest matches that the answer has, found out by comparing all; null where that would take seconds.';
comment on column clipsql.plan_result.index_used is 'Indexes that find the matches or are walked; null where row-level security hides pictures.';
comment on column clipsql.plan_result.expected_ms is 'Estimated time; only ratios mean something; null where row-level security hides pictures.';
comment on column clipsql.plan_result.explanation is 'The same in a sentence, with the reason.';
