"""Object stores as sources: what is listed, what tells of pictures, shards as streams, and what is never read."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from PIL import Image

from clipsql import stores
from clipsql.errors import ConfigurationError, SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import Source, open_rows, open_source
from clipsql.sources.inside import read_file, read_if_there


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[fsspec.AbstractFileSystem]:
    """The store in this process's memory, empty, and no store named."""
    monkeypatch.setattr(stores, "_named", set())
    monkeypatch.delenv(stores.VARIABLE, raising=False)
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield files
    files.store.clear()


def jpeg(colour: str) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(held, "JPEG")
    return held.getvalue()


def tar(*members: tuple[str | tarfile.TarInfo, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, content in members:
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return held.getvalue()


def of(source: Source) -> tuple[list[PictureRecord], list[UnusableRow]]:
    records = list(source)
    return (
        [one for one in records if isinstance(one, PictureRecord)],
        [one for one in records if isinstance(one, UnusableRow)],
    )


def test_a_folder_gives_its_pictures_with_what_lies_beside_them(memory: fsspec.AbstractFileSystem) -> None:
    for name, content in {
        "photos/b.jpg": jpeg("red"),
        "photos/a/1.png": jpeg("blue"),
        "photos/a/1.txt": b"A blue one.\n",
        "photos/b.json": b'{"camera": "K1"}',
        "photos/notes.doc": b"x",
        "photos/.hidden/2.jpg": b"x",
        "photography/3.jpg": b"x",
    }.items():
        memory.pipe(f"/bucket/{name}", content)
    source = open_source(Path("memory://bucket/photos/"))
    records, unusable = of(source)
    assert [record.url for record in records] == [
        "memory://bucket/photos/a/1.png",
        "memory://bucket/photos/b.jpg",
    ]
    assert (records[0].captions, records[1].metadata) == (("A blue one.",), {"camera": "K1"})
    assert unusable == []
    assert (source.name, source.begins) == ("memory://bucket/photos", "memory://bucket/photos/")
    assert (source.count(), source.passed_over()) == (2, {".doc": 1})
    assert records[1].file is not None
    assert read_file(records[1].file) == jpeg("red")
    assert not records[1].is_on_the_web
    [one], _ = of(open_source(Path("memory://bucket/photos/b.jpg")))
    assert (one.url, one.metadata) == (records[1].url, {})


def test_shards_are_streams_of_pictures_with_captions(memory: fsspec.AbstractFileSystem) -> None:
    odd = tarfile.TarInfo("0003.jpg")
    odd.type, odd.linkname = tarfile.SYMTYPE, "/etc/passwd"
    memory.pipe(
        "/bucket/train-0.tar",
        tar(
            ("0001.cls", b"7"),
            ("0001.jpg", jpeg("red")),
            ("0001.json", b'{"camera": "K1"}'),
            ("0001.txt", b"A red one."),
            ("deep/0002.png", jpeg("blue")),
            ("../0004.jpg", b"x"),
            ("/0005.jpg", b"x"),
            (odd, b""),
            ("0006.txt", b"a" * (2**20 + 1)),
            ("0006.jpg", jpeg("green")),
            ("0001.jpg", jpeg("white")),
        ),
    )
    memory.pipe("/bucket/train-1.tar", tar(("0001.webp", jpeg("red"))))
    memory.pipe("/bucket/test-0.tar", tar(("0001.jpg", jpeg("red"))))
    source = open_source(Path("memory://bucket/train-*.tar"))
    records, unusable = of(source)
    assert [record.url.removeprefix("memory://bucket/") for record in records] == [
        "train-0.tar/0001.jpg",
        "train-0.tar/deep/0002.png",
        "train-0.tar/0006.jpg",
        "train-1.tar/0001.webp",
    ]
    assert records[0].captions == ("A red one.",)
    assert records[0].metadata == {"cls": 7, "camera": "K1"}
    assert records[0].content == jpeg("red")
    told = [row.problem for row in unusable]
    assert len(told) == 5
    assert sum("leads out of the archive" in problem for problem in told) == 2
    assert sum("is a link" in problem for problem in told) == 1
    assert sum("larger than 1 MB" in problem for problem in told) == 1
    assert sum("the first one counts" in problem for problem in told) == 1
    assert records[0].file is not None
    assert read_file(records[0].file) == jpeg("red")
    assert source.count() is None


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        pytest.param(1536 + 512 + 200, "breaks off", id="within a picture"),
        pytest.param(512 + 1024, "its end is missing", id="between two"),
    ],
)
def test_a_shard_that_breaks_off_keeps_what_came_before(
    memory: fsspec.AbstractFileSystem, kept: int, reason: str
) -> None:
    picture = jpeg("red")
    assert 512 < len(picture) <= 1024
    memory.pipe("/bucket/a.tar", tar(("1.jpg", picture), ("2.jpg", jpeg("blue")))[:kept])
    memory.pipe("/bucket/b.tar", b"no archive" * 100)
    records, unusable = of(open_source(Path("memory://bucket")))
    assert [record.url for record in records] == ["memory://bucket/a.tar/1.jpg"]
    assert [reason in unusable[0].problem, "b.tar breaks off" in unusable[-1].problem] == [True, True]


