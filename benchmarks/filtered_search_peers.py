"""Run the queries and filters of filtered_search.py on FAISS, LanceDB and Chroma, in a Python that has them.

    python filtered_search_peers.py FOLDER faiss lancedb chroma

FOLDER holds peers.npz. Writes one JSON line for each store, share and kind: queries per second of one client at the
cheapest setting whose mean recall@10 reaches 0.95, else at the setting with the best recall.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

_KINDS = ("independent", "correlated", "against")
_RECALL = 0.95

Ask = Callable[[Any, bool, int, int, int], Any]
"""(query, by_moment, first, last, width) -> row numbers of the 10 nearest that pass."""


def main() -> None:
    folder = Path(sys.argv[1])
    data = np.load(folder / "peers.npz")
    for name in sys.argv[2:]:
        try:
            ask, widths, setting = {"faiss": _faiss, "lancedb": _lancedb, "chroma": _chroma}[name](
                data["vectors"], data["moment"], folder
            )
        except ImportError as error:
            print(json.dumps({"peer": name, "reason": f"{name}: not measured, {error}."}), flush=True)
            continue
        for record in _measure(ask, widths, setting, data):
            print(json.dumps({"peer": name, **record}), flush=True)


def _measure(ask: Ask, widths: tuple[int, ...], setting: str, data: Any) -> Iterator[dict[str, Any]]:
    filters, truths, queries = data["filters"], data["truths"], data["queries"]
    for share, kind in dict.fromkeys((row[0], int(row[1])) for row in filters):
        chosen = np.flatnonzero((filters[:, 0] == share) & (filters[:, 1] == kind))
        best: dict[str, Any] = {"recall": -1.0}
        for width in widths:
            recalls = []
            asked = [
                (queries[int(row[2])], bool(row[3]), int(row[4]), int(row[5]), width)
                for row in filters[chosen]
            ]
            ask(*asked[0])  # a new width may take time once
            began = time.perf_counter()
            answers = [ask(*one) for one in asked]
            seconds = time.perf_counter() - began
            for answer, truth in zip(answers, truths[chosen], strict=True):
                expected = set(truth[truth >= 0].tolist())
                recalls.append(len(expected & {int(row) for row in answer}) / len(expected))
            recall = float(np.mean(recalls))
            if recall > best["recall"]:
                best = {
                    "share": float(share),
                    "kind": _KINDS[kind] if share < 1 else "none",
                    "recall": recall,
                    "least_recall": min(recalls),
                    "per_second": len(chosen) / seconds,
                    "setting": f"{setting} {width}",
                }
            if recall >= _RECALL:
                break
        yield best


def _faiss(vectors: Any, moment: Any, _folder: Path) -> tuple[Ask, tuple[int, ...], str]:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(vectors.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 200
    faiss.omp_set_num_threads(2)
    index.add(vectors)
    faiss.omp_set_num_threads(1)
    row_of_moment = np.argsort(moment)

    def ask(query: Any, by_moment: bool, first: int, last: int, width: int) -> Any:
        rows = row_of_moment[first:last]
        selector = faiss.IDSelectorBatch(rows) if by_moment else faiss.IDSelectorRange(first, last)
        parameters = faiss.SearchParametersHNSW(efSearch=width, sel=selector)
        return index.search(query[None], 10, params=parameters)[1][0]

    return ask, (50, 100, 200, 400, 800, 1600, 3200, 12800), "efSearch"


def _lancedb(vectors: Any, moment: Any, folder: Path) -> tuple[Ask, tuple[int, ...], str]:
    import lancedb
    import pyarrow as pa

    rows, dimensions = vectors.shape
    table = lancedb.connect(folder / "lance").create_table(
        "pictures",
        pa.table(
            {
                "row": pa.array(np.arange(rows)),
                "moment": pa.array(moment),
                "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dimensions),
            }
        ),
    )
    table.create_index(
        metric="cosine", vector_column_name="vector", index_type="IVF_HNSW_SQ", m=16, ef_construction=200
    )
    table.create_scalar_index("row")
    table.create_scalar_index("moment")

    def ask(query: Any, by_moment: bool, first: int, last: int, width: int) -> Any:
        column = "moment" if by_moment else "row"
        search = table.search(query).distance_type("cosine").limit(10).select(["row", "_distance"])
        if last - first < rows:
            search = search.where(f"{column} >= {first} and {column} < {last}", prefilter=True)
        return search.ef(width).nprobes(64).refine_factor(4).to_arrow()["row"].to_pylist()

    return ask, (50, 100, 200, 400, 800, 1600), "ef"


def _chroma(vectors: Any, moment: Any, folder: Path) -> tuple[Ask, tuple[int, ...], str]:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    path = str(folder / "chroma")
    collection = chromadb.PersistentClient(path=path).create_collection(
        "pictures",
        configuration={"hnsw": {"space": "cosine", "max_neighbors": 16, "ef_construction": 200}},
    )
    for start in range(0, len(vectors), 5000):
        rows = range(start, min(start + 5000, len(vectors)))
        collection.add(
            ids=[str(row) for row in rows],
            embeddings=vectors[start : rows.stop],
            metadatas=[{"row": row, "moment": int(moment[row])} for row in rows],
        )
    now = 0

    def ask(query: Any, by_moment: bool, first: int, last: int, width: int) -> Any:
        nonlocal collection, now
        if width != now:
            # Heeded only once the index is opened again.
            collection.modify(configuration={"hnsw": {"ef_search": width}})
            SharedSystemClient.clear_system_cache()
            collection = chromadb.PersistentClient(path=path).get_collection("pictures")
            now = width
        column = "moment" if by_moment else "row"
        found = collection.query(
            query_embeddings=[query],
            n_results=10,
            where=None
            if last - first == len(vectors)
            else {"$and": [{column: {"$gte": first}}, {column: {"$lt": last}}]},
            include=[],
        )
        return [int(row) for row in found["ids"][0]]

    return ask, (50, 100, 200, 400, 800), "ef_search"


if __name__ == "__main__":
    main()
