"""Turn pictures and texts into unit-length embeddings with any dual encoder that transformers loads.

torch and transformers are imported when a model is loaded, never before.
"""

from __future__ import annotations

from clipsql.encoding.encoder import Encoder
from clipsql.encoding.judging import require_sound
from clipsql.encoding.loading import load_encoder, load_text_tower
from clipsql.encoding.locating import DEFAULT_MODEL

__all__ = ["DEFAULT_MODEL", "Encoder", "load_encoder", "load_text_tower", "require_sound"]
