"""Read folders, archives, manifests, queries and standard input as one kind of record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, TypedDict

from clipsql.errors import SourceError
from clipsql.sources.discovery import has_pictures
from clipsql.sources.folder import open_folder
from clipsql.sources.formats import TEXT_FORMATS, open_table
from clipsql.sources.given import GivenTable
from clipsql.sources.manifest import open_manifest
from clipsql.sources.parquet import ParquetParts, ParquetTable
from clipsql.sources.parts import ARCHIVES, PARQUET, find_parts
from clipsql.sources.query import QueryTable
from clipsql.sources.source import Source
from clipsql.sources.tables import Table
from clipsql.sources.tar import open_tar

__all__ = ["TEXT_FORMATS", "Source", "open_query", "open_rows", "open_source"]


class _Columns(TypedDict):
    """How to understand what tells of pictures."""

    column_map: Mapping[str, str]
    text_columns: Collection[str]
    timezone: tzinfo


def open_source(
    path: Path,
    *,
    file_format: str | None = None,
    delimiter: str | None = None,
    column_map: Mapping[str, str] | None = None,
    text_columns: Collection[str] = (),
    base_folder: Path | None = None,
    timezone: tzinfo = UTC,
    allow_file_urls: bool = False,
    stdin: Iterable[bytes] | None = None,
) -> Source:
    """The pictures of a folder, of a tar archive, of a manifest, or for the path "-" of standard input.

    A folder without pictures may hold tar archives with some, or the parts of one manifest as Parquet files, and so may
    what a pattern such as "train-*.tar" names.
    A manifest's format is `file_format` (of TEXT_FORMATS), else what the ending of its name says, else what its
    first line looks like. What separates the fields of CSV is `delimiter`, by default what the header tells.
    `column_map` is {our name: their column}; `text_columns` keep their values as text;
    relative files lie in `base_folder`, by default the manifest's own; `timezone` holds for times without an
    offset; `allow_file_urls` lets file: addresses name files of this machine, as a column of files does.
    Raises SourceError when there is nothing to read, and while iterating for a line that cannot be used.
    """
    columns: _Columns = {
        "column_map": column_map or {},
        "text_columns": text_columns,
        "timezone": timezone,
    }
    if delimiter is not None and (path.is_dir() or path.name.lower().endswith((*ARCHIVES, *PARQUET))):
        raise SourceError(f"{path.name} is no CSV; leave --delimiter out.")
    if path.is_dir() and has_pictures(path):
        return open_folder(path, **columns)
    if archives := find_parts(path, ARCHIVES):
        return open_tar(path.name, archives, **columns)
    if not path.is_file() and (tables := find_parts(path, PARQUET)):
        table: Table = ParquetParts(path, tuple(map(ParquetTable, tables)))
    elif path.is_dir():
        return open_folder(path, **columns)
    else:
        table = open_table(
            path,
            file_format=file_format,
            delimiter=delimiter,
            column_map=column_map or {},
            base_folder=base_folder,
            stdin=stdin,
        )
    return open_manifest(table, base_folder=base_folder, allow_file_urls=allow_file_urls, **columns)


def open_query(
    query: str,
    url: str,
    *,
    column_map: Mapping[str, str] | None = None,
    text_columns: Collection[str] = (),
    base_folder: Path | None = None,
    timezone: tzinfo = UTC,
    allow_file_urls: bool = False,
) -> Source:
    """The pictures that an SQL query names, in the PostgreSQL database at `url`; otherwise as `open_source`."""
    return open_manifest(
        QueryTable(query, url),
        column_map=column_map or {},
        text_columns=text_columns,
        base_folder=base_folder,
        timezone=timezone,
        allow_file_urls=allow_file_urls,
    )


def open_rows(
    rows: Sequence[Mapping[str, Any] | str | Path],
    *,
    column_map: Mapping[str, str] | None = None,
    text_columns: Collection[str] = (),
    base_folder: Path | None = None,
    timezone: tzinfo = UTC,
    allow_file_urls: bool = False,
) -> Source:
    """The pictures that a program names: rows as in a manifest, paths or addresses; otherwise as `open_source`."""
    return open_manifest(
        GivenTable(rows),
        column_map=column_map or {},
        text_columns=text_columns,
        base_folder=base_folder,
        timezone=timezone,
        allow_file_urls=allow_file_urls,
    )
