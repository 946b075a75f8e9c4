"""A database with a little of everything, and questions whose answers no dump and no upgrade may change."""

from __future__ import annotations

import numpy as np
from integration.filling import fill
from local_towers import random_tower, small_tokenizer
from sqlalchemy.engine import Engine

from clipsql.db.indexes import ensure_index
from clipsql.db.search_rows import ensure_search_rows
from clipsql.db.text_towers import remember_texts, store_text_tower
from clipsql.encoding.text_tower import read_text_tower

DIMENSIONS = 8

USERS_VIEWS = (
    "create schema report",
    "create view report.red as select image_id, url from clipsql.search_text('a red dog', max_results => 5)",
    "create view report.held as select collection, images, embedded, captions from clipsql.collection_stats",
    "create view report.both as select h.images, r.url from report.held as h join clipsql.image as i using (collection)"
    " join report.red as r on r.image_id = i.image_id",
    "create materialized view report.cameras as select metadata ->> 'camera' as camera, count(*) as images"
    " from clipsql.image group by 1",
    "create unique index cameras_key on report.cameras (camera)",
)

_MATCH = "select url, similarity::numeric(6, 3), caption, taken_at, metadata from "
QUESTIONS = (
    _MATCH + "clipsql.search('[1,-1,1,-1,1,-1,1,-1]', 7)",
    _MATCH + "clipsql.search('[1,-1,1,-1,1,-1,1,-1]', 300, in_collection => 'holidays')",
    _MATCH + "clipsql.search('[1,1,1,1,1,1,1,1]', taken_from => '2025-03-01', taken_until => '2025-06-01')",
    _MATCH + "clipsql.search('[1,1,1,1,1,1,1,1]', having_metadata => '{\"camera\": \"K3\"}')",
    _MATCH
    + "clipsql.search('[1,1,1,1,1,1,1,1]', near_longitude => 13.4, near_latitude => 52.5, within_m => 20000)",
    _MATCH + "clipsql.search('[1,1,1,1,1,1,1,1]', caption_query => 'red trucks')",
    _MATCH + "clipsql.search('[1,1,1,1,1,1,1,1]', caption_query => '卡车')",
    _MATCH + "clipsql.search_similar(17, 5)",
    _MATCH + "clipsql.search_text('a red dog', 5)",
    _MATCH + "clipsql.search_query('red + 2*dog - night', 5)",
    _MATCH + "clipsql.search_hybrid('red dog', 5)",
    "select percentile::numeric(6, 2) from clipsql.search('[1,1,1,1,1,1,1,1]', 5, min_percentile => 90)",
    "select clipsql.match(17, 'a red dog')::numeric(6, 3)",
    "select label, probability::numeric(6, 3) from clipsql.classify(17, array['red', 'dog', 'street'])",
    "select clipsql.tokenize('The red dog’s café')",
    "select url from report.red",
    "select collection, images, embedded, captions from report.held order by 1",
    "select url, images from report.both order by 1",
    "select camera, images from report.cameras order by 1",
    "select collection, count(*), count(taken_at), count(longitude) from clipsql.image group by 1 order by 1",
    "select count(*), sum(caption_id), sum(length(body)), sum(length(words)) from clipsql.caption",
    "select k.conname, pg_get_constraintdef(k.oid), k.conparentid <> 0 from pg_constraint as k"
    " join pg_inherits as h on h.inhrelid = k.conrelid where k.contype in ('c', 'f', 'p') order by 1",
    "select b.state, count(*), count(s.taken_at), count(s.longitude) from clipsql_private.search_row as s"
    " join clipsql_private.code_basis as b on b.basis_id = s.basis_id group by 1 order by 1",
    "select name, location, revision, dimensions, logit_scale, is_default from clipsql.model order by 1",
)


def keep_state(engine: Engine) -> None:
    """Fill a database at the newest revision: pictures, captions, a text tower, indexes, and a user's views."""
    filled = fill(engine, rows=120, dimensions=DIMENSIONS)
    tokenizer = small_tokenizer(max_tokens=12)
    tower = random_tower(
        tokenizer,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        projection_dim=DIMENSIONS,
        max_position_embeddings=12,
    )
    store_text_tower(engine, filled.model, read_text_tower(tower, tokenizer))
    remember_texts(engine, filled.model, {"kept": np.eye(1, DIMENSIONS, dtype=np.float32)[0]})
    ensure_index(engine, filled.model, table="image_embedding")
    ensure_search_rows(engine, filled.model, least_rows=1)
    with engine.begin() as connection:
        for statement in USERS_VIEWS:
            connection.exec_driver_sql(statement)


def answers(engine: Engine) -> dict[str, list[list[str]]]:
    """What the database answers to each question, as text."""
    with engine.connect() as connection:
        connection.exec_driver_sql("set time zone 'UTC'")
        return {
            question: [
                [str(value) for value in row]
                for row in connection.exec_driver_sql(question.replace("%", "%%"))
            ]
            for question in QUESTIONS
        }
