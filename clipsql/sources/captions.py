"""Captions of a folder's pictures out of the captions.tsv or captions.csv that lies beside them."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from clipsql.errors import SourceError
from clipsql.picture import UnusableRow
from clipsql.sources.columns import find_columns
from clipsql.sources.delimiters import recognise_delimiter
from clipsql.sources.lines import FileLines
from clipsql.sources.tables import DelimitedTable
from clipsql.sources.values import parse_captions

_NAMES = {"captions.tsv": "\t", "captions.csv": ","}

# Paths are bytes: file names need not be UTF-8.
_TABLES = """
create table picture (path blob primary key, base_name blob not null) without rowid;
create table caption (
    caption_id integer primary key, path blob not null, base_name blob not null, body text not null
);
"""

# A row names a picture by its path in the folder, or by its bare name where only one picture has it.
_MATCH = """
create index picture_base_name on picture (base_name);
create table unique_name as
    select picture.base_name, min(picture.path) as path
    from picture group by picture.base_name having count(*) = 1;
create unique index unique_name_base_name on unique_name (base_name);
update caption set path = unique_name.path
from unique_name
where unique_name.base_name = caption.base_name
    and caption.path = caption.base_name
    and not exists (select 1 from picture where picture.path = caption.path);
create index caption_path on caption (path, caption_id);
"""


class SidecarCaptions:
    """Captions by picture, kept in a temporary database on disk because sidecars can be huge."""

    def __init__(
        self, table: DelimitedTable, pictures: Iterator[PurePosixPath], column_map: Mapping[str, str]
    ):
        self.name = table.name
        # Held open for the source's life, by whichever thread reads it.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        weakref.finalize(self, self._database.close)
        self._database.executescript("begin;" + _TABLES)
        self._database.executemany(
            "insert into picture values (?, ?)",
            ((os.fsencode(path), os.fsencode(path.name)) for path in pictures),
        )
        self._database.executemany(
            "insert into caption (path, base_name, body) values (?, ?, ?)", _captions(table, column_map)
        )
        self._database.executescript("begin;" + _MATCH + "commit;")

    def of(self, picture: PurePosixPath) -> tuple[str, ...]:
        """The captions of a picture (its path inside the folder), in sidecar order, each once."""
        rows = self._database.execute(
            "select caption.body from caption where caption.path = ? order by caption.caption_id",
            (os.fsencode(picture),),
        )
        return tuple(dict.fromkeys(body for (body,) in rows))

    def unmatched(self) -> int:
        """How many captions name a picture that is not in the folder."""
        (count,) = self._database.execute(
            "select count(*) from caption where not exists"
            " (select 1 from picture where picture.path = caption.path)"
        ).fetchone()
        return int(count)


def find_sidecar(folder: Path, column_map: Mapping[str, str]) -> DelimitedTable | None:
    """The folder's captions.tsv, else its captions.csv, else None."""
    for name, usual in _NAMES.items():
        if (folder / name).is_file():
            lines = FileLines(folder / name)
            return DelimitedTable(lines, recognise_delimiter(lines, usual=usual, mapped=column_map.values()))
    return None


def _captions(table: DelimitedTable, column_map: Mapping[str, str]) -> Iterator[tuple[bytes, bytes, str]]:
    names = [name for name in table.names() if name]
    columns = find_columns(names, column_map, manifest=table.name)
    if columns.file is None or not columns.captions:
        missing = "caption" if columns.file else "file"
        listed = ", ".join(f'"{name}"' for name in names)
        raise SourceError(
            f"{table.name} has no {missing} column, it has {listed}; name it by --map {missing}=COLUMN."
        )
    for number, row in table.rows():
        if isinstance(row, UnusableRow):
            raise SourceError(row.problem)
        path = PurePosixPath(row[columns.file].strip().replace("\\", "/"))
        try:
            captions = parse_captions([row[name] for name in columns.captions])
        except ValueError as error:
            raise SourceError(f"{table.at(number)}: the caption holds {error}; correct it.") from error
        for caption in captions:
            yield os.fsencode(path), os.fsencode(path.name), caption
