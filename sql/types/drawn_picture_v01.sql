-- A picture in the order in which a query's are checked.
create type clipsql_private.drawn_picture as (
    image_id bigint,
    similarity double precision,
    size double precision,
    priority double precision,
    url text,
    taken_at timestamptz,
    is_right boolean);

comment on type clipsql_private.drawn_picture is 'A picture in the order in which those of a query are checked, with what was said of it.';
comment on column clipsql_private.drawn_picture.image_id is 'The picture.';
comment on column clipsql_private.drawn_picture.similarity is 'Its cosine with what is looked for.';
comment on column clipsql_private.drawn_picture.size is 'How likely it is drawn, beside others.';
comment on column clipsql_private.drawn_picture.priority is 'Its place in the order: the least comes first.';
comment on column clipsql_private.drawn_picture.url is 'Where it came from.';
comment on column clipsql_private.drawn_picture.taken_at is 'When it was taken.';
comment on column clipsql_private.drawn_picture.is_right is 'Whether it is what is looked for; null: nobody has said.';
