-- Where the pictures of an attachment go, and how their addresses are read.
create or replace function clipsql_private.choose_target(
    attachment integer, collection text, url_prefix text, may_read_files boolean, model text)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen clipsql.model;
begin
    perform
        clipsql_private.check_most('in_collection', length(choose_target.collection), 'characters'),
        clipsql_private.check_most('url_prefix', length(choose_target.url_prefix), 'characters');
    if choose_target.collection !~ '[^[:space:]]' then
        raise exception using errcode = 'CQ004', message = 'The collection is empty; give it a name.';
    end if;
    -- Without a model, whichever worker comes first makes the vectors.
    if choose_target.model is not null then
        chosen := clipsql_private.resolve_model(choose_target.model);
        if chosen.location is null then
            raise exception using errcode = 'CQ003', message = format(
                'Model %s is a vector space without files, so that no worker can make vectors with it; name another.', chosen.name);
        end if;
    end if;
    update clipsql_private.attachment as a
    set collection = choose_target.collection, url_prefix = nullif(choose_target.url_prefix, ''),
        may_read_files = coalesce(choose_target.may_read_files, false), model_id = chosen.model_id, reconciled_at = null
    where a.attachment_id = attachment;
end;
$$;

comment on function clipsql_private.choose_target is 'Notes where the pictures of an attachment go; all its rows are looked at anew.';
