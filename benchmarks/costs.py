"""What 10 million, 100 million and 5 billion pictures take: bytes, hours, searches a second, servers, workers.

    python benchmarks/costs.py --pictures 10e6 100e6 5e9 --cores 16 --memory-gb 64

A model, not a measurement: it carries what other benchmarks measured at 200,000, 1 and 10 million rows (512 dimensions,
128 coordinates in a code; two cores of a cloud machine) to more rows and other machines. docs/scale.md tells where each
figure is from and what is left out.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

_MEASURED = 1_000_000
"""Rows at which the figures below were measured."""

_BYTES = {"pictures": 420, "vectors": 1210, "HNSW": 1370, "search rows": 1620}
"""A picture, with all indexes; without captions and thumbnails (pg_total_relation_size)."""

_HOT = {"HNSW": 1370, "search rows": 720}
"""Of these what searches touch everywhere: the graph, and search rows with one index."""

_BUILD_CORE_MS, _BUILD_POWER = 2.05, 0.23
"""A row of an HNSW index that is built as a whole, and how that grows: 1.42 ms among 200,000 (filtered_search.py)."""

_INSERT_CORE_MS, _INSERT_POWER = 9.5, 0.45
"""A row with its picture, search row and place in the graph, put into a table: 4.6 ms among 200,000 (upkeep.py)."""

_WALK_US = 16.0
"""A row passed in a walk."""

_EF_AT_200_000 = 400
_EF_POWER = 0.43
"""Rows that a text's walk must pass grow with the table: 400 of 200,000, 800 of a million."""

_WIDEST_WALK = 1000
"""What pgvector allows in one; beyond it a walk goes on in steps, which find less."""

_SCAN_US = 0.29
"""A search row compared (scale.py, 100,000 of ten million)."""

_FIXED_MS = 1.5
_MERGE_MS = 1.5
"""Of the coordinator, for one search over shards."""


@dataclass(frozen=True)
class Plan:
    """Servers for so many pictures, and what they take and give."""

    servers: int
    rows: int
    bytes: float
    hot_gb: float
    build_hours: float
    insert_hours: float
    walk_ms: float
    is_in_one_walk: bool
    filtered_ms: float
    searches_per_second: float
    embed_days: float


def plan(pictures: float, *, cores: int, memory_gb: float, per_second: float) -> Plan:
    """Servers of `cores` and `memory_gb` for so many pictures, `per_second` of which one worker embeds.

    As many as keep in three quarters of their memory what searches touch everywhere.
    """
    hot = sum(_HOT.values())
    servers = max(1, math.ceil(pictures * hot / (0.75 * memory_gb * 1e9)))
    rows = math.ceil(pictures / servers)
    growth = rows / _MEASURED
    width = _EF_AT_200_000 * max(1, rows / 200_000) ** _EF_POWER
    walk_ms = _FIXED_MS + 0.001 * _WALK_US * width
    filtered_ms = _FIXED_MS + 0.001 * _SCAN_US * 0.01 * rows
    # Each search is work for every server, half of them a walk, half a scan of one in a hundred.
    busy_ms = (walk_ms + filtered_ms) / 2
    return Plan(
        servers=servers,
        rows=rows,
        bytes=pictures * sum(_BYTES.values()),
        hot_gb=rows * hot / 1e9,
        build_hours=rows * _BUILD_CORE_MS * growth**_BUILD_POWER / cores / 3.6e6,
        insert_hours=rows * _INSERT_CORE_MS * growth**_INSERT_POWER / cores / 3.6e6,
        walk_ms=walk_ms,
        is_in_one_walk=width <= _WIDEST_WALK,
        filtered_ms=filtered_ms,
        searches_per_second=1000 * cores / (busy_ms + (_MERGE_MS if servers > 1 else 0)),
        embed_days=pictures / per_second / 86_400,
    )


def main() -> None:
    """Print one column for each number of pictures."""
    arguments = _arguments()
    plans = [
        plan(
            pictures,
            cores=arguments.cores,
            memory_gb=arguments.memory_gb,
            per_second=arguments.pictures_per_second,
        )
        for pictures in arguments.pictures
    ]
    rows = {
        "servers": [f"{one.servers}" for one in plans],
        "pictures on each": [f"{one.rows:,}" for one in plans],
        "disk, all together": [f"{one.bytes / 1e9:,.0f} GB" for one in plans],
        "memory that searches want, each": [f"{one.hot_gb:.0f} GB" for one in plans],
        "HNSW built as a whole": [f"{one.build_hours:.1f} h" for one in plans],
        "the same row by row": [f"{one.insert_hours:.1f} h" for one in plans],
        "search without filter, by text": [
            f"{one.walk_ms:.0f} ms{'' if one.is_in_one_walk else ', in steps'}" for one in plans
        ],
        "filter that leaves 1 %": [f"{one.filtered_ms:.0f} ms" for one in plans],
        "searches a second, half of each": [f"{one.searches_per_second:,.0f}" for one in plans],
        f"days of one worker at {arguments.pictures_per_second:.0f} pictures/s": [
            f"{one.embed_days:,.1f}" for one in plans
        ],
    }
    print("| | " + " | ".join(f"{pictures:,.0f}" for pictures in arguments.pictures) + " |")
    print("| --- |" + " --- |" * len(plans))
    for name, values in rows.items():
        print(f"| {name} | " + " | ".join(values) + " |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=float, nargs="+", default=[10e6, 100e6, 5e9])
    parser.add_argument("--cores", type=int, default=16, help="of each server")
    parser.add_argument("--memory-gb", type=float, default=64, help="of each server")
    parser.add_argument("--pictures-per-second", type=float, default=20, help="that one worker embeds")
    return parser.parse_args()


if __name__ == "__main__":
    main()
