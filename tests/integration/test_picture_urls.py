"""Where a browser finds a picture: by its own address, or by the URL prefix of the folder that it lies in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import psycopg
import pytest
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st
from integration.filling import new_model, picture, write
from PIL import Image
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import IntegrityError

from clipsql.db.engine import create_engine

Clipsql = Callable[..., Result]
PHOTOS = "https://photos.example/all"


def shown(connection: Connection, url: str, file: str | None = None) -> str | None:
    """What the public function says of a picture stored so; the view says the same."""
    image = connection.exec_driver_sql(
        "insert into clipsql.image (collection, url, file) values ('c', %s, %s) returning image_id",
        (url, file),
    ).scalar_one()
    found, same = connection.exec_driver_sql(
        "select clipsql.picture_url(image_id), picture_url from clipsql.picture where image_id = %s", (image,)
    ).one()
    assert found == same
    connection.exec_driver_sql("delete from clipsql.image where image_id = %s", (image,))
    assert found is None or isinstance(found, str)
    return found


def serve(connection: Connection, folder: str, prefix: str) -> None:
    connection.exec_driver_sql("insert into clipsql.settings values (%s, %s)", (folder, prefix))


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        serve(connection, "/srv/photos", PHOTOS)
        yield connection


@pytest.mark.parametrize("url", ["https://a.example/x y.jpg?a=1#b", "HTTP://a.example/ä.jpg"])
def test_a_picture_on_the_web_is_shown_by_its_own_address(connection: Connection, url: str) -> None:
    assert shown(connection, url) == url
    assert shown(connection, url, "/srv/photos/copy.jpg") == url


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("a.jpg", "a.jpg"),
        ("12:30.jpg", "12%3A30.jpg"),
        ("b c/d.jpg", "b%20c/d.jpg"),
        ("100%25.jpg", "100%2525.jpg"),
        ("who?#1.jpg", "who%3F%231.jpg"),
        ("\"><script>'.jpg", "%22%3E%3Cscript%3E%27.jpg"),
        ("照片-é.jpg", "%E7%85%A7%E7%89%87-%C3%A9.jpg"),
        ("back\\slash&amp;.jpg", "back%5Cslash%26amp%3B.jpg"),
        ("a.tar", "a.tar"),
        ("notatar/b.jpg", "notatar/b.jpg"),
        ("..hidden/...jpg", "..hidden/...jpg"),
    ],
)
def test_a_local_picture_is_shown_below_the_prefix_of_its_folder(
    connection: Connection, name: str, encoded: str
) -> None:
    file = f"/srv/photos/{name}"
    assert shown(connection, Path(file).as_uri(), file) == f"{PHOTOS}/{encoded}"
    assert shown(connection, Path(file).as_uri()) == f"{PHOTOS}/{encoded}"
    assert shown(connection, "vehicle:1", file) == f"{PHOTOS}/{encoded}"


@settings(max_examples=60)
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1))
def test_whatever_its_name_the_url_leads_back_to_the_file(template_engine: Engine, name: str) -> None:
    file = f"/srv/photos/x{name}"
    with template_engine.connect() as connection:
        serve(connection, "/srv/photos", PHOTOS)
        found = shown(connection, Path(file).as_uri(), file)
        connection.rollback()
    assert found is not None
    parts = urlsplit(found)
    assert (parts.query, parts.fragment, found.isascii()) == ("", "", True)
    assert unquote_to_bytes(parts.path) == f"/all/x{name}".encode()


@pytest.fixture(scope="module")
def template_engine(new_database: Callable[..., URL], template: str) -> Iterator[Engine]:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("file:///srv/photos/%ff%20.jpg", f"{PHOTOS}/%FF%20.jpg"),
        ("FILE://localhost/srv/photos/a%c3%a9.jpg?x#y", f"{PHOTOS}/a%C3%A9.jpg"),
        ("file:/srv/%70hotos/100%.jpg", f"{PHOTOS}/100%25.jpg"),
        ("file://srv/photos/a.jpg", None),
        ("file:///srv/photos", None),
        ("file:///srv/photos/", None),
        ("file:///srv/photos/../a.jpg", None),
        ("file:///srv/photos/%2e%2e/a.jpg", None),
        ("file:///srv/photos/./a.jpg", None),
        ("file:///srv/photos//a.jpg", None),
        ("file:///srv/photos2/a.jpg", None),
        ("file:///srv/photo", None),
        ("javascript:alert(1)", None),
        ("vehicle:1", None),
        ("/srv/photos/a.jpg", None),
    ],
)
def test_an_address_is_understood_as_a_file_or_not_at_all(
    connection: Connection, url: str, found: str | None
) -> None:
    assert shown(connection, url) == found


@pytest.mark.parametrize("name", ["a.tar/0001.jpg", "b/shard.TAR/x/y.png", "c.parquet/image/7"])
def test_a_picture_inside_a_file_is_not_shown(connection: Connection, name: str) -> None:
    file = f"/srv/photos/{name}"
    assert shown(connection, Path(file).as_uri(), file) is None


def test_the_longest_folder_that_holds_a_picture_counts(connection: Connection) -> None:
    serve(connection, "/srv/photos/new ones", "/new/")
    serve(connection, "/", "https://all.example")
    assert shown(connection, "x", "/srv/photos/new ones/a.jpg") == "/new/a.jpg"
    assert shown(connection, "x", "/srv/photos/new/a.jpg") == f"{PHOTOS}/new/a.jpg"
    assert shown(connection, "x", "/srv/photos2/a.jpg") == "https://all.example/srv/photos2/a.jpg"


@pytest.mark.parametrize("prefix", ["https://h.example", "https://h.example/", "/", "/a/", "/a%20b", "/a"])
def test_a_slash_at_the_end_of_a_prefix_changes_nothing(engine: Engine, prefix: str) -> None:
    with engine.begin() as connection:
        serve(connection, "/srv", prefix)
        assert shown(connection, "x", "/srv/a.jpg") == prefix.rstrip("/") + "/a.jpg"


@pytest.mark.parametrize(
    "prefix",
    ["javascript:alert(1)//", " javascript:1", "data:text/html,", "//evil.example", "ftp://a", "https:", "https://",
     "a/b", "", "/a?b=", "/a#", "https://u:p@h/", "https://h/\n", "/\\evil", "/a\"b", "/a'b", "/é", "https://h/ b"],
)  # fmt: skip
def test_a_prefix_that_is_neither_http_nor_a_path_is_refused(
    engine: Engine, clipsql: Clipsql, prefix: str
) -> None:
    with engine.begin() as connection, pytest.raises(IntegrityError, match="settings_url_prefix_check"):
        serve(connection, "/srv", prefix)
    refused = clipsql("db", "settings", "add", "--", "/srv", prefix)
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"Error: {prefix!r} is no URL prefix; write it as https://")


@pytest.mark.parametrize("folder", ["srv", "", "/srv/", "//srv", "/srv/../a", "/srv/.", "file:///srv"])
def test_a_folder_stands_in_one_way_only(engine: Engine, folder: str) -> None:
    with engine.begin() as connection, pytest.raises(IntegrityError, match="settings_picture_folder_check"):
        serve(connection, folder, "/a")


def test_a_hidden_picture_has_no_url_for_a_reader_who_may_change_nothing(
    engine: Engine, connection: Connection
) -> None:
    model = new_model(engine, dimensions=2)
    write(engine, model, [picture("https://a.example/1", [1, 0]), picture("https://a.example/2", [0, 1])])
    role = f"clipsql_test_browser_{os.getpid()}"
    for statement in (
        f"create role {role} in role clipsql_reader",
        "alter table clipsql.image enable row level security",
        f"create policy others on clipsql.image for select to {role} using (url like '%%2')",
        f"set local role {role}",
    ):
        connection.exec_driver_sql(statement)
    urls = (
        connection.exec_driver_sql("select clipsql.picture_url(i) from generate_series(1, 2) as i")
        .scalars()
        .all()
    )
    assert urls == [None, "https://a.example/2"]
    assert connection.exec_driver_sql("select url_prefix from clipsql.settings").scalars().all() == [PHOTOS]
    with pytest.raises(Exception, match="permission denied") as denied, connection.begin_nested():
        serve(connection, "/tmp", "/t")
    assert isinstance(denied.value.__cause__, psycopg.errors.InsufficientPrivilege)
    connection.exec_driver_sql("reset role")
    connection.exec_driver_sql(f"drop owned by {role}; drop role {role}")


def test_who_does_not_ask_for_the_url_does_not_pay_for_it(connection: Connection) -> None:
    plan = (
        connection.exec_driver_sql("explain (verbose) select image_id, url from clipsql.picture")
        .scalars()
        .all()
    )
    assert "browser_url" not in "\n".join(plan)


def test_folders_are_added_listed_changed_and_removed(clipsql: Clipsql, tmp_path: Path) -> None:
    assert "No folder has a URL prefix yet" in clipsql("db", "settings", "list").stderr
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    real = (tmp_path / "real").resolve()
    added = clipsql("db", "settings", "add", tmp_path / "link", PHOTOS)
    assert added.stdout == f"Pictures below {real} are shown under {PHOTOS}.\n"
    assert clipsql("db", "settings", "add", f"{real}/", "/local").exit_code == 0
    listed = clipsql("db", "settings", "list", "--json").stdout
    assert listed == f'{{"picture_folder": "{real}", "url_prefix": "/local"}}\n'
    assert "/local" in clipsql("db", "settings", "list").stdout
    gone = clipsql("db", "settings", "remove", "/nowhere")
    assert gone.stderr == f"Error: Folder /nowhere has no URL prefix; those that have one: {real}.\n"
    assert clipsql("db", "settings", "remove", real).stdout == f"Folder {real} has no URL prefix any more.\n"
    assert "those that have one: none." in clipsql("db", "settings", "remove", real).stderr


def test_a_picture_that_was_ingested_through_a_link_is_shown(
    clipsql: Clipsql, engine: Engine, model_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "a b").mkdir()
    Image.new("RGB", (32, 32), (200, 3, 4)).save(tmp_path / "a b" / "é.png")
    (tmp_path / "link").symlink_to(tmp_path / "a b")
    done = clipsql("ingest", tmp_path / "link", "--collection", "c", "--model", model_folder)
    assert done.exit_code == 0, done.output
    assert clipsql("db", "settings", "add", tmp_path / "link", PHOTOS).exit_code == 0
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "select clipsql.picture_url(image_id) from clipsql.image"
        ).scalar_one()
    assert found == f"{PHOTOS}/%C3%A9.png"
