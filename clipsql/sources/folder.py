"""Records out of a folder of pictures, with what lies beside them to tell of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.extras import missing_packages
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources.beside import names_beside, read_beside
from clipsql.sources.columns import only_there
from clipsql.sources.discovery import PICTURE_ENDINGS, find_pictures, has_pictures, is_video, walk
from clipsql.sources.formats import open_table
from clipsql.sources.manifest import ManifestSource, open_manifest
from clipsql.sources.sidecars import CAPTIONS, METADATA, Told, find_sidecars, with_more
from clipsql.sources.source import Source


@dataclass(frozen=True, slots=True)
class FolderSource(Source):
    """All pictures and videos below a folder."""

    folder: Path
    told: Told | None
    column_map: Mapping[str, str]
    text_columns: Collection[str]
    timezone: tzinfo

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def begins(self) -> str:
        return f"{self.folder.as_uri().rstrip('/')}/"

    def count(self) -> int | None:
        """Pictures, by walking the folder once more; None where videos have as many as they have."""
        count = 0
        for file in find_pictures(self.folder):
            if is_video(file):
                return None
            count += 1
        return count

    def __iter__(self) -> Iterator[PictureRecord | UnusableRow]:
        if self.told:
            yield from self.told.problems()
        for directory in walk(self.folder):
            others = set(directory.others)
            for file in directory.pictures:
                resolved = file.resolve()
                inside = str(file.relative_to(self.folder))
                record = PictureRecord(resolved.as_uri(), resolved, position=inside)
                record = self.told.of(record) if self.told else record
                for name in filter(others.__contains__, names_beside(file.name)):
                    try:
                        record = with_more(record, self._beside(directory.path / name))
                    except SourceError as error:
                        where = (directory.path / name).relative_to(self.folder)
                        yield UnusableRow(str(where), str(error))
                yield record

    def _beside(self, file: Path) -> PictureRecord:
        return read_beside(
            file, column_map=self.column_map, text_columns=self.text_columns, timezone=self.timezone
        )

    def warnings(self) -> tuple[str, ...]:
        told = self.told.warnings() if self.told else ()
        missing = missing_packages("video")
        if not missing or not any(
            is_video(Path(name)) for directory in walk(self.folder) for name in directory.others
        ):
            return told
        return (
            *told,
            f"Videos are passed over: to read them needs the package {missing[0]}; run: pip install "
            '"clipsql[video]"',
        )

    def passed_over(self) -> Counter[str]:
        endings: Counter[str] = Counter()
        for directory in walk(self.folder):
            used = {name for picture in directory.pictures for name in names_beside(picture.name)}
            used.update(METADATA, CAPTIONS if directory.path == self.folder else ())
            endings.update(Path(name).suffix.lower() for name in directory.others if name not in used)
        return endings


def open_folder(
    folder: Path, *, column_map: Mapping[str, str], text_columns: Collection[str], timezone: tzinfo
) -> FolderSource:
    """The folder as a source. Raises SourceError when it holds no picture or its captions cannot be used."""
    folder = folder.resolve()
    if not has_pictures(folder):
        raise SourceError(
            f'Folder "{folder}" holds no picture; '
            f"name one with files that end in {' '.join(PICTURE_ENDINGS)}, or with a manifest's parts in .parquet."
        )
    sidecars = find_sidecars(folder)
    columns = partial(_open_sidecar, column_map=column_map, text_columns=text_columns, timezone=timezone)
    told = Told(folder, sidecars, columns) if sidecars else None
    return FolderSource(folder, told, column_map, text_columns, timezone)


def _open_sidecar(
    path: Path, *, column_map: Mapping[str, str], text_columns: Collection[str], timezone: tzinfo
) -> ManifestSource:
    table = open_table(path, column_map=column_map)
    if path.name in METADATA:  # options may be meant for another list
        names = table.names()
        column_map = only_there(column_map, names)
        text_columns = {column for column in text_columns if column.lower() in map(str.lower, names)}
    else:
        text_columns = ()
    return open_manifest(
        table,
        column_map=column_map,
        text_columns=text_columns,
        base_folder=None,
        timezone=timezone,
        allow_file_urls=False,
    )
