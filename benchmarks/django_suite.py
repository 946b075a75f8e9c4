"""Django's own tests of its ORM, without clipsql and with every table attached: `python benchmarks/django_suite.py`

It needs Django. Its tests come with its source from PyPI, of the version that is installed. Both runs are on
PostgreSQL. Each table that has a text column and a key is attached as soon as Django made it, all its other columns as
captions and metadata, so nearly every test writes with triggers. What these noted is counted, also of transactions
that were rolled back.
"""

from __future__ import annotations

import json
import multiprocessing
import runpy
import subprocess
import sys
import tarfile
import types
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from servers import temporary_database

LABELS = """
    aggregation aggregation_regress annotations auth_tests backends basic bulk_create composite_pk constraints
    contenttypes_tests custom_columns custom_managers custom_pk datatypes dates datetimes defer defer_regress
    delete delete_regress distinct_on_fields empty expressions expressions_case expressions_window field_defaults
    filtered_relation fixtures fixtures_regress force_insert_update foreign_object from_db_value generic_relations
    generic_relations_regress get_earliest_or_latest get_or_create indexes inspectdb introspection
    known_related_objects lookup m2m_and_m2o m2m_intermediary m2m_multiple m2m_recursive m2m_regress m2m_signals
    m2m_through m2m_through_regress m2o_recursive managers_regress many_to_many many_to_one many_to_one_null
    max_lengths migrations model_fields model_forms model_formsets model_inheritance model_inheritance_regress
    model_regress multiple_database null_fk null_fk_ordering null_queries one_to_one or_lookups
    order_with_respect_to ordering prefetch_related properties proxy_models queries raw_query reserved_names
    reverse_lookup save_delete_hooks schema select_for_update select_related select_related_onetoone
    select_related_regress serializers sessions_tests string_lookup test_utils timezones transaction_hooks
    transactions unmanaged_models update update_only_fields validation view_tests xor_lookups
"""
OPTIONS = {"name": "database", "host": "host", "port": "port", "user": "username", "password": "password"}
"""Of a database in Django's settings: parts of an address."""
ATTACH = """
    with columns as (
        select a.attname as name, t.typcategory = 'S' as is_text
        from pg_attribute as a join pg_type as t on t.oid = a.atttypid
        where a.attrelid = to_regclass(%(table)s) and a.attnum > 0 and not a.attisdropped
            and not exists (select from pg_index as i
                where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any (i.indkey))
        order by a.attnum
    ), parts as (
        select array_agg(c.name) filter (where c.is_text) as texts,
            array_agg(c.name) filter (where not c.is_text) as others
        from columns as c
    )
    select clipsql.attach(to_regclass(%(table)s), p.texts[1], p.texts[2:50], p.others[:50])
    from parts as p
    where p.texts is not null and clipsql_private.key_of_table(to_regclass(%(table)s)) is not null
"""
COUNT = """
    select
        (select count(*) from clipsql_private.attachment),
        (select coalesce(sum(s.n_tup_ins), 0) from pg_stat_all_tables as s where s.relname ~ '^changed_row_'),
        (select s.n_tup_ins from pg_stat_all_tables as s where s.relid = 'clipsql_private.attachment_problem'::regclass)
"""


