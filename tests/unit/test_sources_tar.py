"""Tar archives of pictures, as WebDataset's shards are, whole and not."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from clipsql.errors import SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import open_source, tar_members
from clipsql.sources.inside import read_file


def pack(path: Path, *members: tuple[str | tarfile.TarInfo, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for named, content in members:
            member = tarfile.TarInfo(named) if isinstance(named, str) else named
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def read(path: Path) -> tuple[list[PictureRecord], list[str]]:
    rows = list(open_source(path))
    return (
        [row for row in rows if isinstance(row, PictureRecord)],
        [row.problem for row in rows if isinstance(row, UnusableRow)],
    )


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


def test_what_has_a_picture_s_name_tells_of_it(tmp_path: Path) -> None:
    path = pack(
        tmp_path / "a.tar",
        ("./00.jpg", b"picture 0"),
        ("./00.txt", "zwei Hündchen\nbrown".encode()),
        ("./00.json", b'{"caption": "brown", "url": "https://a.example/0", "width": 3, "similarity": 0.25}'),
        ("./00.cls", b"7\n"),
        ("./deep/01.webp", b"picture 1"),
        ("./deep/01.npy", b"x"),
        ("./deep/00.txt", b"of another folder"),
    )
    (first, second), problems = read(path)
    assert problems == []
    assert first.file == tmp_path.resolve() / "a.tar" / "00.jpg"
    assert (first.url, first.position) == (first.file.as_uri(), "a.tar 00.jpg")
    assert first.captions == ("zwei Hündchen", "brown")
    assert first.metadata == {"url": "https://a.example/0", "width": 3, "similarity": 0.25, "cls": 7}
    assert (second.captions, second.metadata) == ((), {})
    assert [read_file(row.file) for row in (first, second) if row.file] == [b"picture 0", b"picture 1"]
    source = open_source(path)
    assert (source.name, source.count()) == ("a.tar", None)
    assert source.passed_over() == {".npy": 1, ".txt": 1}


@pytest.mark.parametrize("written", ["folder", "pattern"])
def test_shards_are_one_source(tmp_path: Path, written: str) -> None:
    for shard in ("00", "01", "10"):
        pack(tmp_path / "in" / f"s-{shard}.tar", (f"{shard}.jpg", shard.encode()))
    records, _ = read(tmp_path if written == "folder" else tmp_path / "in" / "s-0*.tar")
    expected = ["00", "01", "10"] if written == "folder" else ["00", "01"]
    assert [read_file(record.file).decode() for record in records if record.file] == expected


def test_a_pattern_may_name_parts_of_a_list_and_must_name_something(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r's-\*\.tar" does not exist'):
        open_source(tmp_path / "s-*.tar")
    (tmp_path / "odd[1].csv").write_text("file\n1.jpg\n")
    assert len(list(open_source(tmp_path / "odd[1].csv"))) == 1


def test_names_of_any_bytes_are_found(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 #1?.jpg")
    (record,), problems = read(pack(tmp_path / "a.tar", (name, b"picture")))
    assert problems == []
    assert record.url.endswith("/a.tar/caf%E9%20%231%3F.jpg")
    assert record.file is not None
    assert read_file(record.file) == b"picture"


def test_members_that_lead_elsewhere_are_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    path = pack(
        tmp_path / "a.tar",
        ("/etc/1.jpg", b"x"),
        ("in/../../2.jpg", b"x"),
        (special("3.jpg", tarfile.SYMTYPE, "../secret.jpg"), b""),
        (special("4.jpg", tarfile.LNKTYPE, "9.jpg"), b""),
        (special("5.jpg", tarfile.FIFOTYPE), b""),
        (special("in", tarfile.DIRTYPE), b""),
        ("9.jpg", b"picture"),
        ("./9.jpg", b"another"),
        ("..9.jpg", b"dots"),
    )
    records, problems = read(path)
    assert [record.position for record in records] == ["a.tar 9.jpg", "a.tar ..9.jpg"]
    assert [read_file(record.file) for record in records if record.file] == [b"picture", b"dots"]
    assert problems == [
        "a.tar /etc/1.jpg has a path that leads out of the archive; left out.",
        "a.tar in/../../2.jpg has a path that leads out of the archive; left out.",
        "a.tar 3.jpg is a link, a sparse or a special file; left out.",
        "a.tar 4.jpg is a link, a sparse or a special file; left out.",
        "a.tar 5.jpg is a link, a sparse or a special file; left out.",
        "a.tar 9.jpg stands in the archive before; the first one counts; left out.",
    ]
    for name in ("3.jpg", "../secret.jpg", "none.jpg", "9.jpg/x"):
        with pytest.raises(OSError, match=r"^$|No such file|Not a directory"):
            read_file(tmp_path.resolve() / "a.tar" / name)


@pytest.mark.parametrize("kept", [1_536, 2_000, 3_072, 3_300])
def test_an_archive_that_is_cut_short_gives_what_is_before(tmp_path: Path, kept: int) -> None:
    path = pack(tmp_path / "a.tar", *((f"{number}.jpg", b"x" * 900) for number in range(4)))
    path.write_bytes(path.read_bytes()[:kept])
    records, problems = read(path)
    assert len(records) == kept // 1_536 + (kept % 1_536 > 1_412)
    assert any(problem.startswith("a.tar breaks off (") for problem in problems)
    assert all(len(read_file(record.file)) == 900 for record in records if record.file)


def test_damage_in_an_archive_is_named(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar", *((f"{number}.jpg", b"x" * 900) for number in range(4)))
    data = bytearray(path.read_bytes())
    data[2 * 1_536 : 2 * 1_536 + 512] = b"\xee" * 512
    path.write_bytes(data)
    records, problems = read(path)
    assert len(records) == 2
    assert problems == ["a.tar breaks off (its end is missing or damaged); get the archive again."]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "a.tar is no readable tar archive"),
        (b"no tar " * 200, "a.tar is no readable tar archive"),
        (gzip.compress(b"x", mtime=0), "a.tar is compressed as a whole.*unpack it first"),
    ],
)
def test_what_is_no_archive_is_an_error(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(SourceError, match=reason):
        open_source(tmp_path / "a.tar")
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(SourceError, match=reason.replace("a.tar", "a.tar.gz")):
        open_source(tmp_path / "a.tar.gz")


def test_an_archive_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a\.tar holds no picture"):
        open_source(pack(tmp_path / "a.tar", ("1.txt", b"x")))


def test_what_tells_nothing_in_an_archive_is_named(tmp_path: Path) -> None:
    path = pack(
        tmp_path / "a.tar",
        ("1.jpg", b"x"),
        ("1.json", b"{"),
        ("2.jpg", b"x"),
        ("2.txt", b"caf\xe9"),
        ("3.jpg", b"x"),
        ("3.txt", b"x" * 1_100_000),
        ("4.jpg", b"x"),
        ("4.cls", b"truck, 7"),
    )
    records, problems = read(path)
    assert len(records) == 4
    assert [problem[:28] for problem in problems] == [
        "a.tar 1.json is no valid JSO",
        "a.tar 2.txt: the caption hol",
        "a.tar 3.txt is larger than 1",
    ]
    assert records[3].metadata == {"cls": "truck, 7"}


def test_a_shard_that_cannot_be_read_does_not_end_the_others(tmp_path: Path) -> None:
    pack(tmp_path / "0.tar", ("0.jpg", b"x"))
    (tmp_path / "1.tar").write_bytes(b"no tar")
    pack(tmp_path / "2.tar", ("2.jpg", b"x"))
    records, problems = read(tmp_path)
    assert [record.position for record in records] == ["0.tar 0.jpg", "2.tar 2.jpg"]
    assert [problem[:34] for problem in problems] == ["1.tar is no readable tar archive ("]
    assert sum(open_source(tmp_path).passed_over().values()) == 0


def test_what_is_too_large_for_a_picture_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path / "a.tar", ("1.jpg", b"four"))
    monkeypatch.setattr(tar_members, "MOST_BYTES", 3)
    for file in (path, path / "1.jpg"):
        with pytest.raises(OSError, match="at most 2 are read"):
            read_file(file)
