-- Every alarm waits for every webhook from the moment at which it is raised; where policies hide pictures, for those of the
-- watch's owner only, as nobody else is known to see it. Security definer: who writes a picture needs no right to these.
create or replace function clipsql_private.queue_deliveries()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    insert into clipsql_private.delivery (webhook_id, alert_id)
    select h.webhook_id, r.alert_id
    from raised as r
    join clipsql.watch_list as w on w.watch_id = r.watch_id
    join clipsql_private.webhook as h on clipsql_private.is_told(h.owner, w.owner);
    return null;
end;
$$;

comment on function clipsql_private.queue_deliveries() is 'Trigger: alarms wait to be posted to webhooks.';
