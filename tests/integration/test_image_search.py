"""Asking with a picture of one's own: from wherever it comes, without finding itself; and what is told of matches."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from local_models import make_clip
from picture_server import PictureServer, picture_bytes
from PIL import Image
from sqlalchemy.engine import URL

from clipsql import Searcher
from clipsql.cli import main
from clipsql.cli.output import show_table
from clipsql.db.engine import create_engine
from clipsql.errors import DownloadError, FailureClass, ImageError

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def web() -> Iterator[PictureServer]:
    with PictureServer() as web:
        yield web


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures 1 to 4, of which 3 is there twice, with metadata; a picture elsewhere is no. 9."""
    folder = tmp_path_factory.mktemp("pictures")
    lines = ["file,caption,brand,price"]
    for name, number in {"1": 1, "2": 2, "3": 3, "3 again": 3, "4": 4}.items():
        (folder / f"{name}.png").write_bytes(picture_bytes(number))
        lines.append(f"{name}.png,picture {number},{'Acme' if number == 4 else ''},{number}.5")
    (folder / "list.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def url(
    new_database: Callable[..., URL],
    template: str,
    folder: Path,
    web: PictureServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A database with the pictures, and with number 5 that lies on the web."""
    address = new_database(template=template).render_as_string(hide_password=False)
    model = make_clip(tmp_path_factory.mktemp("model"))
    (folder / "web.csv").write_text(f"url\n{web.url(5)}\n", encoding="utf-8")
    for source in ("list.csv", "web.csv"):
        command = ("ingest", folder / source, "--model", model, "--allow-private-hosts")
        done = CliRunner().invoke(main, [*map(str, command), "--database-url", address])
        assert done.exit_code == 0, done.output
    return address


@pytest.fixture(scope="module")
def searcher(url: str) -> Iterator[Searcher]:
    engine = create_engine(url)
    yield Searcher(engine)
    engine.dispose()


@pytest.fixture
def search(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", url)
    monkeypatch.setenv("CLIPSQL_HOME", str(tmp_path))

    def run(*arguments: str | Path, **options: object) -> Result:
        return CliRunner().invoke(main, ["search", *map(str, arguments)], **options)  # type: ignore[arg-type]

    return run


def names(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [json.loads(line)["url"].rpartition("/")[2] for line in result.stdout.splitlines()]


def test_a_stored_picture_of_the_same_content_is_left_out_wherever_the_query_comes_from(
    searcher: Searcher, folder: Path, web: PictureServer
) -> None:
    file = folder / "3.png"
    everything = {"1.png", "2.png", "3.png", "3%20again.png", "4.png", "5.png"}
    for picture in (file, str(file), file.as_uri(), file.read_bytes(), Image.open(file), web.url(3)):
        for include_self in (False, True):
            found = searcher.search_image(picture, include_self=include_self, allow_private_hosts=True)
            left_out = set() if include_self else {"3.png", "3%20again.png"}
            assert {match.url.rpartition("/")[2] for match in found} == everything - left_out
            assert (found[0].similarity > 0.999) is include_self
    # It joins what the caller leaves out.
    ids = [match.image_id for match in searcher.search_image(file)]
    assert [match.image_id for match in searcher.search_image(file, except_images=ids[:3])] == ids[3:]


def test_a_pillow_image_that_is_no_file_as_it_stands_is_asked_with_as_it_is(
    searcher: Searcher, folder: Path
) -> None:
    opened = Image.open(folder / "3.png")
    opened.paste("white", (0, 0, 2, 2))
    assert len(searcher.search_image(opened)) == 6
    from_bytes = Image.open(io.BytesIO(picture_bytes(3)))
    assert searcher.search_image(from_bytes)[0].similarity > 0.999


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "CMYK", "YCbCr", "F", "I;16", "1", "P"])
def test_a_pillow_image_of_any_mode_is_a_query(searcher: Searcher, mode: str) -> None:
    grey = Image.linear_gradient("L")
    picture = grey.convert("I").convert(mode) if mode == "I;16" else grey.convert(mode)
    assert searcher.search_image(picture)


def test_a_pillow_image_is_turned_upright_like_its_file(searcher: Searcher, tmp_path: Path) -> None:
    picture = Image.open(io.BytesIO(picture_bytes(7))).convert("RGB").resize((64, 48))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.png", exif=exif)
    held = io.BytesIO((tmp_path / "turned.png").read_bytes())
    from_file = searcher.embed_image(tmp_path / "turned.png")
    assert searcher.embed_image(Image.open(held)) @ from_file > 0.9999


def test_the_command_takes_a_file_an_address_and_standard_input(
    search: Run, folder: Path, web: PictureServer
) -> None:
    by_file = names(search("image", folder / "3.png", "--json"))
    assert len(by_file) == 4
    assert names(search("image", "-", "--json", input=picture_bytes(3))) == by_file
    assert names(search("image", web.url(3), "--allow-private-hosts", "--json")) == by_file
    with_self = names(search("image", "-", "--include-self", "--json", input=picture_bytes(3)))
    assert set(with_self[:2]) == {"3.png", "3%20again.png"}


def test_addresses_of_private_networks_are_refused_before_anything_is_asked(
    search: Run, searcher: Searcher, web: PictureServer
) -> None:
    before = web.asked.total()
    with pytest.raises(DownloadError) as refused:
        searcher.search_image(web.url(3))
    assert refused.value.failure is FailureClass.PRIVATE_ADDRESS
    told = search("image", web.url(3))
    assert told.exit_code == 1
    assert told.stderr == f"Error: {refused.value}\n"
    assert web.url(3) in told.stderr
    assert web.asked.total() == before


@pytest.mark.parametrize(
    ("picture", "stdin", "said"),
    [
        pytest.param("no-such.png", None, "no-such.png cannot be read", id="no file"),
        pytest.param("-", b"", None, id="nothing on standard input"),
        pytest.param("-", b"<html>", None, id="no picture"),
        pytest.param("a\0b.png", None, "cannot be read", id="NUL in a name"),
        pytest.param("x" * 5000, None, "cannot be read", id="a long name"),
        pytest.param("http://[broken", None, "http://[broken", id="no address"),
        pytest.param("photo \udcff.png", None, "cannot be read", id="bytes that are not UTF-8"),
    ],
)
def test_what_is_no_picture_is_one_line(search: Run, picture: str, stdin: bytes | None, said: str) -> None:
    told = search("image", picture, input=stdin)
    assert told.exit_code == 1
    assert isinstance(told.exception, SystemExit)
    assert told.stderr.startswith("Error: ")
    assert told.stderr.count("\n") == 1
    assert (said or "") in told.stderr


def test_a_name_that_is_not_utf_8_is_a_file_and_a_title(search: Run, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "photo \udcff.png"
    try:
        file.write_bytes((folder / "3.png").read_bytes())
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    assert len(names(search("image", file, "--html", tmp_path / "page.html", "--json"))) == 4
    assert "photo ?.png" in (tmp_path / "page.html").read_text("utf-8")


def test_matches_tell_their_files_and_the_metadata_that_is_asked_for(
    search: Run, folder: Path, tmp_path: Path, web: PictureServer
) -> None:
    page = tmp_path / "page.html"
    found = search("text", "picture", "--columns", "price, brand", "--html", page)
    assert found.exit_code == 0, found.output
    header, *rows = [
        re.split(" {2,}", line.strip()) for line in found.stdout.splitlines() if line.strip(" ─")
    ]
    assert header == ["rank", "image", "similarity", "percentile", "caption", "price", "brand", "url", "file"]
    assert str(folder / "3 again.png") in found.stdout
    assert any({"4.5", "Acme"} <= set(row) for row in rows)
    shown = page.read_text("utf-8")
    assert "price: 4.5 · brand: Acme" in shown
    assert str(folder / "3 again.png") in shown
    assert web.url(5) in shown
    plain = search("text", "picture", "--json")
    files = {json.loads(line)["url"]: json.loads(line)["file"] for line in plain.stdout.splitlines()}
    assert files.pop(web.url(5)) is None
    assert set(files.values()) == {str(folder / f"{name}.png") for name in ("1", "2", "3", "3 again", "4")}
    without = search("text", "picture")
    assert "brand" not in without.stdout


def test_metadata_that_no_match_has_is_shown_empty_and_a_name_that_nobody_has_lists_those_there_are(
    search: Run,
) -> None:
    one = search("text", "picture", "--only-images", "1", "--columns", "brand")
    assert one.exit_code == 0, one.output
    assert "brand" in one.stdout
    unknown = search("text", "picture", "--columns", "brand,colour,size")
    assert unknown.exit_code == 1
    assert unknown.stdout == ""
    assert unknown.stderr == (
        "Error: No picture has metadata of the name colour, size; there is: brand, price.\n"
    )
    nothing = search("text", "picture", "--columns", " , ")
    assert nothing.exit_code == 2
    assert "names nothing" in nothing.stderr


def test_attention_is_on_the_page_when_it_is_asked_for(search: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for kind in ("text", "hybrid"):
        assert search(kind, "a red truck", "--html", page).exit_code == 0
        assert 'aria-label="attention to each word"' not in page.read_text("utf-8")
        assert search(kind, "a red truck", "--html", page, "--attention").exit_code == 0
        assert 'aria-label="attention to each word"' in page.read_text("utf-8")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines of a match on a terminal of that width."""
    terminal = _Terminal()
    for name, value in {"COLUMNS": str(width), "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", terminal)
    show_table(
        ("rank", "similarity", "taken at", "caption", "url"),
        [(1, "0.433", "2026-03-16 04:11:03Z", "a picture of " * 9, "https://pictures.example/" + "x" * 90)],
    )
    return re.sub("\x1b\\[[0-9;]*m", "", terminal.getvalue()).splitlines()


@pytest.mark.parametrize("width", [49, 60, 80, 120, 300])
def test_a_table_fits_the_terminal_breaks_no_short_word_and_loses_nothing(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(width, monkeypatch)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    assert {"rank", "similarity", "caption", "1", "0.433", "2026-03-16", "04:11:03Z"} <= set(words)
    assert words.count("picture") == 9
    assert "".join(words).count("x") == 91


def test_a_terminal_too_narrow_for_a_table_gets_lines_that_can_be_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = shown(48, monkeypatch)
    assert "url: https://pictures.example/" + "x" * 90 in lines
    assert "similarity: 0.433" in lines
    assert lines[0] == "─" * 48


def test_an_image_error_names_its_file(searcher: Searcher, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(picture_bytes(1)[:60])
    with pytest.raises(ImageError, match=r"broken\.png: "):
        searcher.search_image(tmp_path / "broken.png")
