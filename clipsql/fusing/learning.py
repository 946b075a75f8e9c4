"""Learn a fusion from a list of examples, or from alarms that were judged right, and keep it in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Engine

from clipsql.db import fusions
from clipsql.db.calls.arguments import FUSIONS
from clipsql.db.fusions import FusionRow
from clipsql.db.models import ModelRow
from clipsql.errors import InvalidArgument, TextEncoderUnavailable
from clipsql.fusing.fitting import MOST_EXAMPLES, Examples, fit_fusion
from clipsql.picture import UnusableRow
from clipsql.sources.triplets import Triplet

_MOST_TEXTS_IN_SQL = 500
"""More are encoded by the model itself, a hundred times as fast."""

Known = tuple[int, str, int]
Encode = Callable[[Sequence[str]], NDArray[np.float32]]


def find_triplets(
    engine: Engine, listed: Iterable[Triplet | UnusableRow], *, collection: str
) -> tuple[list[Known], list[UnusableRow]]:
    """(image_id, text, wanted image_id) of a list's examples, and what names no picture of the collection.

    Raises UnknownCollection, SourceError, InvalidArgument for too long a list.
    """
    triplets: list[Triplet] = []
    problems: list[UnusableRow] = []
    for each in listed:
        if isinstance(each, UnusableRow):
            problems.append(each)
        else:
            triplets.append(each)
        if len(triplets) > MOST_EXAMPLES:
            raise InvalidArgument(f"A fusion is fitted to at most {MOST_EXAMPLES:,} examples; give fewer.")
    names = {one.picture: one.picture_uri for one in triplets} | {
        one.wanted: one.wanted_uri for one in triplets
    }
    numbers = fusions.numbers_of(engine, names.items(), collection=collection)
    known = []
    for one in triplets:
        missing = next((name for name in (one.picture, one.wanted) if name not in numbers), None)
        if missing is None:
            known.append((numbers[one.picture], one.text, numbers[one.wanted]))
        else:
            why = f'names "{missing[:200]}", which is the url, file or end of the url of no one picture of collection '
            problems.append(UnusableRow(one.position, f"{why}{collection}; ingest it first"))
    return known, problems


def learn_fusion(
    engine: Engine, model: ModelRow, name: str, triplets: Sequence[Known], *, encode_texts: Encode
) -> FusionRow:
    """Fit a fusion to examples and keep it under that name, in the place of another; what it is, and how good.

    Those whose pictures have no vector under the model are left out. `encode_texts` is asked for many texts, and for
    those that the database cannot embed. Raises InvalidArgument.
    """
    if name in FUSIONS or not 0 < len(name) <= 200:
        raise InvalidArgument(
            f'A learned fusion cannot be called "{name}"; give a name of its own, to 200 characters.'
        )
    vectors = fusions.vectors_of(engine, model, [image for one in triplets for image in (one[0], one[2])])
    usable = [one for one in triplets if one[0] in vectors and one[2] in vectors and one[0] != one[2]]
    texts = _embed(engine, model, list(dict.fromkeys(text for _, text, _ in usable)), encode_texts)
    size = (0, model.dimensions)
    examples = Examples(
        pictures=np.array([vectors[one[0]] for one in usable], np.float32).reshape(-1, size[1]),
        texts=np.array([texts[one[1]] for one in usable], np.float32).reshape(-1, size[1]),
        wanted=np.array([vectors[one[2]] for one in usable], np.float32).reshape(-1, size[1]),
        wanted_ids=np.array([one[2] for one in usable], np.int64),
    )
    fitted = fit_fusion(examples)
    fusion = FusionRow(
        name=name,
        kind=fitted.kind,
        picture_weight=fitted.combiner.picture_weight,
        text_weight=fitted.combiner.text_weight,
        examples=fitted.examples,
        average_rank=fitted.average,
        weighted_sum_rank=fitted.weighted_sum,
        fusion_rank=fitted.fusion,
        gain_low=fitted.gain_low,
        gain_high=fitted.gain_high,
        is_better=fitted.is_better,
    )
    fusions.store_fusion(engine, model, fusion, fitted.combiner.layers)
    return fusion


def _embed(
    engine: Engine, model: ModelRow, texts: Sequence[str], encode_texts: Encode
) -> dict[str, NDArray[np.float32]]:
    if len(texts) <= _MOST_TEXTS_IN_SQL:
        try:
            return dict(fusions.embedded_texts(engine, model, texts))
        except TextEncoderUnavailable:
            pass
    return dict(zip(texts, encode_texts(texts), strict=True))
