-- Every table of both schemas that goes by the policies of clipsql.image, partitions included. Not that table itself; nor what
-- is of models, attached tables and the server (keys, too), and so of no tenant; nor watches and alarms, which have policies of their own.
create or replace function clipsql_private.own_tables()
returns setof regclass
language sql stable parallel safe
begin atomic
    select c.oid::regclass
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('clipsql', 'clipsql_private') and c.relkind in ('r', 'p')
        and n.nspname || '.' || c.relname <> all (array[
            'clipsql.image', 'clipsql.model', 'clipsql.settings', 'clipsql_private.revision', 'clipsql_private.text_added_token',
            'clipsql_private.text_matrix', 'clipsql_private.text_merge', 'clipsql_private.text_neuron',
            'clipsql_private.text_position', 'clipsql_private.text_token', 'clipsql_private.text_tower',
            'clipsql_private.text_word', 'clipsql.watch_list', 'clipsql.alert', 'clipsql_private.watch_vector',
            'clipsql_private.webhook', 'clipsql_private.delivery', 'clipsql_private.api_key',
            'clipsql.fusion', 'clipsql_private.fusion_row'])
    order by c.oid;
end;

comment on function clipsql_private.own_tables() is
    'The tables that go by the policies of clipsql.image, partitions included.';
