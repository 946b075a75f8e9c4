"""SQLAlchemy and the command `alembic` of an application: its own metadata, a foreign key to clipsql's pictures."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating

UPGRADES = Path(__file__).resolve().parents[2] / "docs" / "upgrades.md"
APPLICATION = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from clipsql import orm


class Base(DeclarativeBase):
    pass


class Vehicle(Base):
    __tablename__ = "vehicle"

    plate: Mapped[str] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(sa.ForeignKey(orm.Image.image_id, ondelete="cascade"))
"""
ENVIRONMENT = """
import os

import sqlalchemy as sa
from alembic import context

from application import Base

target_metadata = Base.metadata
with sa.create_engine(os.environ["APPLICATION_URL"]).connect() as connection:
{configure}
    with context.begin_transaction():
        context.run_migrations()
"""

Alembic = Callable[..., str]


@pytest.fixture
def alembic(owner_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Alembic:
    """Type `alembic ...` in the folder of an application whose env.py has the lines of docs/upgrades.md."""
    url = owner_url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    monkeypatch.setenv("APPLICATION_URL", url)

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "alembic", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("init", "steps")
    configure = re.search(
        r"^context\.configure\($.*?^\)$", UPGRADES.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert configure is not None
    indented = "".join(f"    {line}\n" for line in configure[0].splitlines())
    (tmp_path / "steps" / "env.py").write_text(ENVIRONMENT.format(configure=indented))
    (tmp_path / "application.py").write_text(APPLICATION)
    return run


def test_autogenerate_proposes_the_applications_tables_alone_and_then_nothing(
    alembic: Alembic, owner_url: URL, tmp_path: Path
) -> None:
    alembic("revision", "--autogenerate", "-m", "vehicles")
    (step,) = (tmp_path / "steps" / "versions").glob("*.py")
    assert re.findall(r"op\.\w+\('\w+'", step.read_text()) == [
        "op.create_table('vehicle'",
        "op.drop_table('vehicle'",
    ]
    alembic("upgrade", "head")
    assert "No new upgrade operations detected." in alembic("check")
    engine = create_engine(owner_url.render_as_string(hide_password=False))
    assert migrating.upgrade(engine) == []  # nor does clipsql mind the application's
    assert migrating.differences(engine) == []
    _a_foreign_key_holds(engine)
    engine.dispose()
    alembic("downgrade", "base")


def _a_foreign_key_holds(engine: Engine) -> None:
    with engine.begin() as connection:
        nearest = "select image_id from clipsql.search_text('a red truck', 1)"
        connection.exec_driver_sql(f"insert into public.vehicle values ('B 1', ({nearest}))")
        with pytest.raises(sa.exc.IntegrityError) as caught, connection.begin_nested():
            connection.exec_driver_sql("insert into public.vehicle values ('B 2', -1)")
        assert isinstance(caught.value.orig, psycopg.errors.ForeignKeyViolation)
        connection.exec_driver_sql("select clipsql.remove_images(array(select image_id from public.vehicle))")
        assert connection.exec_driver_sql("select count(*) from public.vehicle").scalar_one() == 0
