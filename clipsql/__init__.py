"""CLIP image search that lives in PostgreSQL.

import clipsql

with clipsql.connect() as pictures:
    for match in pictures.search_text("red truck at night", max_results=5):
        print(match.similarity, match.url)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipsql import errors, orm
from clipsql.errors import ClipsqlError
from clipsql.extras import require_extra
from clipsql.ingest.batch_writing import write_batch
from clipsql.ingest.batches import embed_batch
from clipsql.search.connecting import connect, upgrade
from clipsql.search.results import Match
from clipsql.search.searcher import Searcher

__all__ = [
    "AsyncSearcher",
    "ClipsqlError",
    "Match",
    "Searcher",
    "__version__",
    "connect",
    "connect_async",
    "embed_batch",
    "errors",
    "orm",
    "upgrade",
    "write_batch",
]

__version__ = "0.1.0"

if TYPE_CHECKING:
    from clipsql.search.asynchronous import AsyncSearcher, connect_async


def __getattr__(name: str) -> Any:
    """What needs an extra is imported when it is asked for."""
    if name not in ("AsyncSearcher", "connect_async"):
        raise AttributeError(f"module clipsql has no attribute {name}")
    require_extra("async", f"clipsql.{name}")
    from clipsql.search import asynchronous

    return getattr(asynchronous, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
