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
            "create table seen (url_digest blob primary key, position text not null) without rowid",
            "create table spared (url_digest blob primary key) without rowid",
        ):
            self._memory.execute(statement)

    def first_positions(self, sightings: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Note (url, position) pairs; the first position of every URL that was noted before."""
        before = {url: position for url, _ in sightings if (position := self.position(url)) is not None}
        self._memory.executemany(
            "insert or ignore into seen values (?, ?)",
            [(_digest(url), position) for url, position in sightings],
        )
        return before

    def position(self, url: str) -> str | None:
        """Where a URL came first; None for one that did not."""
        row = self._memory.execute(
            "select position from seen where url_digest = ?", (_digest(url),)
        ).fetchone()
        return None if row is None else row[0]

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

    def close(self) -> None:
        """Forget them all."""
        self._memory.close()


def _digest(url: str) -> bytes:
    return sha256(url.encode("utf-8", "surrogatepass")).digest()
