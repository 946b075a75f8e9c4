"""Search with nothing but psycopg and SQL; what a user types is a parameter, never part of the statement."""

from __future__ import annotations

import os
import sys

import psycopg


def main(text: str = "a bus in the snow") -> None:
    """Print the pictures that a text describes, and why there are no more when it says nothing."""
    with psycopg.connect(os.environ["CLIPSQL_DATABASE_URL"]) as connection:
        try:
            rows = connection.execute(
                """
                select rank, similarity, taken_at, caption
                from clipsql.search_text(%(text)s, max_results => 5, taken_from => %(since)s, model => 'clipsql-demo')
                """,
                {"text": text, "since": "2026-03-17 00:00+08"},
            )
        except psycopg.Error as error:
            # CQ006 and its like: clipsql's own, in words that can be shown.
            if error.sqlstate is None or not error.sqlstate.startswith("CQ"):
                raise
            print(error.diag.message_primary)
            return
        for rank, similarity, taken_at, caption in rows:
            print(f"{rank}  {similarity:.3f}  {taken_at:%Y-%m-%d}  {caption}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
