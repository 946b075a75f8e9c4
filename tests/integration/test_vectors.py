"""Vectors in SQL: `mix` sums them, `image_vector` gives what is stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from integration.filling import new_model, picture, write
from sqlalchemy.engine import Engine

from clipsql import errors, orm
from clipsql.db.calls.searches import image_vector, mix
from clipsql.db.engine import create_engine, database_errors
from clipsql.search.searcher import Searcher


@pytest.fixture(scope="module")
def engine(new_database: Any, template: str) -> Any:
    """One database for all: these tests only read."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def scalar(engine: Engine, expression: str | sa.ColumnElement[Any]) -> Any:
    with database_errors(engine), engine.connect() as connection:
        if isinstance(expression, str):
            return connection.exec_driver_sql(f"select {expression}").scalar_one()
        return connection.execute(sa.select(expression)).scalar_one()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param("array['[1,2]', '[3,-5]']::vector[]", [4, -3], id="weights default to one"),
        pytest.param("array['[1,2]', '[3,-5]']::vector[], null", [4, -3], id="null weights are one"),
        pytest.param("array['[1,2]', '[3,4]']::vector[], '{1, 2}'", [7, 10], id="weighted"),
        pytest.param("array['[1,2]', '[3,4]']::vector[], '{1, -0.5}'", [-0.5, 0], id="negative pushes away"),
        pytest.param("array['[1,2]', '[3,4]']::vector[], array[0, 1]", [3, 4], id="integers, zero drops one"),
        pytest.param("array['[1,2]', '[3,4]']::vector[], array[0.5, 1]::real[]", [3.5, 5], id="real"),
        pytest.param(
            "array['[1,2]', '[3,4]']::halfvec[]::vector[], array[0.5, 1]::numeric[]", [3.5, 5], id="halfvec"
        ),
        pytest.param("array['[1,2]']::vector[], '{3}'", [3, 6], id="one vector"),
        pytest.param(
            "'[5:6]={\"[1,2]\",\"[3,4]\"}'::vector[], '[0:1]={1,2}'", [7, 10], id="other lower bounds"
        ),
        pytest.param(
            "vectors => array['[1,2]']::vector[], weights => '{1e-20}'", [1e-20, 2e-20], id="tiny weight"
        ),
        pytest.param("array['[1,1e-44]']::vector[], '{1e-10}'", [1e-10, 0], id="too small a component"),
        pytest.param("array(select '[1,0]'::vector from generate_series(1, 1000))", [1000, 0], id="many"),
    ],
)
def test_mix_is_the_weighted_sum(engine: Engine, arguments: str, expected: list[float]) -> None:
    assert scalar(engine, f"clipsql.mix({arguments})").to_list() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        pytest.param("'{}'", errors.InvalidArgument, "at least one vector", id="none"),
        pytest.param("null", errors.InvalidArgument, "at least one vector", id="null"),
        pytest.param(
            "array['[1]']::vector[], '{}'", errors.InvalidArgument, "1 vectors but 0 weights", id="no weights"
        ),
        pytest.param(
            "array['[1]', '[2]']::vector[], '{1}'", errors.InvalidArgument, "2 vectors but 1 w", id="too few"
        ),
        pytest.param(
            "array['[1]']::vector[], '{1, 1}'", errors.InvalidArgument, "1 vectors but 2 w", id="too many"
        ),
        pytest.param("array['[1]', null]::vector[]", errors.InvalidArgument, "null", id="null vector"),
        pytest.param(
            "array['[1]', '[2]']::vector[], '{1, null}'", errors.InvalidArgument, "null", id="null weight"
        ),
        pytest.param("array['[1]']::vector[], '{NaN}'", errors.InvalidArgument, "NaN", id="NaN"),
        pytest.param(
            "array['[1]']::vector[], '{Infinity}'", errors.InvalidArgument, "Infinity", id="infinity"
        ),
        pytest.param(
            "array['[1]']::vector[], '{-Infinity}'", errors.InvalidArgument, "-Infinity", id="-infinity"
        ),
        pytest.param("array['[1]']::vector[], '{1e300}'", errors.InvalidArgument, r"1e\+300", id="overflow"),
        pytest.param("array['[1]']::vector[], '{1e-300}'", errors.InvalidArgument, "1e-300", id="underflow"),
        pytest.param(
            "array[['[1]'], ['[2]']]::vector[]", errors.InvalidArgument, "one-dimensional", id="matrix"
        ),
        pytest.param("array['[1,2]', '[1]']::vector[]", errors.InvalidVector, "2 and 1 dim", id="dimensions"),
        pytest.param(
            "array['[3e38]', '[3e38]']::vector[]", errors.InvalidVector, "too long", id="vectors too long"
        ),
        pytest.param(
            "array['[1e19]']::vector[], '{1e20}'", errors.InvalidVector, "too long", id="a product too large"
        ),
        pytest.param("array['[1,2]', '[-1,-2]']::vector[]", errors.InvalidVector, "zero", id="zero sum"),
        pytest.param("array['[1,2]']::vector[], '{0}'", errors.InvalidVector, "zero", id="zero weight"),
    ],
)
def test_mix_refuses_what_has_no_direction(
    engine: Engine, arguments: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        scalar(engine, f"clipsql.mix({arguments})")
    assert "\n" not in str(caught.value)


def test_python_and_sql_mix_alike(engine: Engine) -> None:
    first, second = np.random.default_rng(2).standard_normal((2, 7)).astype(np.float32)
    assert list(scalar(engine, mix([first.tolist(), second]))) == pytest.approx((first + second).tolist())
    weighted = scalar(engine, mix([first, second.tolist()], weights=[0.25, -3]))
    assert list(weighted) == pytest.approx((first / 4 - 3 * second).tolist(), rel=1e-5)
    nested = scalar(engine, mix([mix([first, second]), first], weights=[1, -1]))
    assert list(nested) == pytest.approx(second.tolist(), abs=1e-6)
    with pytest.raises(errors.InvalidVector, match="finite"):
        mix([[1, 2], [float("nan"), 1]])


def test_an_image_vector_is_what_was_stored_and_can_be_mixed_and_searched(
    new_database: Any, template: str
) -> None:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    model = new_model(engine, dimensions=3)
    ids = write(
        engine,
        model,
        [
            picture("x", [1, 0, 0]),
            picture("y", [0, 1, 0]),
            picture("xy", [0.6, 0.8, 0]),
            picture("bad", None),
        ],
    )
    stored = scalar(engine, image_vector(ids["xy"]))
    assert list(stored) == pytest.approx([0.6, 0.8, 0], abs=1e-3)
    assert list(scalar(engine, image_vector(ids["x"], model="tests/random"))) == [1, 0, 0]

    towards_y = mix([image_vector(ids["x"]), image_vector(ids["y"])], weights=[0.6, 0.8])
    with engine.connect() as connection:
        matches = orm.search(towards_y, max_results=2)
        rows = connection.execute(
            sa.select(matches.c.url, matches.c.similarity).order_by(matches.c.rank)
        ).all()
    assert [row.url for row in rows] == ["xy", "y"]
    assert rows[0].similarity == pytest.approx(1, abs=1e-3)

    for image_id, message in ((ids["bad"], "failed"), (10**15, str(10**15)), (-1, "-1")):
        with pytest.raises(errors.UnknownImage, match=message):
            scalar(engine, image_vector(image_id))
    with pytest.raises(errors.UnknownModel, match="nobody"):
        scalar(engine, image_vector(ids["x"], model="nobody"))
    assert Searcher(engine).search(stored, max_results=1)[0].url == "xy"
    engine.dispose()
