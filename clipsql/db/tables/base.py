"""What all tables of clipsql as SQLAlchemy classes share: metadata of their own, names of constraints, types."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import LargeBinary, MetaData, Table
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import Double, Text

SCHEMA = "clipsql"
"""What users may rely on."""

PRIVATE_SCHEMA = "clipsql_private"
"""Everything else: helpers, partitions, text towers, samples, the revision."""

_Timestamp = TIMESTAMP(timezone=True)


class Base(DeclarativeBase):
    """Base of the classes: the first line of a class's docstring is the comment of its table."""

    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        },
    )
    type_annotation_map: ClassVar = {
        str: Text,
        bytes: LargeBinary,
        float: Double,
        dt.datetime: _Timestamp,
        dict[str, Any]: JSONB,
    }

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        assert isinstance(cls.__table__, Table)
        cls.__table__.comment = (cls.__doc__ or "").partition("\n")[0] or None
