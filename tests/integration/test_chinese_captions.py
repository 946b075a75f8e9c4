"""Words of Chinese captions are found as people type them, with the signs of their input methods."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

CAPTIONS = ("雨天街上有一辆红色卡车", "红色的花", "夜晚车上有色卡，红灯", "雨天的卡车", "a red truck")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("红色卡车", [1], id="a run stands together"),
        pytest.param("红色 卡车", [1], id="two runs"),
        pytest.param("红色", [1, 2], id="a word"),
        pytest.param("卡车 -红色", [4], id="a minus"),
        pytest.param("卡车　－红色", [4], id="a full-width minus and space"),
        pytest.param("卡车－红色", [4], id="a full-width minus without a space"),
        pytest.param("“雨天” 红色卡车", [1], id="a run beside Chinese quotes"),
        pytest.param("「红色的花」 or “雨天的卡车”", [2, 4], id="Japanese quotes and or"),
        pytest.param("＂红色", [1, 2], id="a quote without an end"),
        pytest.param('"red truck" -雨天', [5], id="English and Chinese"),
        pytest.param("色卡", [1, 3], id="neighbours, of one word or not"),
    ],
)
def test_a_caption_query_finds_chinese_words(query: str, found: list[int], engine: Engine) -> None:
    statement = sa.text(
        "select c.number from unnest(cast(:captions as text[])) with ordinality as c (body, number)"
        " where clipsql_private.caption_words(c.body, 'zh') @@ clipsql_private.caption_query(:query, 'zh')"
        " order by 1"
    )
    with engine.connect() as connection:
        assert list(connection.scalars(statement, {"captions": list(CAPTIONS), "query": query})) == found
