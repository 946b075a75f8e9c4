-- A table of somebody else whose rows have pictures, ready to be spliced into statements: names are quoted, and expressions
-- are over a row of the table that the statement calls s.
create type clipsql_private.attached_table as (
    attachment_id integer,
    source regclass,
    link text,
    changes text,
    collection text,
    model_id integer,
    may_read_files boolean,
    row_keys text[],
    source_keys text[],
    watched text[],
    address text,
    captions text,
    metadata text,
    taken_at text,
    longitude text,
    latitude text,
    facts text,
    state text,
    is_usable boolean);

comment on type clipsql_private.attached_table is 'An attached table as parts of statements.';
