-- A request in JSON, member by member. A wrong one is named: PostgreSQL's own message tells the value, not the member.
-- parallel unsafe: to catch an error is to begin a subtransaction.
create or replace function clipsql_private.read_request(request jsonb)
returns clipsql_private.requested_search
language plpgsql stable parallel unsafe
set search_path from current
as $$
declare
    known constant text[] := array(
        select a.attname from pg_catalog.pg_attribute as a
        where a.attrelid = 'clipsql_private.requested_search'::regclass and not a.attisdropped
        order by a.attnum);
    members jsonb;
    wrong record;
    read clipsql_private.requested_search;
begin
    if jsonb_typeof(request) is distinct from 'object' then
        raise exception using errcode = 'CQ004', message = format(
            'A request must be a JSON object, not %s; write it as in: {"text": "red truck", "max_results": 5}.',
            coalesce(jsonb_typeof(request), 'null'));
    end if;
    perform clipsql_private.check_most('request', octet_length(request::text), 'bytes');
    select k.name into wrong from jsonb_object_keys(request) as k(name) where k.name <> all (known) order by k.name limit 1;
    if found then
        raise exception using errcode = 'CQ004', message = format(
            'A request has no member "%s"; it may have: %s.', left(wrong.name, 100), array_to_string(known, ', '));
    end if;
    -- Vertices as JSON writes them, [[longitude, latitude], ...], as a polygon is written.
    members := request || coalesce((
        select jsonb_build_object('inside', format('(%s)', string_agg(
            format('(%s,%s)', p.vertex ->> 0, p.vertex ->> 1), ',' order by p.position)))
        from jsonb_array_elements(case jsonb_typeof(request -> 'inside') when 'array' then request -> 'inside' end)
            with ordinality as p(vertex, position)
        having count(*) > 0), '{}');
    for wrong in select m.name, m.body from jsonb_each(members) as m(name, body) loop
        begin
            read := jsonb_populate_record(read, jsonb_build_object(wrong.name, wrong.body));
        exception when data_exception or syntax_error or program_limit_exceeded then
            raise exception using errcode = 'CQ004', message = format('%s is wrong: %s.', wrong.name, sqlerrm);
        end;
    end loop;
    if num_nonnulls(read.text, read.image, read.vector, read.query) <> 1 then
        raise exception using errcode = 'CQ004', message = format(
            'A request asks for one of text, image, vector and query, not for %s of them.',
            num_nonnulls(read.text, read.image, read.vector, read.query));
    end if;
    if read.fusion is not null and read.query is null then
        raise exception using errcode = 'CQ004', message = 'fusion tells how the terms of a query become one; give it with query.';
    elsif read.search_in not in ('pictures', 'regions') then
        raise exception using errcode = 'CQ004', message = format(
            'search_in is wrong: it is pictures, the default, or regions, not %s.', left(read.search_in, 100));
    elsif read.having_label is not null and read.search_in is distinct from 'regions' then
        raise exception using errcode = 'CQ004',
            message = 'having_label is of regions; give it with "search_in": "regions", or leave it out.';
    end if;
    return read;
end;
$$;

comment on function clipsql_private.read_request(jsonb) is 'A request in JSON, member by member; CQ004 names what is wrong.';
