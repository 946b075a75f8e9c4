"""Pictures that a program names itself: rows of a manifest without a file, or just paths and addresses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipsql.picture import is_on_the_web
from clipsql.sources.tables import Row, Table, names_of


@dataclass(frozen=True, slots=True)
class GivenTable(Table):
    """Rows with columns as in a manifest; a path or an address stands for a row that has nothing else."""

    given: Sequence[Mapping[str, Any] | str | Path]

    unit = "row"

    @property
    def name(self) -> str:
        return "list"

    def names(self) -> tuple[str, ...]:
        return names_of(self.rows())

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:  # noqa: ARG002
        return enumerate(map(_row, self.given), start=1)

    def row_count(self) -> int:
        return len(self.given)


def _row(given: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
    return {"url" if is_on_the_web(str(given)) else "file": str(given)}
