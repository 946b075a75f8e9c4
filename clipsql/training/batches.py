"""Which pictures and captions meet in which step, decided by the plan's seed alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from clipsql.errors import SourceError
from clipsql.training.examples import Examples
from clipsql.training.plan import TrainingPlan

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True)
class Batch:
    """One step's examples: picture numbers (b,), caption numbers (b, c), and a source of chance."""

    images: Numbers
    captions: Numbers
    texts: tuple[str, ...]
    """The b * c captions, all of the first picture first."""
    chance: np.random.Generator

    @property
    def own(self) -> torch.Tensor:
        """Bool, shape (b, b * c): which caption was written for which picture."""
        return torch.eye(len(self.images), dtype=torch.bool).repeat_interleave(self.captions.shape[1], dim=1)


class BatchOrder:
    """The split into trained and held-out examples, and the batch of any step."""

    def __init__(self, examples: Examples, plan: TrainingPlan) -> None:
        """Raises SourceError if there are too few examples to make one batch of."""
        self._examples, self._plan = examples, plan
        groups = -(-len(examples) // plan.neighbours)
        shuffled = np.random.default_rng([plan.seed, 0]).permutation(groups)
        held_out = round(groups * plan.held_out)
        self.held_out = self._members(np.sort(shuffled[:held_out]))
        self._groups = np.sort(shuffled[held_out:])
        trained = len(self._members(self._groups))
        if trained < 2:
            raise SourceError(f"{trained} captioned pictures are left to train on; give at least 2.")
        self._batch_size = min(plan.batch_size, trained)
        self.steps_per_epoch = trained // self._batch_size
        self.steps = self.steps_per_epoch * plan.epochs

    def _members(self, groups: Numbers) -> Numbers:
        size = self._plan.neighbours
        numbers = (groups[:, None] * size + np.arange(size)).reshape(-1)
        return numbers[numbers < len(self._examples)]

    def epoch_of(self, step: int) -> int:
        """The epoch that a step belongs to, from 0."""
        return step // self.steps_per_epoch

    def batch(self, step: int) -> Batch:
        """The batch of a step, the same whenever it is asked for: so a resumed run continues the old one."""
        epoch, position = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([self._plan.seed, 1, epoch]).permutation(self._groups)
        start = position * self._batch_size
        images = self._members(order)[start : start + self._batch_size]
        chance = np.random.default_rng([self._plan.seed, 2, step])
        captions, texts = [], []
        for number in images:
            written = self._examples.captions(int(number))
            count = self._plan.captions_per_image
            chosen = chance.choice(len(written), count, replace=len(written) < count)
            captions.append(chosen)
            texts += [written[int(caption)] for caption in chosen]
        return Batch(images=images, captions=np.stack(captions), texts=tuple(texts), chance=chance)
