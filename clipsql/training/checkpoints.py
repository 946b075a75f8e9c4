"""Keep the state of a run on disk so that a killed run goes on where it was."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from clipsql.errors import ConfigurationError
from clipsql.training.plan import TrainingPlan

CHECKPOINT = "checkpoint.pt"


def save_checkpoint(
    folder: Path, plan: TrainingPlan, examples: int, step: int, state: dict[str, Any]
) -> None:
    """Write the state after `step` steps; a kill at any moment leaves the old or the new one, never half."""
    partial = folder / f"{CHECKPOINT}.partial"
    with partial.open("wb") as stream:
        torch.save({"plan": asdict(plan), "examples": examples, "step": step, "state": state}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(folder / CHECKPOINT)


def load_checkpoint(folder: Path, plan: TrainingPlan, examples: int) -> tuple[int, dict[str, Any]] | None:
    """Steps done and state, or nothing to resume. Raises ConfigurationError if another run left it."""
    file = folder / CHECKPOINT
    if not file.exists():
        return None
    stored = torch.load(file, map_location="cpu", weights_only=True)
    if stored["plan"] != asdict(plan) or stored["examples"] != examples:
        raise ConfigurationError(
            f"{file} belongs to a run with another plan or other examples; "
            "repeat that run's options to resume it, or choose another output folder."
        )
    return int(stored["step"]), stored["state"]
