"""Records out of object stores: the pictures below a folder, or of WebDataset's shards, read as streams."""

from __future__ import annotations

import fnmatch
import tarfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path, PurePosixPath
from typing import BinaryIO, ClassVar

from clipsql import stores
from clipsql.errors import SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources.beside import LARGEST
from clipsql.sources.delimiters import is_picture_name
from clipsql.sources.describing import Describer, names_beside, too_large
from clipsql.sources.source import Source
from clipsql.sources.tar_members import MOST_BYTES, Members, note

_HELD = 2**26
"""Bytes: larger members are read again when their turn comes."""
_AT_ONCE = 16
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class StoreSource(Source):
    """The pictures below a folder of a store, or one of them."""

    folder: str
    objects: Mapping[str, int]
    """Sizes by address, in the order of their names."""
    describer: Describer

    readers: ClassVar[int] = _AT_ONCE

    @property
    def name(self) -> str:
        return self.folder

    @property
    def begins(self) -> str:
        return f"{self.folder}/"

    def count(self) -> int:
        return sum(map(is_picture_name, self.objects))

    def __iter__(self) -> Iterator[PictureRecord | UnusableRow]:
        for address in filter(is_picture_name, self.objects):
            position = address.removeprefix(self.begins)
            path = stores.path_of(address)
            if path is None:
                yield UnusableRow(position, f"{position} has a name that no path has; rename it.", address)
                continue
            record = PictureRecord(address, path, position=position)
            yield from self.describer.described(record, self.folder, position, self._beside)

    def _beside(self, name: str) -> bytes | None:
        """The object of that name below the folder; None where there is none. Raises SourceError."""
        address = self.begins + name
        size = self.objects.get(address)
        if size is None:
            return None
        if size > LARGEST:
            raise too_large(f"{self.folder} {name}")
        try:
            return stores.read(Path(address), most_bytes=LARGEST)
        except OSError as error:
            raise SourceError(f"{self.folder} {name} cannot be read ({error.strerror}); left out.") from error

    def passed_over(self) -> Counter[str]:
        used = {other for address in filter(is_picture_name, self.objects) for other in names_beside(address)}
        others = (one for one in self.objects if one not in used and not is_picture_name(one))
        return Counter(PurePosixPath(address).suffix.lower() for address in others)


@dataclass(frozen=True, slots=True)
class ShardSource(Source):
    """The pictures of tar archives in a store, each archive read once from its beginning to its end.

    What tells of a picture stands next to it, as in WebDataset's shards.
    """

    name_of_all: str
    archives: tuple[str, ...]
    describer: Describer

    @property
    def name(self) -> str:
        return self.name_of_all

    def count(self) -> None:
        """Not known before all archives are read through."""

    def __iter__(self) -> Iterator[PictureRecord | UnusableRow]:
        for address in self.archives:
            archive = Path(address)
            try:
                with stores.open_stream(archive) as stream:
                    yield from self._records(address, stream)
            except OSError as error:
                problem = f"{archive.name} cannot be read ({error.strerror}); check the archive."
                yield UnusableRow(archive.name, problem)

    def _records(self, address: str, stream: BinaryIO) -> Iterator[PictureRecord | UnusableRow]:
        archive, members, whole = Path(address), Members(), _Whole(stream)
        cut: str | None = None
        sample: dict[str, bytes | None] = {}
        told = 0
        try:
            with tarfile.open(fileobj=whole, mode="r|", errors="surrogateescape") as tar:  # type: ignore[call-overload]
                for member in tar:
                    tar.members.clear()  # it would keep them all
                    note(members, member, MOST_BYTES * _BLOCK)
                    for name, why in members.left_out[told:]:
                        position = f"{archive.name} {name}"
                        yield UnusableRow(position, f"{position} {why}; left out.")
                    told = len(members.left_out)
                    name = next(reversed(members.places), "")
                    if members.places.get(name, (-1, 0))[0] != member.offset_data or not member.isreg():
                        continue
                    if sample and _key(name) != _key(next(iter(sample))):
                        yield from self._sample(address, sample)
                        sample = {}
                    sample[name] = self._content(tar, member, name)
        except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
            cut = str(error) or type(error).__name__
        yield from self._sample(address, sample)
        if cut is None and not whole.has_end():
            cut = "its end is missing or damaged"
        if cut is not None:
            yield UnusableRow(archive.name, f"{archive.name} breaks off ({cut}); get the archive again.")

    def _content(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> bytes | None:
        most = _HELD if is_picture_name(name) else LARGEST
        file = tar.extractfile(member) if member.size <= most else None
        return None if file is None else file.read()

    def _sample(
        self, address: str, sample: Mapping[str, bytes | None]
    ) -> Iterator[PictureRecord | UnusableRow]:
        """The pictures among members of one key, with what the others tell of them."""

        def content(name: str) -> bytes | None:
            if name in sample and sample[name] is None:
                raise too_large(f"{Path(address).name} {name}")
            return sample.get(name)

        for name in filter(is_picture_name, sample):
            position = f"{Path(address).name} {name}"
            url = f"{address}/{name}"
            path = stores.path_of(url)
            if path is None:
                yield UnusableRow(position, f"{position} has a name that no path has; left out.", url)
                continue
            record = PictureRecord(url, path, position=position, content=sample[name])
            yield from self.describer.described(record, Path(address).name, name, content)


class _Whole:
    """A stream that is read through once, and how it ended."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._last = b""

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._last = (self._last + data)[-_BLOCK:]
        return data

    def has_end(self) -> bool:
        """Whether it ends as archives do, by an empty block."""
        while self.read(2**20):
            pass
        return self._last == bytes(_BLOCK)


def open_store(
    path: Path, *, column_map: Mapping[str, str], text_columns: Collection[str], timezone: tzinfo
) -> Source:
    """A folder, a picture, an archive or archives by a pattern, in a store that is named by this.

    Raises SourceError when there is nothing to read, ConfigurationError where a package is absent.
    """
    address = stores.address_of(path)
    assert address is not None
    address = address.rstrip("/")
    folder, _, last = address.rpartition("/")
    pattern = last if any(sign in last for sign in "*?[") else None
    root = folder if pattern else address
    if stores.path_of(root) is None:
        raise SourceError(f'"{address}" is no address that can be read; write it as s3://bucket/folder.')
    stores.name_store(root)
    describer = Describer(column_map, text_columns, timezone)
    try:
        size = None if pattern else stores.size_of(Path(address))
        found = [stores.Object(address, size)] if size is not None else list(stores.listed(Path(root)))
    except OSError as error:
        raise SourceError(
            f"{address} cannot be read ({error.strerror}); check the address, and the credentials in the environment."
        ) from error
    if pattern:
        found = [one for one in found if fnmatch.fnmatchcase(one.address.removeprefix(f"{root}/"), pattern)]
    objects = {one.address: one.size for one in found}
    if any(map(is_picture_name, objects)):
        return StoreSource(root if size is None else folder, objects, describer)
    archives = tuple(one for one in objects if one.lower().endswith(".tar"))
    if not archives:
        raise SourceError(
            f"{address} holds no picture; name a folder with some, or with archives .tar, or a list of addresses here."
        )
    return ShardSource(last, archives, describer)


def _key(name: str) -> str:
    """What the members of one sample have in common: the name up to the first dot, as WebDataset has it."""
    folder, slash, base = name.rpartition("/")
    return folder + slash + base.partition(".")[0]
