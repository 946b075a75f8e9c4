"""Have watches follow the model: what is looked for is embedded anew, by who can."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from clipsql.db.calls.watching import move_watches as call
from clipsql.db.models import ModelRow
from clipsql.db.text_towers import remember_texts
from clipsql.db.transactions import Database, reading, writing

_UNKNOWN_TEXTS = sa.text("""
    select distinct t.body
    from (
        select w.query
        from clipsql.watch_list as w
        where w.query is not null and w.model_id is distinct from :model_id
            and num_nonnulls(w.alarms_per_day, w.min_percentile) > 0
        offset 0
    ) as w
    cross join lateral clipsql_private.parse_query(w.query) as t
    where t.kind = 'text'
        and not exists (select from clipsql_private.text_tower as o where o.model_id = :model_id)
        and clipsql_private.remembered_vector(t.body, :model_id) is null
""")

EncodeTexts = Callable[[Sequence[str]], NDArray[np.float32]]


def move_watches(database: Database, model: ModelRow, encode_texts: EncodeTexts | None = None) -> int:
    """Have watches compare the embeddings of a model; returns how many moved, the others say why they did not.

    `encode_texts` is asked for the texts that SQL cannot embed, and only then. Waits for who is writing pictures;
    raises DatabaseError when such a transaction does not end.
    """
    if encode_texts is not None and model.location is not None:
        _remember(database, model, encode_texts)
    with writing(database) as connection:
        return connection.execute(sa.select(call(model=model.name))).scalar_one()


def _remember(database: Database, model: ModelRow, encode_texts: EncodeTexts) -> None:
    with reading(database) as connection:
        texts = list(connection.scalars(_UNKNOWN_TEXTS, {"model_id": model.model_id}))
    if texts:
        remember_texts(database, model, dict(zip(texts, encode_texts(texts), strict=True)))
