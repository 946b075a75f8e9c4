"""Watches follow the model: what `clipsql model use` and `clipsql watch move` do and tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Engine

from clipsql.cli.output import note
from clipsql.db.models import ModelRow
from clipsql.db.moved_watches import move_watches
from clipsql.watching.watches import list_watches


def follow_model(engine: Engine, model: ModelRow) -> int:
    """Move watches to a model; returns how many moved, and tells of those that did not."""

    def encode_texts(texts: Sequence[str]) -> NDArray[np.float32]:
        from clipsql.models import open_model  # takes seconds to import

        return open_model(engine, model.name)[1].encode_texts(texts)

    moved = move_watches(engine, model, encode_texts)
    if left := sum(one.model != model.name for one in list_watches(engine)):
        note(f'{left:,} watches are under other models; "clipsql watch list" says why.')
    return moved
