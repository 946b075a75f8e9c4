-- The learned fusion of that name under a model. What is asked for by a wrong name is told which there are: the three ways that
-- need no learning, and those learned ones that surely beat the weighted sum.
create or replace function clipsql_private.find_fusion(fusion text, chosen clipsql.model)
returns clipsql.fusion
language plpgsql stable parallel safe
set search_path from current
as $$
#variable_conflict use_variable
declare
    found_fusion clipsql.fusion;
begin
    perform clipsql_private.check_most('fusion', length(fusion), 'characters');
    select f.* into found_fusion from clipsql.fusion as f where f.model_id = chosen.model_id and f.name = fusion;
    if found_fusion.fusion_id is null then
        raise exception using errcode = 'CQ004', message = format(
            'fusion must be "weighted sum", "mean similarity" or "minimum similarity"%s, not %s.',
            (select ', or a learned one of model ' || chosen.name || ': ' || string_agg(quote_ident(f.name), ', ' order by f.name)
             from clipsql.fusion as f where f.model_id = chosen.model_id and f.is_better),
            coalesce(quote_ident(fusion), 'null'));
    end if;
    return found_fusion;
end;
$$;

comment on function clipsql_private.find_fusion(text, clipsql.model) is
    'The learned fusion of that name under a model; CQ004 tells which there are.';
