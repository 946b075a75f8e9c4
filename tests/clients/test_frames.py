"""pandas and Polars: a search becomes a data frame, its columns typed."""

from __future__ import annotations

from typing import Any

import pytest
from clients.documented import examples
from sqlalchemy.engine import URL

Pairs = list[tuple[int, float]]


@pytest.fixture(autouse=True)
def environment(reader_url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    url = reader_url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", url)


def frame(example: str) -> Any:
    """The data frame that an example of the page makes."""
    variables: dict[str, Any] = {}
    exec(compile(example, "docs/clients.md", "exec"), variables)
    return variables["frame"]


def test_pandas_reads_a_search(right_answer: Pairs) -> None:
    pytest.importorskip("pandas", reason="needs pip install pandas")
    (example,) = examples("pandas")
    found = frame(example)
    assert list(zip(found.image_id.tolist(), found.similarity.tolist(), strict=True)) == right_answer
    assert [str(kind).split("[")[0] for kind in found.dtypes[:2]] == ["int64", "float64"]
    assert str(found.taken_at.dt.tz) == "UTC"


@pytest.mark.parametrize(
    ("number", "driver"),
    [pytest.param(0, "adbc_driver_postgresql", id="ADBC"), pytest.param(1, "connectorx")],
)
def test_polars_reads_a_search(number: int, driver: str, right_answer: Pairs) -> None:
    polars = pytest.importorskip("polars", reason="needs pip install polars")
    pytest.importorskip(driver, reason=f"needs pip install {driver.replace('_', '-')}")
    pytest.importorskip("pyarrow", reason="needs pip install pyarrow")
    found = frame(examples("Polars")[number])
    assert found.select("image_id", "similarity").rows() == right_answer
    assert found.schema["similarity"] == polars.Float64
    assert found.schema["taken_at"].time_zone == "UTC"
