"""Records out of a folder of pictures, with the captions that lie beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from clipsql.errors import SourceError
from clipsql.picture import PictureRecord
from clipsql.sources.captions import SidecarCaptions, find_sidecar
from clipsql.sources.discovery import PICTURE_ENDINGS, find_pictures, has_pictures
from clipsql.sources.source import Source


@dataclass(frozen=True, slots=True)
class FolderSource(Source):
    """All pictures below a folder."""

    folder: Path
    captions: SidecarCaptions | None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def begins(self) -> str:
        return f"{self.folder.as_uri().rstrip('/')}/"

    def count(self) -> int:
        """Pictures, by walking the folder once more."""
        return sum(1 for _ in find_pictures(self.folder))

    def __iter__(self) -> Iterator[PictureRecord]:
        for file in find_pictures(self.folder):
            inside = _inside(file, self.folder)
            captions = self.captions.of(inside) if self.captions else ()
            resolved = file.resolve()
            yield PictureRecord(resolved.as_uri(), resolved, captions, position=str(inside))

    def warnings(self) -> tuple[str, ...]:
        unmatched = self.captions.unmatched() if self.captions else 0
        if not self.captions or not unmatched:
            return ()
        return (f"{self.captions.name}: {unmatched:,} captions name no picture in the folder; left out.",)


def open_folder(folder: Path, *, column_map: Mapping[str, str]) -> FolderSource:
    """The folder as a source. Raises SourceError when it holds no picture or its sidecar cannot be used."""
    folder = folder.resolve()
    if not has_pictures(folder):
        raise SourceError(
            f'Folder "{folder}" holds no picture; '
            f"name one with files that end in {' '.join(PICTURE_ENDINGS)}, or with a manifest's parts in .parquet."
        )
    sidecar = find_sidecar(folder, column_map)
    if sidecar is None:
        return FolderSource(folder, None)
    pictures = (_inside(file, folder) for file in find_pictures(folder))
    return FolderSource(folder, SidecarCaptions(sidecar, pictures, column_map))


def _inside(file: Path, folder: Path) -> PurePosixPath:
    return PurePosixPath(file.relative_to(folder).as_posix())