def test_what_cannot_be_read_says_why(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe("/bucket/notes.txt", b"x")
    with pytest.raises(SourceError, match="memory://bucket holds no picture"):
        open_source(Path("memory://bucket"))
    with pytest.raises(SourceError, match=r"memory://none cannot be read|memory://none holds no picture"):
        open_source(Path("memory://none"))
    with pytest.raises(SourceError, match="no address"):
        open_source(Path("memory://bucket/../other"))
    with pytest.raises(SourceError, match=r"1\.tar is on the web"):
        open_source(Path("https://example.com/1.tar"))
    with pytest.raises(ConfigurationError, match='"oss://" needs the package ossfs; run: pip install ossfs'):
        open_source(Path("oss://bucket/photos"))


def test_a_list_names_objects_in_its_column_of_files(
    memory: fsspec.AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/bucket/1.jpg", jpeg("red"))
    listed = tmp_path / "list.txt"
    listed.write_text("memory://bucket/1.jpg\n", "utf-8")
    for source in (open_source(listed), open_rows(["memory://bucket/1.jpg"])):
        [record], _ = of(source)
        assert (record.url, record.file) == ("memory://bucket/1.jpg", Path("memory://bucket/1.jpg"))
    assert record.file is not None
    with pytest.raises(PermissionError, match="CLIPSQL_STORES does not name"):
        read_file(record.file)
    monkeypatch.setenv(stores.VARIABLE, "s3://other memory://bucket/")
    assert read_file(record.file) == jpeg("red")
    # Whoever writes a column of addresses is a stranger.
    [record], _ = of(open_rows([{"url": "memory://bucket/1.jpg"}]))
    assert record.file is None
    [record], _ = of(open_rows([{"url": "memory://bucket/1.jpg"}], allow_file_urls=True))
    assert record.file is not None


@pytest.mark.parametrize(
    "address",
    [
        "memory://bucket/secret.jpg",
        "memory://bucket/photos/../secret.jpg",
        "memory://bucket/photos-too/1.jpg",
        "simplecache::memory://bucket/photos/1.jpg",
        "memory://bucket/photos/1.jpg::file:///etc/hostname",
        "file:///etc/hostname",
        "local:///etc/hostname",
        "zip://x::memory://bucket/photos/1.zip",
        "http://127.0.0.1/1.jpg",
        "s3://bucket/photos/1.jpg",
    ],
)
def test_nothing_but_the_named_stores_is_read(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    for name in ("secret.jpg", "photos/1.jpg", "photos-too/1.jpg"):
        memory.pipe(f"/bucket/{name}", jpeg("red"))
    monkeypatch.setenv(stores.VARIABLE, "memory://bucket/photos file:/// http://127.0.0.1 local:///etc")
    assert read_file(Path("memory://bucket/photos/1.jpg")) == jpeg("red")
    with pytest.raises((FileNotFoundError, PermissionError)):
        read_file(Path(address))
    assert read_if_there(Path(address)) is None


def test_a_file_called_like_an_address_stays_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "s3:" / "bucket"
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(jpeg("red"))
    [record], _ = of(open_source(tmp_path))
    assert record.file is not None
    assert read_file(record.file) == jpeg("red")
