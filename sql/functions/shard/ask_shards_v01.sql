-- Asks all shards, or one, the same question at once, and gives their answers as they are told. A question is a function of
-- clipsql_private that takes and gives JSON, as written alike by every server whatever its settings. Connections stay open
-- for the next question of the session; one that died, or that an error or a cancelled statement left unread, is made anew.
-- security definer: the owner alone has the user mappings, with their passwords, and the right to ask.
create or replace function clipsql_private.ask_shards(
    question text, request jsonb, only_shard integer default null,
    out shard_id integer, out name text, out answer jsonb, out problem text, out state text)
returns setof record
language plpgsql volatile parallel unsafe security definer
set search_path from current
set client_min_messages = error  -- of what is mended here
as $$
#variable_conflict use_column
declare
    dblink constant text := (
        select e.extnamespace::regnamespace::text from pg_catalog.pg_extension as e where e.extname = 'dblink');
    asked constant text := format('select clipsql_private.%I(%L)', question, request);
    -- Once: one that is added meanwhile was not asked.
    shards constant clipsql_private.shard[] := array(
        select s from clipsql_private.shard as s where only_shard is null or s.shard_id = only_shard order by s.shard_id);
    shard clipsql_private.shard;
    opened boolean;
    link text;
    detail text;
    problems jsonb := '{}';
begin
    if dblink is null and clipsql_private.has_shards() then
        raise exception using errcode = 'CQ007',
            message = 'Shards need the extension dblink, which is gone; let a superuser run: create extension dblink.';
    end if;
    -- First to all, then the answers: they work at the same time.
    foreach shard in array shards loop
        link := 'clipsql_' || shard.server;
        begin
            execute format('select $1 = any (%s.dblink_get_connections())', dblink) into opened using link;
            if opened then
                execute format('select %s.dblink_send_query($1, $2) = 1', dblink) into opened using link, asked;
                if not opened then
                    execute format('select %s.dblink_disconnect($1)', dblink) using link;
                end if;
            end if;
            if opened is not true then
                execute format('select %1$s.dblink_connect($1, $2), %1$s.dblink_send_query($1, $3)', dblink)
                    using link, shard.server, asked;
            end if;
        exception when others then
            get stacked diagnostics detail = pg_exception_detail;
            problems := problems || jsonb_build_object(shard.shard_id, coalesce(nullif(detail, ''), sqlerrm));
        end;
    end loop;
    foreach shard in array shards loop
        link := 'clipsql_' || shard.server;
        shard_id := shard.shard_id;
        name := shard.name;
        answer := null;
        state := null;
        problem := problems ->> shard.shard_id::text;
        for attempt in 1 .. 2 loop
            exit when problem is not null;
            begin
                execute format('select a.answer from %s.dblink_get_result($1) as a(answer jsonb)', dblink) into answer using link;
                if answer is null then
                    raise exception using errcode = 'connection_failure', message = 'its connection had no answer';
                end if;
                -- A second, empty one ends the answer.
                execute format('select from %s.dblink_get_result($1) as a(answer jsonb)', dblink) using link;
                exit;
            exception when others then
                state := sqlstate;
                get stacked diagnostics detail = pg_exception_detail;
                -- The server may have started again since the session asked it last.
                if attempt = 1 and (state like '08%' or state like '57P%') then
                    begin
                        execute format('select %s.dblink_disconnect($1)', dblink) using link;
                        execute format('select %1$s.dblink_connect($1, $2), %1$s.dblink_send_query($1, $3)', dblink)
                            using link, shard.server, asked;
                        state := null;
                    exception when others then
                        get stacked diagnostics detail = pg_exception_detail;
                        problem := coalesce(nullif(detail, ''), sqlerrm);
                    end;
                else
                    problem := sqlerrm;
                end if;
            end;
        end loop;
        problem := regexp_replace(problem, '[[:space:]]+', ' ', 'g');
        return next;
    end loop;
end;
$$;

comment on function clipsql_private.ask_shards is
    'Answers of all shards to a question, asked at once; problem and state (the SQLSTATE, null when it was not reached) of one without.';
