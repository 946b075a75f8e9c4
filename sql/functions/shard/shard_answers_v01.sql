-- What the shards answer, or an error: theirs, where the question itself is wrong; else one that names the shard. Where
-- clipsql.partial_answers is on, those that do not answer are left out, a warning says so, and clipsql.shards_left_out
-- names them to who asks in the same transaction.
create or replace function clipsql_private.shard_answers(
    question text, request jsonb, may_be_partial boolean, out shard_id integer, out answer jsonb)
returns setof record
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    is_partial constant boolean := may_be_partial
        and coalesce(nullif(current_setting('clipsql.partial_answers', true), ''), 'off')::boolean;
    one record;
    left_out text[] := '{}';
    answered integer := 0;
begin
    for one in select a.* from clipsql_private.ask_shards(question, request) as a loop
        if one.problem is null then
            answered := answered + 1;
            shard_id := one.shard_id;
            answer := one.answer;
            return next;
        elsif one.state ~ '^CQ00[2-6]$' then
            raise exception using errcode = one.state, message = one.problem;
        elsif not is_partial then
            raise exception using errcode = 'CQ007', message = format('Shard %s gives no answer: %s.', one.name, rtrim(one.problem, '.')),
                hint = 'Look with "clipsql shard check".' || case when may_be_partial then
                    ' An answer without it: set clipsql.partial_answers = on.' else '' end;
        else
            left_out := left_out || one.name;
        end if;
    end loop;
    if answered = 0 then
        raise exception using errcode = 'CQ007', message = format(
            'No shard answers (%s); look with "clipsql shard check".', array_to_string(left_out, ', '));
    end if;
    perform set_config('clipsql.shards_left_out', array_to_string(left_out, ', '), true);
    if left_out <> '{}' then
        raise warning using errcode = '01CQ1', message = format(
            'The answer is partial: shard %s does not answer; look with "clipsql shard check".', array_to_string(left_out, ', '));
    end if;
end;
$$;

comment on function clipsql_private.shard_answers is
    'Answers of all shards; CQ007 names one that does not answer, unless clipsql.partial_answers is on.';
