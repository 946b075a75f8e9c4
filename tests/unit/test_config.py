"""Settings come from arguments, then the environment, then sensible places; URLs are read without leaking."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipsql.config import Settings
from clipsql.db.engine import create_engine, shown_url
from clipsql.db.schema import migrating
from clipsql.errors import ConfigurationError, DatabaseError, DatabaseUnreachable


def test_arguments_win_over_the_environment() -> None:
    environment = {"CLIPSQL_DATABASE_URL": "postgresql://environment/db", "CLIPSQL_HOME": "~/clips"}
    settings = Settings.from_environment(environment=environment)
    assert settings.database_url == "postgresql://environment/db"
    assert settings.home == Path("~/clips").expanduser()
    argued = Settings.from_environment(database_url="postgresql://argument/db", environment=environment)
    assert argued.database_url == "postgresql://argument/db"


@pytest.mark.parametrize("environment", [{}, {"CLIPSQL_DATABASE_URL": "", "CLIPSQL_HOME": ""}])
def test_nothing_given_means_the_embedded_server_in_an_absolute_folder(environment: dict[str, str]) -> None:
    settings = Settings.from_environment(environment=environment)
    assert settings.database_url is None
    assert settings.home.is_absolute()


def test_the_url_with_its_password_is_not_shown_with_the_settings() -> None:
    assert "secret" not in repr(Settings(database_url="postgresql://u:secret@h/db", home=Path("/x")))


@pytest.mark.parametrize(
    "scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2", "postgresql+asyncpg"]
)
def test_every_spelling_of_a_postgresql_url_is_taken(scheme: str) -> None:
    engine = create_engine(f"{scheme}://u:secret@h:5433/db?sslmode=require")
    assert engine.url.drivername == "postgresql+psycopg"
    assert shown_url(engine) == "postgresql://u:***@h:5433/db"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:secret@h/db",
        "sqlite:///secret",
        "host=h password=secret",
        "",
        "postgresql://u:secret@h:x/db",
    ],
)
def test_what_is_no_postgresql_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="postgresql://user:password@host:port/database") as caught:
        create_engine(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql://u:secret@127.0.0.1:1/db", DatabaseUnreachable),
        ("postgres://u@127.0.0.1:1/db?password=secret", DatabaseUnreachable),
        ("postgresql://u:secret@/db?host=/nowhere", DatabaseUnreachable),
        ("postgresql://u:secret@127.0.0.1:1/db?nonsense=1", DatabaseError),
    ],
)
def test_an_unreachable_database_is_one_line_without_its_password(url: str, error: type[Exception]) -> None:
    engine = create_engine(url)
    with pytest.raises(error) as caught:
        migrating.revisions(engine)
    message = str(caught.value)
    assert "\n" not in message
    assert "secret" not in message
    assert "db" in message
    engine.dispose()