def run(url: sa.URL, tests: Path, labels: Sequence[str], *, is_attached: bool, outcomes: Path) -> None:
    """Run the tests of a folder of Django's and write what became of each that did not pass."""
    import django.test.runner
    from django.db import connection
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

    place = url.translate_connect_args()
    settings: Any = types.ModuleType("suite_settings")
    settings.DATABASES = {
        name: {
            "ENGINE": "django.db.backends.postgresql",
            **{option.upper(): str(place[value]) for option, value in OPTIONS.items()},
            "TEST": {"NAME": f"suite_{name}_{is_attached}".lower(), "TEMPLATE": url.database},
        }
        for name in ("default", "other")
    }
    settings.SECRET_KEY = "of a test"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
    settings.USE_TZ = False
    sys.modules["suite_settings"] = settings
    attached, refused = 0, []

    class Runner(django.test.runner.DiscoverRunner):
        def run_suite(self, suite: Any, **options: Any) -> Any:
            result = super().run_suite(suite, **options)
            found = {
                "tests": result.testsRun,
                "failed": [str(test) for test, _ in (*result.failures, *result.errors)],
                "skipped": [str(test) for test, _ in result.skipped],
                "traces": [trace for _, trace in (*result.failures, *result.errors)],
                "attached": attached,
                "refused": refused,
            }
            if is_attached:
                with connection.cursor() as cursor:
                    cursor.execute("select pg_stat_force_next_flush()")
                    cursor.execute(COUNT)
                    found["counted"] = [int(number) for number in cursor.fetchone()]
            outcomes.write_text(json.dumps(found))
            return result

    create_model = BaseDatabaseSchemaEditor.create_model

    def create_and_attach(self: Any, model: Any) -> None:
        nonlocal attached
        create_model(self, model)
        if self.collect_sql or self.connection.vendor != "postgresql":
            return
        table = self.quote_name(model._meta.db_table)
        try:
            # On the driver's connection: some tests count what Django itself executes.
            with self.connection.connection.transaction(), self.connection.connection.cursor() as cursor:
                attached += len(cursor.execute(ATTACH, {"table": table}).fetchall())
        except Exception as error:
            refused.append(f"{table}: {error}")

    django.test.runner.DiscoverRunner = Runner
    if is_attached:
        BaseDatabaseSchemaEditor.create_model = create_and_attach
    sys.path.insert(0, str(tests))
    sys.argv = [
        "runtests.py",
        "--settings=suite_settings",
        "--parallel=1",
        "--noinput",
        "--verbosity=0",
        *labels,
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runpy.run_path(str(tests / "runtests.py"), run_name="__main__")


def tests_of_django(folder: Path) -> Path:
    """The folder of tests of the Django that is installed."""
    import django

    wanted = (f"django=={django.__version__}", "--no-binary", ":all:", "--no-deps")
    pip = (sys.executable, "-m", "pip", "download", "--quiet")
    subprocess.run([*pip, *wanted, "--dest", str(folder)], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    (tests,) = folder.glob("*/tests")
    return tests


@click.command()
@click.argument("labels", nargs=-1)
@click.option("--tests", type=click.Path(path_type=Path), help="A folder of Django's tests that is here.")
@click.option("--server", default=16, help="Major version of PostgreSQL; Django 5.2 expects none after 17.")
def main(labels: tuple[str, ...], tests: Path | None, server: int) -> None:
    """Run LABELS, by default most of what writes, without and with triggers, and tell where outcomes differ."""
    processes = multiprocessing.get_context("spawn")  # Django is set up once in a process
    found = []
    with temporary_database(server) as (engine, folder):
        with engine.begin() as connection:
            # The embedded PostgreSQL has no ICU; without this collation some tables of the tests cannot be made.
            connection.execute(sa.text("create collation if not exists \"sv-x-icu\" (locale = 'C')"))
        engine.dispose()  # it is a template, in which nobody may be
        given = (tests or tests_of_django(folder)).resolve()
        for is_attached in (False, True):
            outcomes = folder / f"outcomes-{is_attached}.json"
            child = processes.Process(
                target=run,
                args=(engine.url, given, labels or LABELS.split()),
                kwargs={"is_attached": is_attached, "outcomes": outcomes},
            )
            child.start()
            child.join()
            one = json.loads(outcomes.read_text())
            found.append(one)
            print(
                f"{'attached' if is_attached else 'plain'}: {one['tests']} tests, {len(one['failed'])} failed, "
                f"{len(one['skipped'])} skipped"
            )
    plain, attached = found
    tables, noted, problems = attached["counted"]
    print(
        f"{attached['attached']} tables attached ({tables} at the end), {noted:,} changes noted, {problems} problems"
    )
    for refused in sorted(set(attached["refused"])):
        print(f"not attached: {refused}")
    for test in sorted(set(plain["failed"]) ^ set(attached["failed"])):
        print(f"other outcome: {test}")
    sys.exit(set(plain["failed"]) != set(attached["failed"]))


if __name__ == "__main__":
    main()
