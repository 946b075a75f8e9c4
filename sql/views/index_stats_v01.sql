-- A row for each model and embedding table. A search is right whatever the state; without a valid index it compares all.
-- A build is told by its lock on the partition: the view of builds' progress shows a user none but its own.
create or replace view clipsql.index_stats with (security_invoker = true) as
select
    m.name as model,
    t.embeddings,
    clipsql_private.count_vectors(t.embeddings, m.model_id) as rows,
    case when not row_security_active('clipsql.image') then pg_relation_size(x.indexrelid) end as bytes,
    case
        when x.indisvalid then 'valid'
        when exists (
            select from pg_catalog.pg_locks as l
            join pg_catalog.pg_database as d on d.oid = l.database and d.datname = current_database()
            where l.relation = to_regclass(clipsql_private.partition_name(t.embeddings, m.model_id))
                and l.mode = 'ShareLock' and l.granted) then 'building'
        when x.indexrelid is null then 'missing'
        else 'invalid'
    end as state,
    s.measured_recall as recall,
    s.measured_at as recall_measured_at,
    case when t.embeddings = 'image_embedding' then coalesce(k.state, 'none') end as search_rows,
    k.left_out as learned_left_out,
    n.left_out as left_out,
    n.left_out > 0.01 + 1.5 * k.left_out as rebuild_is_due
from clipsql.model as m
cross join clipsql_private.embedding_tables() as t(embeddings)
left join pg_catalog.pg_index as x
    on x.indexrelid = to_regclass(clipsql_private.hnsw_index_name(t.embeddings, m.model_id))
left join clipsql_private.search_tuning as s
    on t.embeddings = 'image_embedding' and s.model_id = m.model_id and s.collection is null
left join lateral (
    select b.basis_id, b.left_out, b.state
    from clipsql_private.code_basis as b
    where t.embeddings = 'image_embedding' and b.model_id = m.model_id and b.state <> 'retired'
    order by b.state = 'ready' desc, b.basis_id desc
    limit 1
) as k on true
left join lateral (
    select avg(r.left_out ^ 2) as left_out
    from clipsql_private.search_row as r
    where r.basis_id = k.basis_id
        and r.ctid = any (clipsql_private.spread_rows(to_regclass('clipsql_private.search_row_' || k.basis_id), 1000))
) as n on not row_security_active('clipsql.image');

comment on view clipsql.index_stats is 'The HNSW indexes of each model: rows, size, state and last measured recall.';
comment on column clipsql.index_stats.model is 'Name of the model.';
comment on column clipsql.index_stats.embeddings is 'The table that is indexed: image_embedding, caption_embedding or region_embedding.';
comment on column clipsql.index_stats.rows is 'Vectors of the model in that table.';
comment on column clipsql.index_stats.bytes is 'Size of the index; null where there is none, or where it would tell of pictures that one may not see.';
comment on column clipsql.index_stats.state is 'valid, invalid, building or missing.';
comment on column clipsql.index_stats.recall is
    'Recall of the 10 nearest over all collections, as "clipsql index tune" last measured it; null before.';
comment on column clipsql.index_stats.recall_measured_at is 'When that was.';
comment on column clipsql.index_stats.search_rows is
    'State of the rows by which filtered searches are answered fast: none, filling or ready; null but for pictures.';
comment on column clipsql.index_stats.learned_left_out is
    'Share of a vector''s squared length that their codes left out when they were learned; null without search rows.';
comment on column clipsql.index_stats.left_out is
    'The same of the pictures that are there now, from a sample; null without search rows or where pictures are hidden.';
comment on column clipsql.index_stats.rebuild_is_due is
    'Whether codes fit the pictures so much less than when they were learned that "clipsql index build --rebuild" pays.';
