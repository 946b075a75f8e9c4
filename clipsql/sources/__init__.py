"""Read folders and manifests of pictures as one kind of record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, tzinfo
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.sources.folder import open_folder
from clipsql.sources.manifest import open_manifest
from clipsql.sources.parquet import ParquetTable
from clipsql.sources.record import JsonValue, Source, SourceRecord
from clipsql.sources.tables import DelimitedTable, JsonLinesTable, Table

__all__ = ["JsonValue", "Source", "SourceRecord", "open_source"]

_TABLES: dict[str, Callable[[Path], Table]] = {
    ".csv": lambda path: DelimitedTable(path, ","),
    ".csv.gz": lambda path: DelimitedTable(path, ","),
    ".tsv": lambda path: DelimitedTable(path, "\t"),
    ".tsv.gz": lambda path: DelimitedTable(path, "\t"),
    ".jsonl": JsonLinesTable,
    ".jsonl.gz": JsonLinesTable,
    ".ndjson": JsonLinesTable,
    ".ndjson.gz": JsonLinesTable,
    ".parquet": ParquetTable,
}


def open_source(
    path: Path,
    *,
    column_map: Mapping[str, str] | None = None,
    text_columns: Collection[str] = (),
    base_folder: Path | None = None,
    timezone: tzinfo = UTC,
) -> Source:
    """The pictures of a folder, or of a CSV, TSV, JSON-lines or Parquet manifest by the ending of its name.

    `column_map` is {our name: their column}; `text_columns` keep their values as text; relative files lie in
    `base_folder`, by default the manifest's own; `timezone` holds for times without an offset. Raises
    SourceError when there is nothing to read, and while iterating for a line that cannot be used.
    """
    if path.is_dir():
        return open_folder(path, column_map=column_map or {})
    if not path.exists():
        raise SourceError(f'"{path}" does not exist; name a folder or a manifest that does.')
    for ending, table in _TABLES.items():
        if path.name.lower().endswith(ending):
            return open_manifest(
                table(path),
                column_map=column_map or {},
                text_columns=text_columns,
                base_folder=base_folder,
                timezone=timezone,
            )
    raise SourceError(
        f'"{path.name}" is of no known kind; name a folder of pictures, '
        f"or a manifest that ends in {', '.join(_TABLES)}."
    )
