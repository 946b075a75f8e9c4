"""A model in the box, the drawn world that it knows, and a guided tour of clipsql."""

from __future__ import annotations

from pathlib import Path

NAME = "clipsql-demo"
"""Names the models in the box, wherever a model is asked for."""

MODEL_FOLDER = Path(__file__).parent / "model"
"""The model in the box: an ordinary transformers folder that knows this drawn world, and nothing else."""

MATCHING_FOLDER = Path(__file__).parent / "matching_model"
"""Tells whether a text is true of a drawn picture: a very small `BlipForImageTextRetrieval`."""

DESCRIBING_FOLDER = Path(__file__).parent / "describing_model"
"""Says in English what a drawn picture shows: a very small `BlipForConditionalGeneration`."""
