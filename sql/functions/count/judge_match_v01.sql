-- What somebody who looked at a picture says: whether it is what a query looks for.
create or replace function clipsql.judge_match(query text, image bigint, is_right boolean)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    digest constant bytea := clipsql_private.query_digest(judge_match.query);
begin
    perform clipsql_private.check_text(judge_match.query);
    if not exists (select from clipsql.image as i where i.image_id = judge_match.image) then
        raise exception using errcode = 'CQ002', message = format(
            'There is no image %s.', coalesce(judge_match.image::text, 'null'));
    elsif judge_match.is_right is null then
        delete from clipsql_private.verdict as v where v.query_digest = digest and v.image_id = judge_match.image;
        return;
    end if;
    insert into clipsql_private.verdict as v (query_digest, image_id, is_right)
    values (digest, judge_match.image, judge_match.is_right)
    on conflict (query_digest, image_id) do update set is_right = excluded.is_right, judged_at = now();
end;
$$;

comment on function clipsql.judge_match(text, bigint, boolean) is
    'Says whether a picture is what a query (at most 5000 characters) looks for, for clipsql.count_matches; null takes that'
    ' back. For clipsql_writer.';
