-- The pictures of a count, from what its functions were asked. Pictures that the query names are not counted.
create or replace function clipsql_private.drawn_for(
    query text, query_vector vector, filter clipsql_private.search_filter, chosen clipsql.model)
returns setof clipsql_private.drawn_picture
language plpgsql stable parallel unsafe rows 1000
set search_path from current
as $$
declare
    subject record;
begin
    perform clipsql_private.check_text(query);
    subject := clipsql_private.watch_subject(query => query, images => null, query_vector => query_vector, chosen => chosen);
    filter.except_images := clipsql_private.joined_images(filter.except_images, subject.pictures);
    return query
    select d.* from clipsql_private.drawn_pictures(query, subject.directions[1], filter, chosen) as d;
end;
$$;

comment on function clipsql_private.drawn_for(text, vector, clipsql_private.search_filter, clipsql.model) is
    'The pictures of a count, with their places in the order in which they are checked.';
