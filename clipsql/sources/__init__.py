"""Read folders, archives, manifests, queries and standard input as one kind of record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, TypedDict

from clipsql import stores
from clipsql.errors import SourceError
from clipsql.sources.columns import CAPTION_EMBEDDING, EMBEDDING
from clipsql.sources.discovery import has_pictures, is_video
from clipsql.sources.folder import open_folder
from clipsql.sources.formats import TEXT_FORMATS, find_parquet_parts, open_table
from clipsql.sources.given import GivenTable
from clipsql.sources.manifest import open_manifest
from clipsql.sources.npz import open_npz
from clipsql.sources.one_video import VideoSource
from clipsql.sources.parquet import ParquetParts, ParquetTable
from clipsql.sources.parts import ARCHIVES, PARQUET, find_parts
from clipsql.sources.query import QueryTable
from clipsql.sources.source import Source
from clipsql.sources.store import open_store
from clipsql.sources.tables import Table
from clipsql.sources.tar import open_tar
from clipsql.sources.vectors import (
    VectorFiles,
    VectorSource,
    check_rows,
    in_memory,
    open_columns,
    open_npy,
)

__all__ = [
    "TEXT_FORMATS",
    "Source",
    "VectorSource",
    "holds_vectors",
    "open_query",
    "open_rows",
    "open_source",
    "open_vectors",
]


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
    recorded_at: datetime | None = None,
    stdin: Iterable[bytes] | None = None,
) -> Source:
    """The pictures of a folder, of a tar archive, of a manifest, or for the path "-" of standard input; or a video.

    In an object store (s3://bucket/photos) it is a folder, a picture, or archives, which are read as streams.
    A folder without pictures may hold tar archives with some, or the parts of one manifest as Parquet files, and so may
    what a pattern such as "train-*.tar" names.
    A manifest's format is `file_format` (of TEXT_FORMATS), else what the ending of its name says, else what its
    first line looks like. What separates the fields of CSV is `delimiter`, by default what the header tells.
    `column_map` is {our name: their column}; `text_columns` keep their values as text;
    relative files lie in `base_folder`, by default the manifest's own; `timezone` holds for times without an
    offset; `allow_file_urls` lets file: addresses name files of this machine, as a column of files does. `recorded_at`
    is when the one video begins that is the source.
    Raises SourceError when there is nothing to read, and while iterating for a line that cannot be used.
    """
    columns: _Columns = {
        "column_map": column_map or {},
        "text_columns": text_columns,
        "timezone": timezone,
    }
    if stores.address_of(path) is not None:
        return open_store(path, **columns)
    if str(path).startswith(("http:/", "https:/")):  # a path has one slash there
        raise SourceError(
            f"{path.name} is on the web; name a list with its address, or download an archive or a list first."
        )
    if delimiter is not None and (path.is_dir() or path.name.lower().endswith((*ARCHIVES, *PARQUET))):
        raise SourceError(f"{path.name} is no CSV; leave --delimiter out.")
    if is_video(path) and path.is_file():
        return VideoSource(path.resolve(), recorded_at, **columns)
    if recorded_at is not None:
        raise SourceError(
            f"{path.name} is no video, whose beginning could be given; leave --recorded-at out."
        )
    if path.is_dir() and has_pictures(path):
        return open_folder(path, **columns)
    if archives := find_parts(path, ARCHIVES):
        return open_tar(path.name, archives, **columns)
    parts = find_parquet_parts(path)
    if parts is None and path.is_dir():
        return open_folder(path, **columns)
    table = parts or open_table(
        path,
        file_format=file_format,
        delimiter=delimiter,
        column_map=column_map or {},
        base_folder=base_folder,
        stdin=stdin,
    )
    return open_manifest(table, base_folder=base_folder, allow_file_urls=allow_file_urls, **columns)


def holds_vectors(path: Path, column_map: Mapping[str, str]) -> bool:
    """Whether a source brings its pictures' vectors, by what its columns are mapped to or by its name."""
    is_mapped = EMBEDDING in column_map or CAPTION_EMBEDDING in column_map
    return is_mapped or path.name.lower().endswith((".npz", ".npy"))


def open_vectors(
    path: Path,
    *,
    embeddings: Path | None = None,
    caption_embeddings: Path | None = None,
    file_format: str | None = None,
    delimiter: str | None = None,
    column_map: Mapping[str, str] | None = None,
    text_columns: Collection[str] = (),
    base_folder: Path | None = None,
    timezone: tzinfo = UTC,
    allow_file_urls: bool = False,
) -> VectorSource:
    """Pictures with vectors made elsewhere; otherwise as `open_source`.

    `column_map` names the columns "embedding" and "caption_embedding" of a Parquet file or of parts, or the arrays of a
    .npz file, there by default those of these names. The vectors of any other list are in `embeddings`, those of its
    captions in `caption_embeddings`: a .npy file, or a folder or pattern of such parts, in the order of the list's own.
    Raises SourceError, too when there is not a vector for each row.
    """
    column_map = dict(column_map or {})
    columns = {ours: column_map.pop(ours, None) for ours in (EMBEDDING, CAPTION_EMBEDDING)}
    files = {EMBEDDING: embeddings, CAPTION_EMBEDDING: caption_embeddings}
    name = path.name.lower()
    for ours, option in ((EMBEDDING, "--embeddings"), (CAPTION_EMBEDDING, "--caption-embeddings")):
        if files[ours] is not None and (columns[ours] is not None or name.endswith(".npz")):
            raise SourceError(f"Vectors come from {path.name} or by {option}, not from both; leave one out.")
    if name.endswith(".npy"):
        raise SourceError(
            f"{path.name} holds vectors alone; name the list of their pictures, and it by --embeddings."
        )
    if str(path) == "-" or (path.is_dir() and not find_parts(path, PARQUET)):
        raise SourceError("Vectors go with a list in a file, or in parts as Parquet files; name those.")
    if not path.exists() and not find_parts(path, PARQUET):
        raise SourceError(f'"{path}" does not exist; name a list of pictures that does.')
    vectors: dict[str, VectorFiles] = {}
    table: Table
    if name.endswith(".npz"):
        table, arrays = open_npz(path, columns)
        for ours, array in arrays.items():
            vectors[ours] = in_memory(path.name, columns[ours] or ours, array)
    elif columns[EMBEDDING] is None and embeddings is None:
        raise SourceError(
            "Vectors of captions go with those of their pictures; name these, too: by --embeddings, or by "
            "--map embedding=COLUMN."
        )
    else:
        table, of_columns = _with_columns(path, columns) or (
            find_parquet_parts(path)
            or open_table(
                path,
                file_format=file_format,
                delimiter=delimiter,
                column_map=column_map,
                base_folder=base_folder,
                stdin=(),
            ),
            {},
        )
        vectors |= of_columns
        for ours, file in files.items():
            if file is not None:
                vectors[ours] = open_npy(file)
                check_rows(table, vectors[ours])
    manifest = open_manifest(
        table,
        column_map=column_map,
        text_columns=text_columns,
        base_folder=base_folder,
        timezone=timezone,
        allow_file_urls=allow_file_urls,
    )
    captions = manifest.columns.captions
    if CAPTION_EMBEDDING in vectors and len(captions) != 1:
        raise SourceError(
            f"{table.name} has {len(captions) or 'no'} columns of captions, but a vector for one caption a row; "
            "name the column of that one by --map caption=COLUMN."
        )
    return VectorSource(manifest, vectors[EMBEDDING], vectors.get(CAPTION_EMBEDDING))


def _with_columns(
    path: Path, columns: Mapping[str, str | None]
) -> tuple[Table, Mapping[str, VectorFiles]] | None:
    """The table of Parquet files without its columns of vectors, and these by our names; None when none is named."""
    named = {ours: theirs for ours, theirs in columns.items() if theirs is not None}
    if not named:
        return None
    parts = [ParquetTable(file) for file in find_parts(path, PARQUET)]
    if not parts:
        raise SourceError(
            f"{path.name}: a column of vectors is read from Parquet alone; "
            "write it so, or the vectors as .npy for --embeddings."
        )
    vectors = {ours: open_columns(parts, theirs) for ours, theirs in named.items()}
    of_parts = zip(*(each.columns for each in vectors.values()), strict=True)
    others = tuple(
        replace(part, apart=frozenset(column for _, column in read_apart))
        for part, read_apart in zip(parts, of_parts, strict=True)
    )
    return others[0] if path.is_file() else ParquetParts(path, others), vectors


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
