"""CLIP image search that lives in PostgreSQL.

import clipsql

with clipsql.connect() as pictures:
    for match in pictures.search_text("red truck at night", max_results=5):
        print(match.similarity, match.url)
"""

from __future__ import annotations

from clipsql import errors, orm
from clipsql.errors import ClipsqlError
from clipsql.search.asynchronous import AsyncSearcher, connect_async
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
    "errors",
    "orm",
    "upgrade",
]

__version__ = "0.1.0.dev0"
