"""The queries behind a dashboard, as a BI tool sends them; pandas.read_sql or any chart takes them as they are."""

from __future__ import annotations

import os

import psycopg

QUERIES = {
    "Buses by day": """
        select (taken_at at time zone 'Asia/Shanghai')::date as day, count(*) as pictures
        from clipsql.search_text('a bus', max_results => 200, min_percentile => 80,
                                 in_collection => 'demo', model => 'clipsql-demo')
        group by day
        order by day
    """,
    "Night pictures by road": """
        select metadata->>'road' as road, count(*) as pictures, round(avg(similarity)::numeric, 3) as similarity
        from clipsql.search_text('at night', max_results => 100, in_collection => 'demo', model => 'clipsql-demo')
        group by road
        order by pictures desc, road
    """,
    "Weather, as it looks": """
        select label, count(*) as pictures
        from clipsql.classify_images(array['clear weather', 'rain', 'fog', 'snow'], template => 'in the {}',
                                     in_collection => 'demo', model => 'clipsql-demo')
        group by label
        order by pictures desc, label
    """,
}


def main() -> None:
    """Print each query's answer as a small table."""
    with psycopg.connect(os.environ["CLIPSQL_DATABASE_URL"]) as connection:
        for title, query in QUERIES.items():
            answer = connection.execute(query.encode())
            print(f"\n{title}")
            print("  ".join(f"{column.name:>16}" for column in answer.description or ()))
            for row in answer:
                print("  ".join(f"{value!s:>16}" for value in row))


if __name__ == "__main__":
    main()
