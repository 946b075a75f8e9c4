-- Whether an alarm was right, as somebody who looked at the picture says.
create or replace function clipsql.judge_alert(alert bigint, is_right boolean)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    owner text;
begin
    select w.owner into owner
    from clipsql.alert as a
    join clipsql.watch_list as w on w.watch_id = a.watch_id
    where a.alert_id = judge_alert.alert;
    if not found then
        raise exception using errcode = 'CQ009', message = format(
            'There is no alert %s; clipsql.alert shows what there is.', coalesce(judge_alert.alert::text, 'null'));
    elsif not clipsql_private.owns(owner) then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'The watch of alert %s is another role''s, who alone judges it.', judge_alert.alert);
    end if;
    update clipsql.alert as a set verdict = judge_alert.is_right where a.alert_id = judge_alert.alert;
end;
$$;

comment on function clipsql.judge_alert(bigint, boolean) is
    'Says whether an alarm was right; null takes that back. clipsql.watch_stats has the precision. For clipsql_writer.';
