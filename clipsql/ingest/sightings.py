"""What a run has met of its source, on disk: its memory stays flat however long the source is."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256


class Sightings:
    """URLs of a source with the position where each came first, and those that the source still has, no more.

    In a file of this process, which nobody else sees and which ends with it: a database behind a pooler may give
    every statement to another session, so no temporary table there would do.
    """

    def __init__(self) -> None:
        self._memory = sqlite3.connect("", isolation_level=None)
        for statement in (
            "pragma journal_mode = off",
            "pragma synchronous = off",
            "create table seen (url_digest blob primary key, position text not null, call integer not null)"
            " without rowid",
            "create table spared (url_digest blob primary key) without rowid",
        ):
            self._memory.execute(statement)
        self._calls = 0

    def first_positions(self, sightings: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Note (url, position) pairs; the first position of every URL that was noted before."""
        self._calls += 1
        noted = [(_digest(url), position, self._calls) for url, position in sightings]
        already = self._memory.total_changes
        self._memory.execute("begin")  # else each row is a transaction
        self._memory.executemany("insert or ignore into seen values (?, ?, ?)", noted)
        self._memory.execute("commit")
        if self._memory.total_changes - already == len(noted):
            return {}
        found = (
            (url, self._one("select position from seen where url_digest = ? and call < ?", digest, call))
            for (url, _), (digest, _, call) in zip(sightings, noted, strict=True)
        )
        return {url: position for url, position in found if position is not None}

    def position(self, url: str) -> str | None:
        """Where a URL came first; None for one that did not."""
        return self._one("select position from seen where url_digest = ?", _digest(url))

    def spare(self, url: str) -> None:
        """Note that the source still has a picture, though it tells nothing of it that can be used."""
        self._memory.execute("insert or ignore into spared values (?)", (_digest(url),))

    def has(self, url: str) -> bool:
        """Whether a URL was noted or spared."""
        digest = _digest(url)
        row = self._memory.execute(
            "select exists (select 1 from seen where url_digest = ?)"
            " or exists (select 1 from spared where url_digest = ?)",
            (digest, digest),
        ).fetchone()
        return bool(row[0])

    def _one(self, question: str, *parameters: object) -> str | None:
        row = self._memory.execute(question, parameters).fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """Forget them all."""
        self._memory.close()


def _digest(url: str) -> bytes:
    return sha256(url.encode("utf-8", "surrogatepass")).digest()
