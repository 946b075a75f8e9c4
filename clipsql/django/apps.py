"""The app that brings clipsql's schema wherever Django migrates a database, or makes one to test."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import sqlalchemy as sa
from django.apps import AppConfig
from django.db import connections, router
from django.db.models.signals import pre_migrate

from clipsql.search.connecting import upgrade

_log = logging.getLogger(__name__)


class ClipsqlConfig(AppConfig):
    """Upgrades the schema, whose migrations are Alembic's, before those of any app, which may build on it."""

    name = "clipsql.django"
    label = "clipsql"
    verbose_name = "clipsql"

    def ready(self) -> None:
        pre_migrate.connect(_upgrade, sender=self)


def _upgrade(using: str, **_: Any) -> None:
    connection = connections[using]
    if connection.vendor != "postgresql" or not router.allow_migrate(using, ClipsqlConfig.label):
        return
    connection.ensure_connection()
    info = connection.connection.info
    parameters = info.get_parameters() if hasattr(info, "get_parameters") else info.dsn_parameters  # psycopg2
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(**{**parameters, "password": info.password}),
        poolclass=sa.NullPool,
    )
    for warning in upgrade(engine):
        _log.warning(warning)
