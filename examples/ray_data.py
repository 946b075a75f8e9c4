"""Embed pictures with Ray Data: actors that hold the model, then batches into the database."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import numpy as np
import psycopg
import ray

import clipsql


class Embed:
    """One actor: it loads the model with its first batch."""

    def __init__(self, model: str) -> None:
        self.model = model

    def __call__(self, batch: dict[str, np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
        """Columns of a batch of files."""
        return clipsql.embed_batch(batch["file"], self.model, thumbnails=True, dtype="float32")


def main(collection: str = "ray", *, actors: int = 2, gpus_each: float = 0) -> None:
    """Bring the demo's pictures into another collection; with GPUs, say how much of one an actor takes."""
    database = os.environ["CLIPSQL_DATABASE_URL"]
    with clipsql.connect(model="clipsql-demo") as pictures:
        model = pictures.model
    with psycopg.connect(database) as connection:
        files = connection.execute("select file from clipsql.picture where collection = 'demo'").fetchall()
    done = (
        ray.data.from_items([{"file": file} for (file,) in files], override_num_blocks=2 * actors)
        .map_batches(
            Embed,
            fn_constructor_kwargs={"model": model.location},
            compute=ray.data.ActorPoolStrategy(size=actors),
            batch_size=256,
            num_gpus=gpus_each,
        )
        .map_batches(
            clipsql.write_batch,
            fn_kwargs={"collection": collection, "model": model.name, "database": database},
            compute=ray.data.TaskPoolStrategy(
                size=1
            ),  # batches of a collection are written one after the other
            batch_size=512,
            num_cpus=0,  # the database works; actors may hold all processors
        )
    )
    print(dict(Counter(row["outcome"] for row in done.iter_rows())))


if __name__ == "__main__":
    main()
