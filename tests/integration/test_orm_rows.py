"""The rows of an attached table are found in the ordinary words of SQLAlchemy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from integration.filling import keep_up
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column, relationship

from clipsql import errors, orm
from clipsql.search.searcher import Searcher

PHOTOS: dict[str, list[float]] = {
    "red": [1.0, 0, 0],
    "orange": [0.9, 0.4, 0],
    "yellow": [0.7, 0.7, 0],
    "green": [0, 1.0, 0],
}


class Base(DeclarativeBase):
    """The application's own."""


class Product(Base):
    __tablename__ = "Product"
    __table_args__ = {"schema": "shop"}  # noqa: RUF012  SQLAlchemy declares it so

    number: Mapped[int] = mapped_column("Number of it", primary_key=True)
    photo_url: Mapped[str | None]
    price: Mapped[int]
    reviews: Mapped[list[Review]] = relationship(back_populates="product", order_by="Review.review_id")


class Review(Base):
    __tablename__ = "review"

    review_id: Mapped[int] = mapped_column(primary_key=True)
    product_number: Mapped[int] = mapped_column(sa.ForeignKey(Product.number))
    product: Mapped[Product] = relationship(back_populates="reviews")


class Frame(Base):
    """Of a key of several columns, one of which has a name that a match has."""

    __tablename__ = "frame"

    similarity: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    url: Mapped[str]


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    pictures = Searcher(engine)
    pictures.add_model("space", dimensions=3)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema("shop"))
        Base.metadata.create_all(connection)
    with Session(engine) as session:
        for number, (url, vector) in enumerate(PHOTOS.items(), 1):
            pictures.put("photos", url, embedding=vector, captions=[url])
            session.add(
                Product(number=number, photo_url=url, price=10 * number, reviews=[Review(), Review()])
            )
            session.add(Frame(similarity=f"K{number % 2}", day=dt.date(2025, 1, number), url=url))
        session.add(Product(number=9, photo_url=None, price=0))
        session.commit()
        pictures.attach('shop."Product"', "photo_url", metadata_columns=["price"], collection="photos")
        pictures.attach("frame", "url", collection="photos")
        keep_up(engine)
        yield session


def found(of_table: Any = Product, **options: Any) -> sa.Subquery:
    return orm.search_rows(of_table, None, query_vector=PHOTOS["red"], **options)


def test_a_match_joins_with_the_mapped_class_by_its_key(session: Session) -> None:
    matches = found(max_results=2)
    rows = session.execute(
        sa.select(Product, matches.c.similarity, orm.Image.url)
        .join(matches, matches.c["Number of it"] == Product.number)
        .join(orm.Image, orm.Image.image_id == matches.c.image_id)
        .order_by(matches.c.similarity.desc())
    ).all()
    assert [(row.Product.number, row.url) for row in rows] == [(1, "red"), (2, "orange")]
    assert rows[0].similarity == pytest.approx(1)
    rows[1].Product.price = 7
    session.commit()
    assert session.get_one(Product, 2).price == 7


def test_it_is_a_table_like_any_other_aliased_counted_and_reached_by_relationships(session: Session) -> None:
    matches = found(max_results=3)
    other = aliased(Product)
    by_reviews = (
        sa.select(other.number, sa.func.count(Review.review_id))
        .join(matches, matches.c["Number of it"] == other.number)
        .join(other.reviews)
        .where(other.price > 10)
        .group_by(other.number, matches.c.similarity)
        .order_by(matches.c.similarity.desc())
    )
    assert session.execute(by_reviews).all() == [(2, 2), (3, 2)]


def test_rows_are_narrowed_within_the_search_by_keys_or_by_a_select_of_them(session: Session) -> None:
    def numbers(**options: Any) -> list[int]:
        matches = found(**options)
        query = sa.select(matches.c["Number of it"]).order_by(matches.c.similarity.desc())
        return list(session.scalars(query))

    assert numbers(max_results=1, only_rows=sa.select(Product.number).where(Product.price > 20)) == [3]
    assert numbers(max_results=2, only_rows=[4, 2, 9]) == [2, 4]
    assert numbers(only_rows=[]) == []
    assert numbers(only_rows=None) == [1, 2, 3, 4]
    assert numbers(max_results=1, metadata_matches="$.price > 20") == [3]
    assert numbers(min_similarity=0.9, url_column="photo_url") == [1, 2]
    with pytest.raises(sa.exc.DBAPIError, match="No pictures are attached"):
        numbers(url_column="other")


def test_a_key_of_several_columns_is_a_tuple(session: Session) -> None:
    matches = found(
        Frame, max_results=1, only_rows=[("K1", dt.date(2025, 1, 3)), ("K0", dt.date(2025, 1, 4))]
    )
    query = sa.select(Frame.url).join(
        matches, sa.and_(matches.c.row_similarity == Frame.similarity, matches.c.day == Frame.day)
    )
    assert session.scalars(query).all() == ["yellow"]
    matches = found(
        Frame.__table__,
        only_rows=sa.select(Frame.similarity, Frame.day).where(Frame.similarity == "K0"),
    )
    query = sa.select(matches.c.day, matches.c.similarity > 0.5).order_by(matches.c.similarity.desc())
    assert session.execute(query).all() == [(dt.date(2025, 1, 2), True), (dt.date(2025, 1, 4), False)]


def test_statements_of_two_tables_are_cached_apart(session: Session) -> None:
    assert session.scalar(sa.select(sa.func.count()).select_from(found(Product))) == 4
    with pytest.raises(sa.exc.DBAPIError, match="No pictures are attached to review"):
        session.scalar(sa.select(sa.func.count()).select_from(found(Review)))


def test_what_cannot_be_asked_is_told_before_the_database_is() -> None:
    with pytest.raises(TypeError, match="there is no option collection; there are: caption_query"):
        orm.search_rows(Product, "red", collection="photos")  # type: ignore[call-arg]
    keyless = sa.Table("keyless", sa.MetaData(), sa.Column("id", sa.Integer))
    with pytest.raises(errors.InvalidArgument, match="keyless has no primary key in SQLAlchemy"):
        orm.search_rows(keyless, "red")
    with pytest.raises(errors.InvalidVector):
        orm.search_rows(Product, None, query_vector=[])
