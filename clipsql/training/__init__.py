"""Train a CLIP model on captioned pictures: from scratch, or further from any CLIP folder.

This package root imports no torch; `clipsql.training.trainer` and its neighbours do.
"""

from __future__ import annotations

from clipsql.training.examples import Examples, RecordExamples
from clipsql.training.plan import Interrupted, Progress, TrainingPlan, TrainingReport

__all__ = ["Examples", "Interrupted", "Progress", "RecordExamples", "TrainingPlan", "TrainingReport"]
