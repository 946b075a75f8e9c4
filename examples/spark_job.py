"""Embed pictures with Spark: each partition reads its files and writes their rows, as often as it is run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import pandas as pd
import psycopg
from pyspark.sql import SparkSession

import clipsql

Partition = Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]


def ingest_into(collection: str, *, database: str, model: str, name: str) -> Partition:
    """What Spark does with a partition; the model is loaded once in each of its Python processes."""

    def partition(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            columns = clipsql.embed_batch(batch["file"], model, thumbnails=True, dtype="float32")
            written = clipsql.write_batch(columns, collection=collection, model=name, database=database)
            yield pd.DataFrame(written)

    return partition


def main(collection: str = "spark", *, processes: int = 2) -> None:
    """Bring the demo's pictures into another collection; on a cluster, leave `master` to spark-submit."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    database = os.environ["CLIPSQL_DATABASE_URL"]
    with clipsql.connect(model="clipsql-demo") as pictures:
        model = pictures.model
    with psycopg.connect(database) as connection:
        files = connection.execute("select file from clipsql.picture where collection = 'demo'").fetchall()
    assert model.location is not None
    spark = (
        SparkSession.builder.master(f"local[{processes}]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "256")
        .getOrCreate()
    )
    work = ingest_into(collection, database=database, model=model.location, name=model.name)
    done = (
        spark.createDataFrame(files, "file string")
        .repartition(processes)
        .mapInPandas(work, "url string, outcome string, error string")
        .groupBy("outcome")
        .count()
        .collect()
    )
    print({row["outcome"]: row["count"] for row in done})
    spark.stop()


if __name__ == "__main__":
    main()
