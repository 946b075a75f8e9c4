"""What an attached table costs its writers, and how soon a row is found: `python benchmarks/attach.py`

Writes: 100,000 rows by one statement, and rows one by one, into a table of products without triggers, attached, and
with a trigger for each row that notes the same keys, the usual way. Median of five; the same table, emptied, each time.

Time to searchable: from the commit of one row until its picture's vector is there, which every search then finds, with
one worker and the model in the box; idle, and while the worker has a backfill of thousands in hand. Pictures come from
this machine, without latency.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click
import psycopg
from servers import temporary_database

from clipsql.demo import MODEL_FOLDER
from clipsql.ingest.worker import Worker
from clipsql.models import register_model
from clipsql.web.downloading import DownloadOptions

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from picture_server import PictureServer

PRODUCT = """
    create table product (
        id bigint generated always as identity primary key, name text not null, title text, brand text,
        price numeric(10, 2), photo_url text, created_at timestamptz not null default now())
"""
ATTACH = "select clipsql.attach('product', 'photo_url', '{title}', '{brand,price}')"
MANY = """
    insert into product (name, title, brand, price, photo_url)
    select 'Product ' || g, 'The title of product ' || g, 'brand ' || g % 100, g % 1000,
        'https://shop.example/photos/' || g || '.jpg'
    from generate_series(1, 100000) as g
"""
BY_ROW = """
    create table noted (id bigint, at timestamptz not null default now());
    create function note() returns trigger language plpgsql as $$
    begin
        if tg_op = 'DELETE' then
            insert into noted (id) values (old.id);
        elsif tg_op = 'INSERT' or row(old.photo_url, old.title, old.brand, old.price)
                is distinct from row(new.photo_url, new.title, new.brand, new.price) then
            insert into noted (id) values (new.id);
        end if;
        return null;
    end $$;
    create trigger note after insert or update or delete on product for each row execute function note()
"""


def measured(work: Callable[[], object], *, times: int = 5, before: Callable[[], object]) -> float:
    """Median of the milliseconds of `work`, each time after `before`."""
    took = []
    for _ in range(times):
        before()
        started = time.perf_counter()
        work()
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def writes(connection: psycopg.Connection) -> dict[str, float]:
    """Milliseconds of each kind of write."""

    def emptied() -> None:
        connection.execute("truncate product")

    def filled() -> None:
        emptied()
        connection.execute(MANY)

    def one_by_one() -> None:
        for number in range(1000):
            connection.execute("insert into product (name, photo_url) values ('a', %s)", (str(number),))

    run = connection.execute
    return {
        "insert 100,000 rows": measured(lambda: run(MANY), before=emptied),
        "update another column of all": measured(lambda: run("update product set name = 'b'"), before=filled),
        "update the title of all": measured(lambda: run("update product set title = 'b'"), before=filled),
        "delete all": measured(lambda: run("delete from product"), before=filled),
        "insert 1,000 rows one by one": measured(one_by_one, before=emptied),
    }


def times_to_searchable(connection: psycopg.Connection, web: PictureServer, rows: int) -> list[float]:
    """Seconds from the commit of a row until it is found, of `rows` rows, one after the other."""
    took = []
    for number in range(rows):
        time.sleep(0.37)  # at no fixed moment of the worker's polling
        picture = 1_000_000 + number + time.monotonic_ns() % 10**9
        (key,) = connection.execute(
            "insert into product (name, photo_url) values ('fresh', %s) returning id", (web.url(picture),)
        ).fetchone()  # type: ignore[misc]
        started = time.perf_counter()
        found = "select from product_found where id = %s"
        while connection.execute(found, (key,)).fetchone() is None:
            time.sleep(0.01)
        took.append(time.perf_counter() - started)
    return took


def tell(what: str, took: list[float]) -> None:
    percentile = statistics.quantiles(took, n=20)
    click.echo(
        f"{what:<40} p50 {statistics.median(took):6.2f} s   p95 {percentile[18]:6.2f} s   ({len(took)} rows)"
    )


@click.command()
@click.option("--rows", default=40, show_default=True, help="Fresh rows in each part.")
@click.option(
    "--backfill", default=8_000, show_default=True, help="Rows that are there when the table is attached."
)
def main(rows: int, backfill: int) -> None:
    """Measure both."""
    with temporary_database() as (engine, _), PictureServer() as web:
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(PRODUCT)
            plain = writes(connection)
            connection.execute(BY_ROW)
            by_row = writes(connection)
            connection.execute("drop trigger note on product")
            connection.execute(ATTACH)
            attached = writes(connection)
            click.echo(f"{'':<32}{'no trigger':>12}{'attached':>12}{'':>7}{'by row':>12}")
            for name, took in plain.items():
                click.echo(
                    f"{name:<32}{took:>9.0f} ms{attached[name]:>9.0f} ms  x{attached[name] / took:4.2f}"
                    f"{by_row[name]:>9.0f} ms  x{by_row[name] / took:4.2f}"
                )
            connection.execute("select clipsql.detach('product'); truncate product")
            connection.execute(ATTACH)
            connection.execute(
                "create view product_found as select p.id from product as p"
                " join clipsql.product_picture as l using (id)"
                " join clipsql.image_embedding as e using (image_id)"
            )
            model, encoder = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
            worker = Worker(
                engine, encoder, model, downloads=DownloadOptions(allow_private_hosts=True, per_host=32)
            )
            thread = threading.Thread(target=lambda: worker.run(until_empty=False))
            thread.start()
            try:
                times_to_searchable(connection, web, 3)
                tell("commit to searchable, idle", times_to_searchable(connection, web, rows))
                connection.execute(
                    "insert into product (name, photo_url)"
                    " select 'old', %s || g || '.png' from generate_series(1, %s) as g",
                    (web.url(0).removesuffix("0.png"), backfill),
                )
                waiting = "select count(*) from clipsql_private.queue where not is_fresh"
                while connection.execute(waiting).fetchone() == (0,):
                    time.sleep(0.1)
                tell("under a backfill", times_to_searchable(connection, web, rows))
                left = connection.execute(waiting).fetchone()
                click.echo(f"{left and left[0]} rows of the backfill were left then.")
            finally:
                worker.stop()
                thread.join()


if __name__ == "__main__":
    main()
