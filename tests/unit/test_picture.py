"""Where the bytes of a picture are: on the web, or in a file of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipsql.picture import PictureRecord, file_of, is_on_the_web


@pytest.mark.parametrize(
    ("address", "on_the_web", "file"),
    [
        ("http://a.example/x.jpg", True, None),
        ("HTTPS://A.example/x.jpg", True, None),
        ("https:x.jpg", False, None),
        ("httpsomething", False, None),
        ("file:///a/b%20c.jpg", False, Path("/a/b c.jpg")),
        ("FILE:///a/x.jpg", False, Path("/a/x.jpg")),
        ("file:x.jpg", False, Path("x.jpg")),
        ("file:", False, None),
        ("file://[", False, None),
        ("files/x.jpg", False, None),
        ("ftp://a.example/x.jpg", False, None),
        ("no address at all", False, None),
        ("", False, None),
    ],
)
def test_an_address_tells_where_a_picture_is(address: str, on_the_web: bool, file: Path | None) -> None:
    assert (is_on_the_web(address), file_of(address)) == (on_the_web, file)


def test_the_file_of_a_record_comes_before_that_of_its_url() -> None:
    assert PictureRecord("file:///a.jpg").local_file == Path("/a.jpg")
    assert PictureRecord("file:///a.jpg", Path("b.jpg")).local_file == Path("b.jpg")
    assert PictureRecord("https://a.example/c.jpg", Path("b.jpg")).local_file == Path("b.jpg")
    assert PictureRecord("https://a.example/c.jpg").local_file is None
