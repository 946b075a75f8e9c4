"""Make a model known to a database: load it, read its facts, give it partitions and its text tower."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow, add_model, find_model, require_model
from clipsql.db.text_towers import has_text_tower, remember_texts, require_texts, store_text_tower
from clipsql.encoding import DEFAULT_MODEL, Encoder, load_encoder, load_text_tower, require_sound
from clipsql.errors import ModelError

_log = logging.getLogger(__name__)


def register_model(
    engine: Engine,
    location: str,
    *,
    name: str | None = None,
    may_be_default: bool = True,
    device: str | None = None,
    dtype: str | None = None,
) -> tuple[ModelRow, Encoder]:
    """Load a model from a hub id or folder and add it to the database under `name` (default: the id or folder's name).

    Adding it again changes nothing. Raises ModelError when it cannot be loaded, is no dual encoder, cannot work (as
    `require_sound` tells), or differs from the model that already has the name.
    """
    folder = Path(location).expanduser()
    if folder.is_dir():
        location = str(folder.resolve())
        name = name or folder.resolve().name
    _log.info("Loading model %s.", location)
    encoder = load_encoder(location, device=device, dtype=dtype)
    require_sound(encoder)
    model = add_model(
        engine,
        name=name or location,
        location=location,
        revision=encoder.revision,
        dimensions=encoder.dimensions,
        logit_scale=encoder.logit_scale,
        may_be_default=may_be_default,
    )
    add_text_tower(engine, model)
    return model, encoder


def add_text_tower(engine: Engine, model: ModelRow) -> str | None:
    """Put the model's text tower into the database unless it is there; the reason why SQL cannot run it, or None."""
    if has_text_tower(engine, model):
        return None
    try:
        tower = load_text_tower(model.files, revision=model.revision)
    except ModelError as error:
        return str(error)
    _log.info("Storing the text tower of model %s, so that SQL can run it.", model.name)
    store_text_tower(engine, model, tower)
    return None


def remember(
    engine: Engine, name: str, texts: Sequence[str], *, device: str | None, dtype: str | None
) -> None:
    """Encode texts here and store their vectors, so that `clipsql.embed_text` finds them.

    Raises UnknownModel, InvalidText.
    """
    model = require_model(engine, name)
    require_texts(engine, texts)
    encoder = load_known(model, device=device, dtype=dtype)
    remember_texts(engine, model, dict(zip(texts, encoder.encode_texts(texts), strict=True)))


def open_model(
    engine: Engine, name: str | None = None, *, device: str | None = None, dtype: str | None = None
) -> tuple[ModelRow, Encoder]:
    """The model of that name, location or folder, ready to encode; added to the database when it is new there.

    Without a name: the database's default model, or `DEFAULT_MODEL` in a database without models.
    """
    folder = Path(name).expanduser() if name else None
    known = find_model(engine, str(folder.resolve()) if folder and folder.is_dir() else name)
    if known is None:
        return register_model(engine, name or DEFAULT_MODEL, device=device, dtype=dtype)
    return known, load_known(known, device=device, dtype=dtype)


def load_known(model: ModelRow, *, device: str | None = None, dtype: str | None = None) -> Encoder:
    """A model that the database knows, ready to encode. Raises ModelError, as for a vector space."""
    return load_encoder(model.files, revision=model.revision, device=device, dtype=dtype)
