"""How the partitions of a model and their HNSW indexes are called, as clipsql_private.partition_name says."""

from __future__ import annotations

from psycopg import sql

from clipsql.db.tables.base import PRIVATE_SCHEMA

EMBEDDING_TABLES = ("image_embedding", "caption_embedding", "region_embedding")


def partition(table: str, model_id: int) -> sql.Identifier:
    """Qualified name of the partition of an embedding table that holds one model's vectors."""
    return sql.Identifier(PRIVATE_SCHEMA, f"{table}_{model_id}")


def hnsw_index_name(table: str, model_id: int) -> str:
    """Name, in the private schema, of the HNSW index over one model's partition of an embedding table."""
    return f"{table}_{model_id}_hnsw"
