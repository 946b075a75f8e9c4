"""Contrastive training as CLIP does it (Radford et al. 2021): from scratch, or from a trained CLIP model."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from clipsql.encoding.device import choose_device
from clipsql.training.auxiliary import Auxiliary
from clipsql.training.batches import Batch, BatchOrder
from clipsql.training.checkpoints import CHECKPOINT, load_checkpoint, save_checkpoint
from clipsql.training.examples import Examples
from clipsql.training.interrupts import Interrupts
from clipsql.training.loss import contrastive_loss, same_text
from clipsql.training.pixels import Pixels, prepare_pixels
from clipsql.training.plan import Interrupted, Progress, TrainingPlan, TrainingReport
from clipsql.training.recall import described, recall_at_k
from clipsql.training.towers import Towers

PIXELS = "pixels.npy"

_log = logging.getLogger(__name__)

_BETAS = (0.9, 0.98)
_EVALUATION_BATCH = 128


def train(
    model: Any,
    tokenizer: Any,
    image_processor: Any,
    examples: Examples,
    plan: TrainingPlan,
    *,
    output_folder: Path,
    auxiliary: Auxiliary | None = None,
    device: str | None = None,
    workers: int = 1,
    on_prepared: Callable[[int, int], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> TrainingReport:
    """Train `model` in place and save it as an ordinary transformers folder.

    Pictures are decoded once, into a file in `output_folder` (150 kB for each at 224 pixels) that goes away
    at the end.
    Run again after an interruption with the same arguments, it goes on from its last checkpoint in
    `output_folder`. Ctrl-C keeps one after the step under way and raises Interrupted, a second Ctrl-C ends at
    once. With more than one of `workers`, so many processes decode the pictures; the calling
    program must then guard its start by `if __name__ == "__main__"`. `on_prepared` hears (done, all) while
    pictures are decoded, `on_progress` every step.
    Raises ModelError, SourceError, ImageError, ConfigurationError.
    """
    started = time.monotonic()
    output_folder.mkdir(parents=True, exist_ok=True)
    order = BatchOrder(examples, plan)
    pixels = prepare_pixels(
        examples, image_processor, output_folder / PIXELS, workers=workers, on_prepared=on_prepared
    )
    run = _Run(
        towers=Towers(
            model,
            tokenizer,
            image_processor,
            device=choose_device(device),
            mixed_precision=plan.mixed_precision,
        ),
        auxiliary=auxiliary or Auxiliary(),
        plan=plan,
        order=order,
        pixels=pixels,
    )
    resumed_from = run.resume(output_folder, len(examples))
    recall = dict[int, float]()
    with Interrupts() as interrupts:
        for step in range(resumed_from, order.steps):
            run.step(step)
            done = step + 1
            measure = len(order.held_out) > 0 and (done % plan.evaluate_every == 0 or done == order.steps)
            if measure:
                recall = dict(run.recall(examples))
                _log.info("Step %d of %d: %s", done, order.steps, described(recall), extra={"step": done})
            is_interrupted = interrupts.came
            if is_interrupted or done % plan.checkpoint_every == 0 or done == order.steps:
                save_checkpoint(output_folder, plan, len(examples), done, run.state())
            if on_progress:
                on_progress(run.progress(done, recall if measure else None))
            if is_interrupted:
                raise Interrupted(done, order.steps)
    if resumed_from == order.steps:
        recall = dict(run.recall(examples))
    _save(output_folder, model, tokenizer, image_processor)
    return TrainingReport(
        folder=output_folder,
        steps=order.steps,
        loss=run.loss,
        recall=recall,
        resumed_from=resumed_from,
        seconds=time.monotonic() - started,
    )


class _Run:
    """The moving parts of one run."""

    def __init__(
        self, *, towers: Towers, auxiliary: Auxiliary, plan: TrainingPlan, order: BatchOrder, pixels: Pixels
    ) -> None:
        self._towers, self._plan, self._order, self._pixels = towers, plan, order, pixels
        self._auxiliary = auxiliary.to(towers.device)
        self._optimizer = _optimizer([towers.model, self._auxiliary], plan)
        self.loss = math.nan
        """Contrastive loss of the last step."""

    def resume(self, folder: Path, examples: int) -> int:
        """The number of steps that an earlier run has done, its state taken over."""
        stored = load_checkpoint(folder, self._plan, examples)
        if stored is None:
            return 0
        step, state = stored
        self._towers.model.load_state_dict(state["model"])
        self._auxiliary.load_state_dict(state["auxiliary"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.loss = state["loss"]
        return step

    def state(self) -> dict[str, Any]:
        """What a later run needs to go on."""
        return {
            "model": self._towers.model.state_dict(),
            "auxiliary": self._auxiliary.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "loss": self.loss,
        }

    def step(self, step: int) -> None:
        """Learn from one batch."""
        self._towers.model.train()
        # Dropout, where a model has it, must not depend on whether the run was interrupted.
        torch.manual_seed(self._plan.seed * 1_000_003 + step)
        for group in self._optimizer.param_groups:
            group["lr"] = self._learning_rate(step)
        batch = self._order.batch(step)
        contrastive, helping = self._losses(batch, step / self._order.steps)
        self._optimizer.zero_grad(set_to_none=True)
        (contrastive if helping is None else contrastive + helping).backward()  # type: ignore[no-untyped-call]
        parameters = [parameter for group in self._optimizer.param_groups for parameter in group["params"]]
        nn.utils.clip_grad_norm_(parameters, self._plan.max_gradient_norm)
        self._optimizer.step()
        self._towers.clip_scale()
        self.loss = float(contrastive.detach())

    def _losses(self, batch: Batch, progress: float) -> tuple[torch.Tensor, torch.Tensor | None]:
        towers, device = self._towers, self._towers.device
        pixels = self._auxiliary.augment(self._read(batch.images), batch)
        images, vision = towers.images(pixels.to(device))
        texts = towers.texts(list(batch.texts))
        true = batch.own | same_text(batch.texts, batch.captions.shape[1])
        also_true = self._auxiliary.also_true(batch)
        if also_true is not None:
            true = true | also_true
        similarities = towers.scale * images @ texts.T
        loss = contrastive_loss(similarities, batch.own.to(device), true.to(device))
        return loss, self._auxiliary.loss(batch, images, vision, progress)

    def _read(self, numbers: np.ndarray[Any, np.dtype[np.int64]]) -> torch.Tensor:
        return torch.from_numpy(self._pixels[numbers]).float()

    def _learning_rate(self, step: int) -> float:
        """Rises in a line over the warm-up, then falls to 0 along a cosine."""
        warmup = min(self._plan.warmup_steps, self._order.steps)
        if step < warmup:
            return self._plan.learning_rate * (step + 1) / warmup
        share = (step - warmup) / max(1, self._order.steps - warmup)
        return self._plan.learning_rate * 0.5 * (1 + math.cos(math.pi * share))

    @torch.no_grad()
    def recall(self, examples: Examples) -> Mapping[int, float]:
        """Text to picture over the held-out examples, with the first caption of each."""
        numbers = self._order.held_out
        if not len(numbers):
            return {}
        self._towers.model.eval()
        images, texts = [], []
        for start in range(0, len(numbers), _EVALUATION_BATCH):
            some = numbers[start : start + _EVALUATION_BATCH]
            images.append(self._towers.images(self._read(some).to(self._towers.device))[0])
            texts.append(self._towers.texts([examples.captions(int(number))[0] for number in some]))
        return recall_at_k(torch.cat(texts), torch.cat(images))

    def progress(self, done: int, recall: Mapping[int, float] | None) -> Progress:
        """What to tell after so many steps."""
        return Progress(
            step=done,
            steps=self._order.steps,
            epoch=self._order.epoch_of(done - 1) + 1,
            loss=self.loss,
            learning_rate=self._learning_rate(done - 1),
            logit_scale=float(self._towers.scale.detach()),
            recall=recall,
        )


def _optimizer(modules: list[nn.Module], plan: TrainingPlan) -> torch.optim.AdamW:
    """AdamW that decays matrices only: gains, biases and the temperature stay free, as in CLIP."""
    parameters = [
        parameter for module in modules for parameter in module.parameters() if parameter.requires_grad
    ]
    return torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": plan.weight_decay},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=plan.learning_rate,
        betas=_BETAS,
    )


def _save(folder: Path, model: Any, tokenizer: Any, image_processor: Any) -> None:
    from transformers.utils import logging

    model.eval()
    reports: Any = logging  # partly untyped
    bars = reports.is_progress_bar_enabled()
    reports.disable_progress_bar()
    try:
        for part in (model, tokenizer, image_processor):
            part.save_pretrained(folder)
    finally:
        if bars:
            reports.enable_progress_bar()
    # transformers writes the weights readable by their owner alone; a model folder is for sharing.
    for file in folder.glob("*.safetensors"):
        file.chmod(0o644)
    for working_file in (CHECKPOINT, PIXELS):
        (folder / working_file).unlink(missing_ok=True)
