"""Make a model known to a database: load it, read its facts, give it partitions."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow, add_model, find_model
from clipsql.encoding import DEFAULT_MODEL, Encoder, load_encoder


def register_model(
    engine: Engine,
    location: str,
    *,
    name: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
) -> tuple[ModelRow, Encoder]:
    """Load a model from a hub id or folder and add it to the database under `name` (default: its location).

    Adding it again changes nothing. Raises ModelError when it cannot be loaded, is no dual encoder, or differs
    from the model that already has the name.
    """
    folder = Path(location).expanduser()
    if folder.is_dir():
        location = str(folder.resolve())
    encoder = load_encoder(location, device=device, dtype=dtype)
    model = add_model(
        engine,
        name=name or location,
        location=location,
        revision=encoder.revision,
        dimensions=encoder.dimensions,
        logit_scale=encoder.logit_scale,
    )
    return model, encoder


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
    return known, load_encoder(known.location, revision=known.revision, device=device, dtype=dtype)
