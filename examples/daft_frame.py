"""Embed pictures with Daft: processes that hold the model read a column of files and write their rows."""

from __future__ import annotations

import os
from collections import Counter

import daft
import psycopg

import clipsql


class Ingest:
    """One process: it loads the model with its first batch."""

    def __init__(self, model: str, database: str, collection: str, name: str) -> None:
        self.model = model
        self.where = {"database": database, "collection": collection, "model": name}

    @daft.method.batch(return_dtype=daft.DataType.string(), batch_size=256)
    def outcome(self, files: daft.Series) -> list[str]:
        """What became of each file of a batch."""
        columns = clipsql.embed_batch(files.to_pylist(), self.model, thumbnails=True, dtype="float32")
        return clipsql.write_batch(columns, **self.where)["outcome"].tolist()


def main(collection: str = "daft", *, processes: int = 2, gpus_each: float = 0) -> None:
    """Bring the demo's pictures into another collection; with GPUs, say how much of one a process takes."""
    database = os.environ["CLIPSQL_DATABASE_URL"]
    with clipsql.connect(model="clipsql-demo") as pictures:
        model = pictures.model
    with psycopg.connect(database) as connection:
        files = connection.execute("select file from clipsql.picture where collection = 'demo'").fetchall()
    assert model.location is not None
    on_many = daft.cls(use_process=True, max_concurrency=processes, gpus=gpus_each)(Ingest)
    ingest = on_many(model.location, database, collection, model.name)
    frame = daft.from_pydict({"file": [file for (file,) in files]})
    done = frame.select(ingest.outcome(frame["file"]).alias("outcome")).to_pydict()
    print(dict(Counter(done["outcome"])))


if __name__ == "__main__":
    main()
