"""Who owns the red trucks that the cameras saw: hits joined with a business table through SQLAlchemy."""

from __future__ import annotations

import os

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from clipsql import orm


class Base(DeclarativeBase):
    """The application's own classes."""


class Vehicle(Base):
    """A row of the demo's vehicle registry."""

    __tablename__ = "vehicle_registry"
    __table_args__ = ({"schema": "clipsql_demo"},)

    plate: Mapped[str] = mapped_column(primary_key=True)
    owner_type: Mapped[str]


def main() -> None:
    """Print every sighting with its owner, most similar first."""
    url = sa.make_url(os.environ["CLIPSQL_DATABASE_URL"]).set(drivername="postgresql+psycopg")
    hits = orm.search_text("a red truck", max_results=20, in_collection="demo", model="clipsql-demo")
    sightings = (
        sa.select(Vehicle, hits.c.similarity, hits.c.taken_at)
        .join(hits, hits.c.metadata["plate"].astext == Vehicle.plate)
        .order_by(hits.c.rank)
    )
    engine = sa.create_engine(url)
    with Session(engine) as session:
        for vehicle, similarity, taken_at in session.execute(sightings):
            print(f"{similarity:.3f}  {taken_at:%d %B %H:%M}  {vehicle.plate}  {vehicle.owner_type}")
    engine.dispose()


if __name__ == "__main__":
    main()
