"""What lists inside a folder tell of its pictures: captions.tsv or captions.csv, and metadata in any folder of it."""

from __future__ import annotations

import os
import pickle
import sqlite3
import unicodedata
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources.discovery import find_pictures, walk
from clipsql.sources.manifest import ManifestSource

CAPTIONS = ("captions.tsv", "captions.csv")
"""In the folder itself; the first that is there counts, and of its columns those with captions."""

METADATA = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
"""In any folder, as data hubs publish them; all their columns count."""

# Paths are bytes: file names need not be UTF-8.
_TABLES = """
create table picture (path blob primary key, base_name blob not null) without rowid;
create table told (
    told_id integer primary key, list text not null, path blob, base_name blob, record blob not null
);
create table problem (problem_id integer primary key, position text not null, problem text not null);
"""

# A list of captions names a picture by its path in the folder, or by its bare name where only one picture has it.
_MATCH = """
create index picture_base_name on picture (base_name);
create table unique_name as
    select picture.base_name, min(picture.path) as path
    from picture group by picture.base_name having count(*) = 1;
create unique index unique_name_base_name on unique_name (base_name);
update told set path = unique_name.path
from unique_name
where unique_name.base_name = told.base_name and not exists (select 1 from picture where picture.path = told.path);
create index told_path on told (path, told_id);
"""


def find_sidecars(folder: Path) -> list[Path]:
    """The lists inside a folder that tell of its pictures, that of captions first."""
    captions = [folder / name for name in CAPTIONS if (folder / name).is_file()][:1]
    metadata = (
        directory.path / name for directory in walk(folder) for name in METADATA if name in directory.others
    )
    return [*captions, *metadata]


class Told:
    """What lists tell of each picture, kept in a temporary database on disk because they can be huge."""

    def __init__(
        self, folder: Path, sidecars: Iterable[Path], open_sidecar: Callable[[Path], ManifestSource]
    ) -> None:
        """Raises SourceError when the captions cannot be used; other lists that cannot are a warning."""
        self._folder = folder
        self._unread: list[str] = []
        # Held open for the source's life, by whichever thread reads it.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        weakref.finalize(self, self._database.close)
        self._database.executescript("begin;" + _TABLES)
        self._database.executemany(
            "insert or ignore into picture values (?, ?)",
            (
                (os.fsencode(os.path.realpath(picture)), _base_name(picture))
                for picture in find_pictures(folder)
            ),
        )
        for sidecar in sidecars:
            self._read(sidecar, open_sidecar)
        self._database.executescript("begin;" + _MATCH + "commit;")

    def of(self, picture: PictureRecord) -> PictureRecord:
        """The picture with what the lists tell of it: captions in their order, each once; of facts the first."""
        rows = self._database.execute(
            "select told.record from told where told.path = ? order by told.told_id",
            (os.fsencode(str(picture.file)),),
        )
        for (content,) in rows:
            picture = with_more(picture, pickle.loads(content))
        return picture

    def problems(self) -> Iterator[UnusableRow]:
        """Rows of the lists that cannot be used."""
        rows = self._database.execute("select position, problem from problem order by problem_id")
        return (UnusableRow(position, problem) for position, problem in rows)

    def warnings(self) -> tuple[str, ...]:
        """Lists that cannot be used, and how many of their rows name no picture of the folder."""
        unmatched = self._database.execute(
            "select told.list, count(*) from told where not exists"
            " (select 1 from picture where picture.path = told.path) group by told.list order by min(told.told_id)"
        )
        return (
            *self._unread,
            *(
                f"{name}: {count:,} {'row names' if count == 1 else 'rows name'} no picture in the folder; left out."
                for name, count in unmatched
            ),
        )

    def _read(self, sidecar: Path, open_sidecar: Callable[[Path], ManifestSource]) -> None:
        has_only_captions = sidecar.name in CAPTIONS
        try:
            rows = open_sidecar(sidecar)
            if has_only_captions and not rows.columns.captions:
                listed = ", ".join(f'"{name}"' for name in rows.table.names())
                raise SourceError(
                    f"{rows.name} has no caption column, it has {listed}; name it by --map caption=COLUMN."
                )
            for row in rows:
                if isinstance(row, UnusableRow):
                    self._database.execute(
                        "insert into problem (position, problem) values (?, ?)", (row.position, row.problem)
                    )
                else:
                    self._keep(sidecar, row, has_only_captions=has_only_captions)
        except SourceError as error:
            if has_only_captions:
                raise
            self._unread.append(f"{error} Until then it tells nothing of the pictures.")

    def _keep(self, sidecar: Path, row: PictureRecord, *, has_only_captions: bool) -> None:
        is_bare = has_only_captions and row.file is not None and row.file.parent == self._folder
        told = (
            PictureRecord("", captions=row.captions) if has_only_captions else replace(row, url="", file=None)
        )
        self._database.execute(
            "insert into told (list, path, base_name, record) values (?, ?, ?, ?)",
            (
                str(sidecar.relative_to(self._folder)),
                None if row.file is None else os.fsencode(row.file),
                _base_name(row.file) if is_bare and row.file is not None else None,
                pickle.dumps(told),
            ),
        )


def with_more(picture: PictureRecord, told: PictureRecord) -> PictureRecord:
    """The picture with what else is told of it; what it has already stays."""
    has_place = picture.longitude is not None
    return replace(
        picture,
        captions=tuple(dict.fromkeys(picture.captions + told.captions)),
        taken_at=picture.taken_at or told.taken_at,
        longitude=picture.longitude if has_place else told.longitude,
        latitude=picture.latitude if has_place else told.latitude,
        metadata={**told.metadata, **picture.metadata},
    )


def _base_name(path: Path) -> bytes:
    # File systems compose accented letters or take them apart.
    return os.fsencode(unicodedata.normalize("NFC", path.name))
