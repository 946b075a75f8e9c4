"""An application with its own classes, session and migrations works beside clipsql's tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from integration.filling import new_model, picture, write
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from clipsql import orm


class Base(DeclarativeBase):
    """The application's own."""


class Vehicle(Base):
    __tablename__ = "vehicle"

    vehicle_id: Mapped[int] = mapped_column(primary_key=True)
    plate: Mapped[str]
    image_id: Mapped[int] = mapped_column(sa.ForeignKey(orm.Image.image_id))

    image: Mapped[orm.Image] = relationship(orm.Image)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    model = new_model(engine, dimensions=3)
    ids = write(
        engine,
        model,
        [
            picture("red", [1, 0, 0], captions=[("A red truck.", "en")], metadata={"camera": "K1"}),
            picture("orange", [0.8, 0.6, 0], metadata={"camera": "K2"}),
            picture("green", [0, 1, 0]),
            picture("blue", [0, 0, 1]),
        ],
    )
    application = sa.create_engine(engine.url, connect_args={"options": "-c search_path=public"})
    before = set(sa.inspect(application).get_table_names(schema="clipsql"))
    Base.metadata.create_all(application)
    assert set(sa.inspect(application).get_table_names(schema="clipsql")) == before
    assert sa.inspect(application).get_table_names(schema="public") == ["vehicle"]
    with Session(application) as session:
        session.add_all(
            Vehicle(plate=f"{name.upper()} 1", image_id=ids[name]) for name in ("red", "orange", "blue")
        )
        session.commit()
        yield session
    application.dispose()


def test_matches_join_with_the_applications_own_rows(session: Session) -> None:
    matches = orm.search([1, 0.2, 0], max_results=3, model="tests/random")
    rows = session.execute(
        sa.select(Vehicle, matches.c.similarity, matches.c.caption)
        .join(matches, matches.c.image_id == Vehicle.image_id)
        .order_by(matches.c.rank)
    ).all()
    assert [row.Vehicle.plate for row in rows] == ["RED 1", "ORANGE 1"]  # green is nobody's vehicle
    assert [row.caption for row in rows] == ["A red truck.", None]
    assert rows[0].similarity > rows[1].similarity > 0.8
    assert rows[0].Vehicle.image.metadata_ == {"camera": "K1"}
    assert [caption.body for caption in rows[0].Vehicle.image.captions] == ["A red truck."]


def test_a_select_of_ids_feeds_a_search(session: Session) -> None:
    mine = sa.select(Vehicle.image_id).where(Vehicle.plate != "RED 1")
    matches = orm.search([1, 1, 0], only_images=mine)
    assert set(session.scalars(sa.select(matches.c.url))) == {"orange", "blue"}
    matches = orm.search([1, 1, 0], except_images=mine)
    assert set(session.scalars(sa.select(matches.c.url))) == {"red", "green"}
    matches = orm.search([1, 1, 0], only_images=sa.select(Vehicle.image_id).where(sa.false()))
    assert session.scalars(sa.select(matches.c.url)).all() == []


def test_a_search_runs_for_each_row_of_the_application(session: Session) -> None:
    like = orm.search_similar(Vehicle.image_id, max_results=1).lateral("like_it")
    rows = session.execute(
        sa.select(Vehicle.plate, like.c.url).join(like, sa.true()).order_by(Vehicle.vehicle_id)
    ).all()
    assert [tuple(row) for row in rows][:2] == [("RED 1", "orange"), ("ORANGE 1", "red")]


def test_one_statement_may_hold_two_searches(session: Session) -> None:
    first = orm.search([1, 0, 0], max_results=1)
    second = orm.search([0, 1, 0], max_results=1, having_metadata={}).alias("second")
    assert session.execute(sa.select(first.c.url, second.c.url).join(second, sa.true())).one() == (
        "red",
        "green",
    )


def test_arguments_are_not_baked_into_the_cached_statement(session: Session) -> None:
    for vector, camera, url in (
        ([1, 0, 0], "K2", "orange"),
        ([0, 0, 1], "K1", "red"),
        ([0, 1, 0], "K1", "red"),
    ):
        matches = orm.search(vector, having_metadata={"camera": camera})
        assert session.scalars(sa.select(matches.c.url)).all() == [url]


def test_deleting_a_picture_in_a_session_deletes_what_hangs_on_it(session: Session) -> None:
    session.execute(sa.delete(Vehicle))
    image = session.scalars(sa.select(orm.Image).where(orm.Image.url == "red")).one()
    assert len(image.embeddings) == len(image.captions) == 1
    session.delete(image)
    session.commit()
    for table in (orm.Caption, orm.ImageEmbedding):
        rows = session.scalar(
            sa.select(sa.func.count()).select_from(table).where(table.image_id == image.image_id)
        )
        assert rows == 0


def test_autogenerate_of_the_application_does_not_see_clipsql(session: Session) -> None:
    context = MigrationContext.configure(session.connection())
    assert compare_metadata(context, Base.metadata) == []
