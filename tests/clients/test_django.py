"""Django: the project of docs/clients.md builds its test database, refers to pictures and searches in querysets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from clients.documented import examples
from sqlalchemy.engine import URL

pytest.importorskip("django", reason="needs pip install django")

SETTINGS = """
SECRET_KEY = "of a test"
INSTALLED_APPS = ["fleet", "clipsql.django"]
USE_TZ = True
DATABASES = {{
    "default": {{
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "{host}", "PORT": "{port}", "USER": "{username}", "PASSWORD": "{password}", "NAME": "{database}",
        "OPTIONS": {{"options": "-c search_path={path}"}},
        "TEST": {{"NAME": "{database}_django"}},
    }}
}}
"""
TESTS = """
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import TestCase, TransactionTestCase

from fleet.models import Image, Vehicle
from fleet.searches import nearest


def fill():
    with connection.cursor() as cursor:
        cursor.execute("select clipsql.add_model('space', 3)")
        for url, vector in {"red": "[1,0,0]", "orange": "[1,1,0]", "green": "[0,1,0]"}.items():
            cursor.execute("select clipsql.put_image('paints', %s, %s, captions => '{paint}')", [url, vector])


class Searches(TestCase):
    def setUp(self):
        fill()
        for url in ("green", "red"):
            Vehicle.objects.create(plate=url.upper(), image=Image.objects.get(url=url))

    def test_a_foreign_key_follows_both_ways(self):
        self.assertEqual(Vehicle.objects.get(image__url="red").plate, "RED")
        self.assertEqual(Image.objects.get(vehicle__plate="GREEN").url, "green")
        with self.assertRaises(IntegrityError), transaction.atomic():
            Vehicle.objects.create(plate="NONE", image_id=-1)
            connection.check_constraints()

    def test_an_error_of_a_search_is_a_database_error_with_its_words(self):
        with self.assertRaisesMessage(DatabaseError, "The text is empty; give at least one word"), transaction.atomic():
            list(nearest("", 3))


class Flushed(TransactionTestCase):
    def test_clipsql_is_there_and_empty(self):
        self.assertEqual(Image.objects.count(), 0)
"""
ASK = """
from fleet.searches import likenesses, nearest, vehicles_like
from fleet.models import Image, Vehicle

found = list(nearest("a red truck", 5))
print([(image.pk, image.similarity) for image in found])
for image in found[:2]:
    Vehicle.objects.create(plate=f"B {image.pk}", image=image)
print([vehicle.image_id for vehicle in vehicles_like("a red truck", 1)])
print([vehicle.image_id for vehicle in vehicles_like("a red truck", 5).filter(image__metadata__has_key="camera")])
print([image.pk for image in likenesses("a red truck").order_by("-likeness")[:5]])
"""

Manage = Callable[..., str]


@pytest.fixture
def manage(owner_url: URL, tmp_path: Path) -> Manage:
    """Type `manage.py ...` in a project with the app of the page."""
    files = {"fleet/__init__.py": "", "fleet/migrations/__init__.py": "", "fleet/tests.py": TESTS}
    for block in examples("Django"):
        (name,) = re.findall(r"^# (\S+)\n", block)
        files[name] = block
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def run(*arguments: str, script: str = "", path: str = "public") -> str:
        place = owner_url.translate_connect_args()
        (tmp_path / "settings.py").write_text(SETTINGS.format(**place, path=path))
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=tmp_path,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": _path(tmp_path)},
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("makemigrations", "fleet", "--name", "vehicles")
    return run


def _path(folder: Path) -> str:
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def test_its_test_database_has_clipsql(manage: Manage) -> None:
    assert "Ran 3 tests" in manage("test", "--no-color")


def test_a_queryset_searches(manage: Manage, right_answer: list[tuple[int, float]]) -> None:
    manage("migrate")
    ids = [image_id for image_id, _ in right_answer]
    lines = manage("shell", "--no-imports", script=ASK).splitlines()
    assert lines == [str(right_answer), str(ids[:1]), str(sorted(ids[:2], key=str)), str(ids)]
    assert "No changes detected" in manage("makemigrations", "--check")


@pytest.mark.parametrize("path", ["public", "public,clipsql"])
def test_inspectdb_shows_public_things_alone(manage: Manage, owner_url: URL, path: str) -> None:
    shown = re.findall(r"db_table = '(\w+)'", manage("inspectdb", "--include-views", path=path))
    with psycopg.connect(owner_url.render_as_string(hide_password=False)) as connection:
        public = connection.execute(
            "select c.relname from pg_class as c where c.relnamespace = 'clipsql'::regnamespace"
            " and c.relkind in ('r', 'v', 'p') and not c.relispartition"
        ).fetchall()
    expected = {name for (name,) in public} if "clipsql" in path else set()
    assert {name for name in shown if not name.startswith(("django_", "fleet_"))} == expected
