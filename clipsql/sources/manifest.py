"""Records out of a table, such as a CSV or Parquet file, that has one picture or caption a row."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

from clipsql import stores
from clipsql.errors import SourceError, unexpected
from clipsql.picture import PictureRecord, UnusableRow, file_of, is_on_the_web
from clipsql.sources.column_types import TYPED_ROWS, column_types
from clipsql.sources.columns import Columns, find_columns
from clipsql.sources.files import find_file
from clipsql.sources.rows import Types, read_row, shown, value_of
from clipsql.sources.source import Source
from clipsql.sources.tables import Table
from clipsql.sources.values import has_raw_bytes, is_empty, storable

_MOST_UNUSABLE_AT_FIRST = 100


@dataclass(frozen=True, slots=True)
class ManifestSource(Source):
    """A manifest and how to understand it."""

    table: Table
    columns: Columns
    text_columns: Collection[str]
    base_folder: Path
    timezone: tzinfo
    allow_file_urls: bool

    @property
    def name(self) -> str:
        return self.table.name

    def count(self) -> int | None:
        """Records of a small file, adjacent rows about the same picture being one; rows of a Parquet file."""
        rows_there = self.table.row_count()
        if rows_there is not None or not self.table.is_small:
            return rows_there
        identity = self.columns.identity
        rows = (
            number if isinstance(row, UnusableRow) else tuple(map(row.get, identity))
            for number, row in self.table.rows(identity)
        )
        return sum(1 for _ in itertools.groupby(rows))

    def __iter__(self) -> Iterator[PictureRecord | UnusableRow]:
        earlier: PictureRecord | UnusableRow | None = None
        for record in self.one_by_one():
            joined = joined_record(earlier, record)
            if earlier is not None and joined is None:
                yield earlier
            earlier = joined or record
        if earlier is not None:
            yield earlier

    def one_by_one(self) -> Iterator[PictureRecord | UnusableRow]:
        """A record for each row, even where several adjacent ones are about the same picture."""
        return _not_only_problems(self._records())

    def warnings(self) -> tuple[str, ...]:
        pictures = self.table.picture_columns()
        others = ", ".join(f'"{name}"' for name in pictures if name != self.columns.file)
        if self.columns.file not in pictures or not others:
            return ()
        taken = f'{self.name}: pictures are taken from column "{self.columns.file}"'
        return (f"{taken}; those in {others} only when it is named by --map file=COLUMN.",)

    def _records(self) -> Iterator[PictureRecord | UnusableRow]:
        rows = self.table.rows()
        first = list(itertools.islice(rows, TYPED_ROWS))
        types: Types = {}
        readable = [row for _, row in first if not isinstance(row, UnusableRow)]
        if not self.table.typed and readable:
            others = readable[0].keys() - self.columns.mapped
            types = column_types(readable, others, text_columns=self.text_columns)
        forced = {name.lower() for name in self.text_columns}
        for number, row in itertools.chain(first, rows):
            if isinstance(row, UnusableRow):
                yield row
                continue
            position = self.table.at(number)
            url = None
            try:
                url, file = self._locate(
                    position, value_of(row, self.columns.file), value_of(row, self.columns.url)
                )
                yield read_row(
                    position,
                    row,
                    self.columns,
                    types=types,
                    forced=forced,
                    timezone=self.timezone,
                    url=url,
                    file=file,
                )
            except SourceError as error:
                yield UnusableRow(position, str(error), url)
            except Exception as error:  # whatever a row makes of its reader, it is left out alone
                yield UnusableRow(position, f"{position}: {unexpected(error)}", url)

    def _locate(self, position: str, file: object, url: object) -> tuple[str, Path | None]:
        """The picture's identity, and its file unless it is on the web.

        Nothing is said of a bad URL here, or one of a file that is not to be read: it fails for itself when it is
        fetched, and ends nobody's ingest.
        """
        for value in (file, url):
            if not is_empty(value) and not isinstance(value, str):
                raise SourceError(f"{position}: {shown(value)} is no file or url; map file to a text column.")
        local = str(file).strip() if not is_empty(file) else ""
        remote = str(url).strip() if not is_empty(url) else ""
        try:
            # The name of a file that is there may be of any bytes.
            is_there = has_raw_bytes(local) and find_file(self.base_folder, local).exists()
            storable(remote if is_there else local + remote)
        except ValueError as error:
            raise SourceError(f"{position}: the file or url holds {error}; correct it.") from error
        if not local and not remote:
            raise SourceError(f"{position} names no file or url; give it one or remove it.")
        if is_on_the_web(local):
            return remote or local, None
        in_store = stores.path_of(local or (remote if self.allow_file_urls else ""))
        if in_store is not None:
            return remote or local, in_store
        file_there = Path(local) if local else file_of(remote)
        if file_there is None or not (local or self.allow_file_urls):
            return remote, None
        resolved = find_file(self.base_folder, str(file_there))
        return remote or resolved.as_uri(), resolved


def open_manifest(
    table: Table,
    *,
    column_map: Mapping[str, str],
    text_columns: Collection[str],
    base_folder: Path | None,
    timezone: tzinfo,
    allow_file_urls: bool,
) -> ManifestSource:
    """The table as a source. Raises SourceError when columns are missing or there is no row."""
    name = table.name
    first = next(table.rows(), None)
    names = [column for column in table.names() if column]
    if first is None:
        raise SourceError(f"{name} has no rows; it needs one for each picture.")
    if not names and isinstance(first[1], UnusableRow):
        raise SourceError(first[1].problem)
    pictures = table.picture_columns()
    if pictures:
        column_map = {"file": pictures[0], **column_map}
    columns = find_columns(names, column_map, manifest=name)
    known = {column.lower() for column in names}
    for column in text_columns:
        if column.lower() not in known:
            listed = ", ".join(f'"{each}"' for each in names)
            raise SourceError(f'{name} has no column "{column}", it has {listed}; correct --text.')
    folder = (base_folder or table.folder).resolve()
    return ManifestSource(table, columns, frozenset(text_columns), folder, timezone, allow_file_urls)


def _not_only_problems(
    records: Iterator[PictureRecord | UnusableRow],
) -> Iterator[PictureRecord | UnusableRow]:
    """The records. Raises SourceError when none of the first can be used: the source is not understood rightly."""
    unusable: list[UnusableRow] = []
    for record in records:
        if isinstance(record, PictureRecord):
            yield from unusable
            yield record
            yield from records
            return
        unusable.append(record)
        if len(unusable) == _MOST_UNUSABLE_AT_FIRST:
            break
    if unusable:
        raise SourceError(unusable[0].problem)


def joined_record(
    earlier: PictureRecord | UnusableRow | None, record: PictureRecord | UnusableRow
) -> PictureRecord | None:
    """Both as one picture with the captions of both, or None when they differ in anything else."""
    if not isinstance(earlier, PictureRecord) or not isinstance(record, PictureRecord):
        return None
    if earlier.url != record.url:
        return None
    if replace(earlier, captions=(), position="") != replace(record, captions=(), position=""):
        return None
    return replace(earlier, captions=tuple(dict.fromkeys(earlier.captions + record.captions)))
