"""Pictures that an SQL query names, in this or another database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clipsql.errors import SourceError
from clipsql.sources import open_query


def test_a_query_gives_records_with_their_types(database_url: str) -> None:
    query = """
        select 'https://example.org/' || n || '.jpg' as url, 'picture ' || n as caption,
            timestamptz '2024-05-01 12:00+02' as taken_at, 8.5 as lon, 47.4 as lat,
            n as number, n % 2 = 0 as even, jsonb_build_object('n', n) as facts, '{a,b}'::text[] as tags, 0.25 as share
        from generate_series(1, 5000) as n
        order by n;
    """
    source = open_query(query, database_url)
    first, second, *others = source
    assert (first.url, first.file, first.captions) == ("https://example.org/1.jpg", None, ("picture 1",))
    assert first.taken_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert (first.longitude, first.latitude) == (8.5, 47.4)
    assert second.metadata == {
        "number": 2,
        "even": True,
        "facts": {"n": 2},
        "tags": ["a", "b"],
        "share": 0.25,
    }
    assert second.position == "query row 2"
    assert len(others) == 4_998
    assert (source.name, source.count()) == ("query", None)
    assert next(iter(source)) == first


def test_columns_of_a_query_can_be_mapped(database_url: str) -> None:
    query = "select 'https://example.org/1.jpg' as link, 'x%' as title where 'a%b' like 'a%'"
    (record,) = open_query(query, database_url, column_map={"url": "link"})
    assert (record.url, record.captions) == ("https://example.org/1.jpg", ("x%",))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param("select 1 as url, 2 as url", 'two columns of the same name.*"as"', id="a name twice"),
        pytest.param("select 1 from nowhere", r'relation "nowhere" does not exist', id="no such table"),
        pytest.param("delete from clipsql.image", "one select or values", id="no select"),
        pytest.param(
            "select 'a' as url; drop table clipsql.image", "one select or values", id="two statements"
        ),
        pytest.param("select 'a' as url where false", "has no rows", id="no rows"),
        pytest.param("select 'a' as x", 'no file or url column, it has "x".*--map url=', id="no url"),
        pytest.param(
            "with gone as (delete from clipsql.image returning url) select url from gone",
            "one select or values",
            id="a hidden delete",
        ),
    ],
)
def test_a_bad_query_is_one_line_that_says_what_to_do(database_url: str, query: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        list(open_query(query, database_url))
    assert "\n" not in str(caught.value)


def test_a_database_that_does_not_answer_is_one_line_without_the_password() -> None:
    with pytest.raises(SourceError, match="cannot be read") as caught:
        list(open_query("select 1", "postgresql://me:secret@127.0.0.1:1/nowhere"))
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
