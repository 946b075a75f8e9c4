"""What to do in a training run, how it goes, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clipsql.errors import ConfigurationError


@dataclass(frozen=True)
class TrainingPlan:
    """Every choice of a run; the same plan over the same examples gives the same batches.

    The defaults suit adapting a trained CLIP to a few thousand captioned pictures. A model from scratch wants
    a learning rate about a hundred times higher and many more epochs.
    """

    epochs: int = 5
    batch_size: int = 64
    captions_per_image: int = 1
    """Captions drawn for each picture of a batch, in every epoch anew."""
    learning_rate: float = 1e-5
    weight_decay: float = 0.1
    warmup_steps: int = 50
    max_gradient_norm: float = 1.0
    seed: int = 0
    held_out: float = 0.05
    """Share of the examples that is never trained on and measures recall."""
    neighbours: int = 1
    """This many examples that follow one another always share a batch (put hard negatives side by side)."""
    evaluate_every: int = 500
    checkpoint_every: int = 200
    mixed_precision: bool = True
    """bfloat16 where the processor computes in it natively, float32 elsewhere."""

    def __post_init__(self) -> None:
        """Refuse what cannot work. Raises ConfigurationError."""
        for name in ("epochs", "batch_size", "captions_per_image", "neighbours"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)}; give 1 or more.")
        for name in ("evaluate_every", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)} steps; give 1 or more.")
        if not 0 <= self.held_out < 1:
            raise ConfigurationError(f"held_out is {self.held_out}; give a share from 0 to below 1.")
        if self.batch_size % self.neighbours:
            raise ConfigurationError(
                f"batch_size {self.batch_size} is no multiple of neighbours {self.neighbours}; make it one."
            )
        if self.learning_rate <= 0:
            raise ConfigurationError(f"learning_rate is {self.learning_rate}; give a number above 0.")


@dataclass(frozen=True)
class Progress:
    """The state after one step; `recall` (text to picture, by k) is there when it was just measured."""

    step: int
    steps: int
    epoch: int
    loss: float
    learning_rate: float
    logit_scale: float
    recall: Mapping[int, float] | None = None


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended a run after `step` of `steps`; its checkpoint is kept, and the same run goes on from there."""

    def __init__(self, step: int, steps: int) -> None:
        super().__init__(step, steps)
        self.step, self.steps = step, steps


@dataclass(frozen=True)
class TrainingReport:
    """How a run ended. `recall` is text to picture over the held-out examples, by k; empty without any."""

    folder: Path
    steps: int
    loss: float
    recall: Mapping[int, float]
    resumed_from: int
    seconds: float
