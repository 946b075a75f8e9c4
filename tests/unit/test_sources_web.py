"""Lists of web addresses, as data sets of this field are published, and streams that come once."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clipsql.errors import SourceError
from clipsql.sources import open_source

URLS = ("https://example.org/1.jpg", "http://example.org/2.jpg")


def test_conceptual_captions_need_no_header(tmp_path: Path) -> None:
    path = tmp_path / "captions.tsv"
    path.write_text(f'a "red" bus\t{URLS[0]}\ntwo dogs\t{URLS[1]}\n')
    source = open_source(path)
    assert [(record.url, record.file, record.captions) for record in source] == [
        (URLS[0], None, ('a "red" bus',)),
        (URLS[1], None, ("two dogs",)),
    ]
    assert [record.position for record in source] == ["captions.tsv line 1", "captions.tsv line 2"]
    assert source.count() == 2


@pytest.mark.parametrize(
    ("name", "content", "metadata"),
    [
        pytest.param("a.tsv", f"{URLS[0]}\ttwo dogs\n", {}, id="url first, as in CC12M"),
        pytest.param("a.csv", f'"two dogs",{URLS[0]},7\n', {"column_3": 7}, id="more columns"),
        pytest.param(
            "a.csv", f"URL,TEXT,NSFW\n{URLS[0]},two dogs,UNLIKELY\n", {"NSFW": "UNLIKELY"}, id="LAION"
        ),
        pytest.param("a.jsonl", f'{{"url": "{URLS[0]}", "text": "two dogs"}}\n', {}, id="JSON lines"),
        pytest.param("a.csv", f"image,caption\n{URLS[0]},two dogs\n", {}, id="a url as file"),
        pytest.param("a.csv", f"file,url,caption\n,{URLS[0]},two dogs\n", {}, id="no file but a url"),
    ],
)
def test_usual_layouts_are_understood(
    tmp_path: Path, name: str, content: str, metadata: dict[str, object]
) -> None:
    (tmp_path / name).write_text(content)
    (record,) = open_source(tmp_path / name)
    assert (record.url, record.file, record.captions, record.metadata) == (
        URLS[0],
        None,
        ("two dogs",),
        metadata,
    )


def test_a_plain_list_of_urls_is_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text("\n".join(URLS))
    assert [record.url for record in open_source(tmp_path / "urls.txt")] == [*URLS]


def test_unsplash_columns_are_known(tmp_path: Path) -> None:
    path = tmp_path / "photos.tsv000"
    path.write_text(
        "photo_id\tphoto_url\tphoto_image_url\tphoto_submitted_at\tphoto_description\texif_iso\t"
        "photo_location_latitude\tphoto_location_longitude\n"
        "XMyPniM9LF0\thttps://example.org/page\thttps://example.org/photo\t2014-09-29 14:08:38.594364\t"
        "Woman exploring a forest\t100\t51.5\t-0.12\n"
    )
    (record,) = open_source(path)
    assert (record.url, record.captions) == ("https://example.org/photo", ("Woman exploring a forest",))
    assert record.taken_at == datetime(2014, 9, 29, 14, 8, 38, 594364, tzinfo=UTC)
    assert (record.longitude, record.latitude) == (-0.12, 51.5)
    assert record.metadata == {
        "photo_id": "XMyPniM9LF0",
        "photo_url": "https://example.org/page",
        "exif_iso": 100,
    }


@pytest.mark.parametrize(
    "url", ["http://", "www.example.org/1.jpg", "http://a b/", "ftp://example.org/1.jpg"]
)
def test_a_bad_url_is_passed_on_and_ends_nothing(tmp_path: Path, url: str) -> None:
    (tmp_path / "a.csv").write_text(f"url\n{url}\n{URLS[1]}\n")
    assert [(record.url, record.file) for record in open_source(tmp_path / "a.csv")] == [
        (url, None),
        (URLS[1], None),
    ]


def test_standard_input_is_read_as_it_comes() -> None:
    seen: list[int] = []

    def lines(total: int) -> Iterator[bytes]:
        for number in range(total):
            seen.append(number)
            yield f"caption {number}\thttps://example.org/{number}.jpg\n".encode()

    records = iter(open_source(Path("-"), stdin=lines(100_000)))
    assert next(records).url == "https://example.org/0.jpg"
    assert len(seen) < 2_000
    assert sum(1 for _ in records) == 99_999
    assert len(seen) == 100_000


@pytest.mark.parametrize(
    ("content", "file_format"),
    [
        (f"caption,url\ntwo dogs,{URLS[0]}\n", None),
        (f"caption\turl\ntwo dogs\t{URLS[0]}\n", None),
        (f'{{"caption": "two dogs", "url": "{URLS[0]}"}}\n', None),
        (f'"two\tdogs",{URLS[0]}\n', "csv"),
    ],
    ids=["csv", "tsv", "jsonl", "told"],
)
def test_the_format_of_standard_input_is_guessed_or_told(content: str, file_format: str | None) -> None:
    (record,) = open_source(Path("-"), file_format=file_format, stdin=io.BytesIO(content.encode()))
    assert record.url == URLS[0]
    assert record.captions in (("two dogs",), ("two\tdogs",))
    assert record.position.startswith("standard input line ")


def test_long_standard_input_can_be_read_only_once() -> None:
    lines = (f"https://example.org/{number}.jpg\n".encode() for number in range(10_000))
    source = open_source(Path("-"), stdin=lines)
    assert source.count() is None
    assert sum(1 for _ in source) == 10_000
    with pytest.raises(SourceError, match="only once; name a file"):
        list(source)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "standard input is empty"),
        (b"url\n\xff\n", "line 2: the file or url holds bytes that are not UTF-8"),
    ],
)
def test_bad_standard_input_is_one_line(content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        list(open_source(Path("-"), stdin=io.BytesIO(content)))


def test_a_file_of_another_ending_is_read_in_the_format_told(tmp_path: Path) -> None:
    (tmp_path / "part-00000").write_text(f"{URLS[0]}\n")
    (record,) = open_source(tmp_path / "part-00000", file_format="tsv")
    assert record.url == URLS[0]


def test_a_large_parquet_starts_at_once_and_stays_small(tmp_path: Path) -> None:
    """One row group of many rows; in a process of its own, so that its memory can be seen."""
    rows = 400_000
    table = pa.table({"URL": [f"https://example.org/{n}.jpg" for n in range(rows)], "TEXT": ["dogs"] * rows})
    pq.write_table(table, tmp_path / "laion.parquet", row_group_size=rows)
    program = """
import itertools, pathlib, resource, sys
from clipsql.sources import open_source
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
source = open_source(pathlib.Path(sys.argv[1]))
records = iter(source)
next(records)
start = peak()
few = sum(1 for _ in itertools.islice(records, 200_000))
print(source.count(), few, peak() - start)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "laion.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, few, grown_mb = done.stdout.split()
    assert (count, few) == ("400000", "200000")
    assert float(grown_mb) < 40


def test_a_large_text_file_is_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "large.tsv"
    line = f"{'a caption ' * 100}\t{URLS[0]}\n"
    path.write_text(line * (17 * 2**20 // len(line)))
    assert open_source(path).count() is None


def test_conceptual_captions_parse_whole(shared_data: Path) -> None:
    source = open_source(shared_data / "cc3m-like/captions.tsv")
    records = list(source)
    assert source.count() == len(records) == 2_000
    assert all(record.url.startswith("http") and record.file is None for record in records)
    assert all(len(record.captions) == 1 and not record.metadata for record in records)
