"""Wagtail's own tests of its images, without clipsql and with its table attached: `python benchmarks/wagtail_images.py`

It needs `pip install wagtail factory-boy`, which brings Django and the tests. Both runs are on PostgreSQL. Triggers
are there from the beginning, so every test writes with them; what they noted is counted, also of transactions that
were rolled back.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from servers import temporary_database

ATTACH = "select clipsql.attach('wagtailimages_image', 'file', '{title}', url_prefix => 'https://site.example/media/')"
COUNT = """
    select (select n_tup_ins from pg_stat_all_tables where relid = 'clipsql_private.changed_row_1'::regclass),
        (select count(*) from clipsql_private.attachment_problem)
"""


def run(url: sa.URL, labels: list[str], *, is_attached: bool, media: str) -> None:
    """Run the tests and print their numbers; exits with how many failed."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "wagtail.test.settings",
        "DATABASE_ENGINE": "django.db.backends.postgresql",
        "DATABASE_NAME": f"wagtail_{'with' if is_attached else 'without'}",
        "DATABASE_HOST": url.host or "",
        "DATABASE_PORT": str(url.port),
        "DATABASE_USER": url.username or "",
        "DATABASE_PASSWORD": url.password or "",
    }
    import django
    import wagtail
    from django.conf import settings
    from django.db import connection
    from django.test.runner import DiscoverRunner

    os.chdir(Path(wagtail.__file__).parent.parent)  # where some tests look for their pictures
    settings.MEDIA_ROOT = media
    if is_attached:
        settings.INSTALLED_APPS = ["clipsql.django", *settings.INSTALLED_APPS]
    settings.DATABASES["default"]["NAME"] = url.database  # from which Django makes the one for tests
    django.setup()
    noted = (0, 0)

    class Runner(DiscoverRunner):
        def setup_databases(self, **options: Any) -> Any:
            made = super().setup_databases(**options)
            if is_attached:
                with connection.cursor() as cursor:
                    cursor.execute(ATTACH)
            return made

        def run_suite(self, suite: Any, **options: Any) -> Any:
            nonlocal noted
            result = super().run_suite(suite, **options)
            if is_attached:
                with connection.cursor() as cursor:
                    cursor.execute("select pg_stat_force_next_flush()")
                    cursor.execute(COUNT)
                    noted = cursor.fetchone()
            bad = len(result.failures) + len(result.errors)
            print(f"{result.testsRun} tests, {bad} failed, {len(result.skipped)} skipped", end="")
            print(f"; {noted[0]:,} changes noted, {noted[1]} problems" if is_attached else "")
            for test, _ in (*result.failures, *result.errors):
                print(f"  {test}")
            return result

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.exit(min(Runner(verbosity=0, interactive=False).run_tests(labels), 99))


@click.command()
@click.argument("labels", nargs=-1)
@click.option("--attached", type=bool, help="Only one of the two runs.")
def main(labels: tuple[str, ...], attached: bool | None) -> None:
    """Run LABELS, by default wagtail.images, without and with triggers."""
    processes = multiprocessing.get_context("spawn")  # Django is set up once in a process
    with temporary_database() as (engine, folder):
        for is_attached in (False, True) if attached is None else (attached,):
            print("attached:" if is_attached else "plain:   ", end=" ", flush=True)
            child = processes.Process(
                target=run,
                args=(engine.url, list(labels) or ["wagtail.images"]),
                kwargs={"is_attached": is_attached, "media": str(folder / f"media-{is_attached}")},
            )
            child.start()
            child.join()


if __name__ == "__main__":
    main()
