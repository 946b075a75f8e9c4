"""Finding pictures in folders, and the hash of their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from clipsql.errors import SourceError
from clipsql.images.hashing import content_hash
from clipsql.sources.discovery import find_pictures


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def found(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_pictures(folder)]


def test_pictures_are_found_in_all_folders_in_name_order(tmp_path: Path) -> None:
    put(tmp_path, "b/2.png", "b/1.JPG", "a/deep/er/x.heic", "z.webp", "c.Avif")
    assert found(tmp_path) == ["c.Avif", "z.webp", "a/deep/er/x.heic", "b/1.JPG", "b/2.png"]


def test_other_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    put(
        tmp_path,
        "notes.txt",
        "captions.tsv",
        ".hidden.jpg",
        ".thumbnails/1.jpg",
        "._photo.jpg",
        "photo.jpg",
        "jpg",
    )
    (tmp_path / "folder.jpg").mkdir()
    assert found(tmp_path) == ["photo.jpg"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg")
    (tmp_path / "a" / "back").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    assert found(tmp_path) == ["a/1.jpg"]


def test_linked_pictures_and_folders_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "1.jpg", "more/2.jpg")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link.jpg").symlink_to(tmp_path / "elsewhere" / "1.jpg")
    (tmp_path / "here" / "more").symlink_to(tmp_path / "elsewhere" / "more", target_is_directory=True)
    assert found(tmp_path / "here") == ["link.jpg", "more/2.jpg"]


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="missing"):
        list(find_pictures(tmp_path / "missing"))


def test_the_hash_is_that_of_the_bytes() -> None:
    assert content_hash(b"picture") == hashlib.sha256(b"picture").digest()
