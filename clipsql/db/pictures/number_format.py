"""In which number format a model's stored vectors were made."""

from __future__ import annotations

from clipsql.db.models import ModelRow
from clipsql.db.statements import Driver


def note_dtype(connection: Driver, model: ModelRow, dtype: str) -> str:
    """The format of the vectors that are stored; where there are none yet, that is `dtype` from now on.

    Tenants who are kept apart are told `dtype`: what others do is not for them.
    """
    row = connection.execute("select row_security_active('clipsql_private.encoded_with')").fetchone()
    if row == (True,):
        return dtype
    connection.execute(
        """
        insert into clipsql_private.encoded_with as w (model_id, dtype) values (%(model_id)s, %(dtype)s)
        on conflict (model_id) do update set dtype = excluded.dtype
        where w.dtype <> excluded.dtype
            and not exists (select from clipsql.image_embedding as e where e.model_id = %(model_id)s)
        """,
        {"model_id": model.model_id, "dtype": dtype},
    )
    row = connection.execute(
        "select w.dtype from clipsql_private.encoded_with as w where w.model_id = %s", (model.model_id,)
    ).fetchone()
    assert row is not None
    return str(row[0])
