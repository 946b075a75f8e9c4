"""Fixtures: a real PostgreSQL with pgvector, a fresh database for each test, test data and models."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import leftovers
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from hypothesis import settings
from local_models import make_clip
from sqlalchemy.engine import URL, Engine, make_url

from clipsql.cli import main
from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.server import EmbeddedServer

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = itertools.count()

# The same examples in every run; `--hypothesis-profile=search` looks for new ones, and for longer.
settings.register_profile("same", derandomize=True, database=None, deadline=None, max_examples=200)
settings.register_profile("search", deadline=None, database=None, max_examples=5_000)
settings.load_profile("same")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real pictures, vectors and models; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("CLIPSQL_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the test data are not here ({folder}); set CLIPSQL_SHARED_DATA to their folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def run_folder() -> Iterator[Path]:
    """A folder that a server's own user can enter; whatever still runs in it when the run ends is ended."""
    # Not pytest's own, which is closed to others; in memory where there is room, because hundreds of
    # databases are made, one after the other.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 2**30
    folder = Path(tempfile.mkdtemp(prefix="clipsql-test-", dir=memory if roomy else None))
    folder.chmod(0o711)
    with leftovers.watch(folder):
        yield folder


@pytest.fixture(scope="session")
def make_server(run_folder: Path) -> Iterator[Callable[..., EmbeddedServer]]:
    """An embedded PostgreSQL not made yet, of the major version CLIPSQL_TEST_SERVER, default 18; removed at the end."""
    version = int(os.environ.get("CLIPSQL_TEST_SERVER", "18"))
    made: list[EmbeddedServer] = []

    def make(home: Path | None = None) -> EmbeddedServer:
        made.append(EmbeddedServer(home or Path(tempfile.mkdtemp(dir=run_folder)), version=version))
        return made[-1]

    yield make
    for server in made:
        server.remove()


@pytest.fixture(scope="session")
def server_url(make_server: Callable[..., EmbeddedServer]) -> str:
    """URL of a server where tests may create databases: CLIPSQL_DATABASE_URL, else an embedded one."""
    return os.environ.get("CLIPSQL_DATABASE_URL") or make_server().start()


@contextmanager
def databases(server_url: str) -> Iterator[Callable[..., URL]]:
    """Make empty databases, or copies of a template; all are dropped with the block, for they lie in memory."""
    made: list[str] = []
    engine = sa.create_engine(
        make_url(server_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )

    def make(*, template: str = "template0", options: str = "") -> URL:
        name = f"clipsql_test_{os.getpid()}_{next(NUMBERS)}"
        with engine.connect() as connection:
            connection.exec_driver_sql(f'create database "{name}" template "{template}" {options}')
        made.append(name)
        return make_url(server_url).set(database=name)

    yield make
    with engine.connect() as connection:
        for name in made:
            connection.exec_driver_sql(f'drop database "{name}" with (force)')
    engine.dispose()


@pytest.fixture(scope="module")
def new_database(server_url: str) -> Iterator[Callable[..., URL]]:
    """Make a database for the tests of a module, empty or a copy of a template."""
    with databases(server_url) as make:
        yield make


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """Name of a database at the newest revision, to be copied."""
    with databases(server_url) as make:
        url = make()
        engine = create_engine(url.render_as_string(hide_password=False))
        migrating.upgrade(engine)
        engine.dispose()
        assert url.database is not None
        yield url.database


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """URL of a fresh database at the newest revision."""
    with databases(server_url) as make:
        yield make(template=template).render_as_string(hide_password=False)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Engine on a fresh database at the newest revision."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny CLIP with random weights, complete as transformers saves it."""
    return make_clip(tmp_path_factory.mktemp("model"))


@pytest.fixture
def clipsql(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command `clipsql` on a fresh database: `clipsql("search", "text", "a dog")`."""
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", database_url)

    def run(*arguments: str | Path, **options: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], **options)  # type: ignore[arg-type]

    return run
