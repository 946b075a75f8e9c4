"""A model in the box, the drawn world that it knows, and a guided tour of clipsql."""

from __future__ import annotations

from pathlib import Path

MODEL_FOLDER = Path(__file__).parent / "model"
"""The model in the box: an ordinary transformers folder that knows this drawn world, and nothing else."""
