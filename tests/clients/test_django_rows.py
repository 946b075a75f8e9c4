"""Django: the project of docs/attached-tables.md searches its own rows, and `manage.py test` works there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from clients.documented import examples
from integration.filling import keep_up
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine

pytest.importorskip("django", reason="needs pip install django")

SETTINGS = """
SECRET_KEY = "of a test"
INSTALLED_APPS = ["clipsql.django", "shop", "depot"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
DATABASES = {{
    "default": {{
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "{host}", "PORT": "{port}", "USER": "{username}", "PASSWORD": "{password}", "NAME": "{database}",
        "TEST": {{"NAME": "{database}_rows", "TEMPLATE": "{database}"}},
    }}
}}
"""
DEPOT = """
from django.db import models
from shop.models import Product

from clipsql.django import PictureManager


class Review(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    stars = models.IntegerField()


class Frame(models.Model):
    pk = models.CompositePrimaryKey("camera", "day")
    camera = models.TextField()
    day = models.DateField()
    url = models.TextField()

    objects = PictureManager()
"""
FILL = """
from django.db import connection
from shop.models import Brand, Product

brands = [Brand.objects.create(name=name) for name in ("north", "south")]
for number, title in enumerate(["a red truck", "a green bus", "a red car", "two dogs", "a truck at night"]):
    with connection.cursor() as cursor:
        cursor.execute("select clipsql.put_image('products', %s, clipsql.embed_text(%s))", [title, title])
    Product.objects.create(title=title, photo=title, price=20 * number, brand=brands[number % 2])
"""

Manage = Callable[..., str]


@pytest.fixture
def manage(owner_url: URL, tmp_path: Path) -> Manage:
    """Type `manage.py ...` in a project with the app of the page, and another."""
    place = owner_url.translate_connect_args()
    files = {
        "settings.py": SETTINGS.format(**place),
        "depot/models.py": DEPOT,
        **{f"{app}/{folder}__init__.py": "" for app in ("shop", "depot") for folder in ("", "migrations/")},
    }
    models, migration, *_ = examples("Django", "attached-tables.md")

    def write(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def run(*arguments: str, script: str = "") -> str:
        path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=tmp_path,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": path},
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    for name, text in {**files, _name_of(models): models}.items():
        write(name, text)
    run("makemigrations", "shop", "depot", "--name", "initial")
    write(_name_of(migration), migration)
    shutil.copy(Path(__file__).with_name("rows_of_django.py"), tmp_path / "shop" / "tests.py")
    return run


def _name_of(block: str) -> str:
    (name,) = re.findall(r"^# (\S+)\n", block)
    return str(name)


def test_every_way_to_ask_a_queryset(manage: Manage) -> None:
    told = manage("test", "--no-color")
    assert (
        f"Ran {Path(__file__).with_name('rows_of_django.py').read_text().count(' def test_')} tests" in told
    )


def test_the_page_is_true_and_its_migration_goes_back(manage: Manage, owner_url: URL) -> None:
    manage("migrate")
    manage("shell", "--no-imports", script=FILL)
    engine = create_engine(owner_url.render_as_string(hide_password=False))
    keep_up(engine)
    engine.dispose()
    *_, script, printed = examples("Django", "attached-tables.md")
    # The shell takes a blank line for the end of a loop.
    assert manage("shell", "--no-imports", script=f"exec({script!r})") == printed
    manage("migrate", "shop", "0001")
    with psycopg.connect(owner_url.render_as_string(hide_password=False)) as connection:
        assert connection.execute("select count(*) from clipsql.attachment_status").fetchone() == (0,)
