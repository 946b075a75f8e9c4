"""Render what benchmarks/filtered_search.py measured as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

_RECALL = 0.95
_SAME = 0.005
"""Mean recalls that differ by no more are the same: half a picture in ten queries of ten."""


class MeasuredCell(Protocol):
    """What a table needs to know of one method in one cell."""

    method: str
    share: float
    kind: str
    k: int
    milliseconds: list[float]
    recalls: list[float]
    returned: list[float]


def strategy_table(cells: Sequence[MeasuredCell]) -> str:
    """One row for each share, kind and k: clipsql.search with the fastest of the others, and each of the others.

    The fastest among those that return all rows: of all that reach the recall of clipsql.search, and of all that
    reach 0.95 where it finds more.
    """
    methods = list(dict.fromkeys(cell.method for cell in cells))
    ours, others = methods[0], methods[1:]
    header = [
        "filter",
        "kind",
        "k",
        f"{ours}: p50 / p95 ms",
        "recall (least)",
        "rows",
        "x fastest of the same recall",
        "fastest",
        "x fastest of recall 0.95",
        "fastest",
    ]
    header += [f"{name}: p50 / p95 ms, recall, rows" for name in others]
    lines = [_row(header), _row(["---"] * len(header))]
    for share, kind, k in dict.fromkeys((cell.share, cell.kind, cell.k) for cell in cells):
        here = {cell.method: cell for cell in cells if (cell.share, cell.kind, cell.k) == (share, kind, k)}
        mine = here[ours]
        recall = float(np.mean(mine.recalls))
        beside: list[str] = []
        for wanted in (recall - _SAME, min(_RECALL, recall)):
            equal = {
                name: np.median(here[name].milliseconds)
                for name in others
                if np.mean(here[name].recalls) >= wanted and min(here[name].returned) >= 1
            }
            fastest = min(equal, key=lambda name: equal[name])
            beside += (f"{np.median(mine.milliseconds) / equal[fastest]:.2f}", fastest)
        lines.append(
            _row(
                [
                    f"{share:.2%}".replace(".00%", "%"),
                    kind if share < 1 else "none",
                    k,
                    _times(mine),
                    f"{recall:.3f} ({min(mine.recalls):.2f})",
                    f"{np.mean(mine.returned):.0%}",
                    *beside,
                    *(
                        f"{_times(here[name])}, {np.mean(here[name].recalls):.2f}, {np.mean(here[name].returned):.0%}"
                        for name in others
                    ),
                ]
            )
        )
    return "\n".join(lines) + "\n"


def client_table(results: dict[str, Any]) -> str:
    """One line on many clients at once."""
    if "reason" in results:
        return f"Many clients at once: not measured, {results['reason']}.\n"
    return (
        f"{results['clients']} clients at once through psycopg's pool, all kinds of filters mixed: "
        f"{results['per_second']:.0f} searches/s, p50 {results['p50']:.1f} ms, p95 {results['p95']:.1f} ms, "
        f"{results['errors']} errors, {results['short']} short answers in {results['searches']} searches.\n"
    )


def peer_table(results: Sequence[dict[str, Any]], alone: Sequence[MeasuredCell]) -> str:
    """Queries per second of one client at recall@10 of 0.95, or at the best recall that a store reached."""
    lines = [line["reason"] for line in results if "reason" in line]
    measured = [
        {
            "peer": cell.method,
            "share": cell.share,
            "kind": cell.kind if cell.share < 1 else "none",
            "recall": float(np.mean(cell.recalls)),
            "per_second": 1000 / float(np.mean(cell.milliseconds)),
            "setting": "no setting",
        }
        for cell in alone
    ]
    measured += [line for line in results if "per_second" in line]
    peers = list(dict.fromkeys(line["peer"] for line in measured))
    lines += ["", _row(["filter", "kind", *peers]), _row(["---"] * (2 + len(peers)))]
    for share, kind in dict.fromkeys((line["share"], line["kind"]) for line in measured):
        here = {line["peer"]: line for line in measured if (line["share"], line["kind"]) == (share, kind)}
        lines.append(
            _row(
                [
                    f"{share:.2%}".replace(".00%", "%"),
                    kind,
                    *(
                        f"{here[peer]['per_second']:.0f}/s at {here[peer]['recall']:.2f} ({here[peer]['setting']})"
                        if peer in here
                        else "out of time"
                        for peer in peers
                    ),
                ]
            )
        )
    return "\n".join(lines) + "\n"


def _times(cell: MeasuredCell) -> str:
    return f"{np.median(cell.milliseconds):.1f} / {np.percentile(cell.milliseconds, 95):.1f}"


def _row(values: Iterable[object]) -> str:
    return "| " + " | ".join(str(value) for value in values) + " |"
