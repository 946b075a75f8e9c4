"""Train the model in the box that describes: `python -m clipsql.demo.build_describing`; half an hour on one core.

It says in English what a drawn picture shows: BLIP's own class for that, very small. Its image tower begins as that of
the model in the box.
"""

from __future__ import annotations

import logging
import math
import os
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import nn

from clipsql.demo import DESCRIBING_FOLDER, MODEL_FOLDER
from clipsql.demo.build_model import IMAGE_SIZE, PATCH_SIZE, WIDTH, ship
from clipsql.demo.scenes import random_scene
from clipsql.demo.sentences import full_claims, sentence
from clipsql.demo.training_scenes import SceneExamples, SceneFacts
from clipsql.training.batches import Batch
from clipsql.training.pixels import Pixels, prepare_pixels

TEXT_WIDTH, TEXT_HEADS, TEXT_DEPTH, TEXT_INNER, CONTEXT = 112, 4, 3, 192, 40
BATCH_SIZE = 64
OTHERS, _FIRST_OTHER = 8_000, 20_000_000
"""Scenes drawn at random beside the families, and the seed of the first, far from those of families."""

IMAGE_RATE, TEXT_RATE, WARMUP_STEPS = 4e-4, 1.5e-3, 100
NAMING_UNTIL = 0.85
"""Share of the run after which the image tower is no longer helped by naming what each patch shows."""

_log = logging.getLogger(__name__)


class Describing(nn.Module):
    """The model that is trained, and the helper that is thrown away."""

    def __init__(self, clip: Any, tokenizer: Any, image_processor: Any, helper: SceneFacts) -> None:
        super().__init__()
        from transformers import BlipForConditionalGeneration

        torch.manual_seed(0)
        self.model: Any = BlipForConditionalGeneration(_config(clip, tokenizer))
        self.helper = helper
        self._tokenizer = tokenizer
        self._mean = torch.tensor(image_processor.image_mean).view(3, 1, 1) * 255
        self._deviation = torch.tensor(image_processor.image_std).view(3, 1, 1) * 255

    def normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels as the image tower reads them, from values of 0 to 255, (b, 3, h, w)."""
        return (pixels - self._mean) / self._deviation

    def describing_loss(self, seen: torch.Tensor, texts: list[str]) -> torch.Tensor:
        """Cross entropy of each next token of one text for each picture."""
        how = {"padding": True, "truncation": True, "max_length": CONTEXT, "return_tensors": "pt"}
        tokens = self._tokenizer(texts, **how)
        labels = tokens["input_ids"].masked_fill(tokens["attention_mask"] == 0, -100)
        output = self.model.text_decoder(
            **tokens,
            encoder_hidden_states=seen,
            encoder_attention_mask=torch.ones(seen.shape[:2], dtype=torch.long),
            labels=labels,
            reduction="mean",
        )
        loss: torch.Tensor = output.loss
        return loss


def _config(clip: Any, tokenizer: Any) -> Any:
    """The image tower's sizes are those of the model in the box; texts are read from its start to its end token."""
    from transformers import BlipConfig

    vision = clip.config.vision_config
    same = (
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "image_size",
        "patch_size",
    )
    config = BlipConfig(
        vision_config={name: getattr(vision, name) for name in same} | {"hidden_act": vision.hidden_act},
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": TEXT_WIDTH,
            "intermediate_size": TEXT_INNER,
            "num_hidden_layers": TEXT_DEPTH,
            "num_attention_heads": TEXT_HEADS,
            "max_position_embeddings": CONTEXT,
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "sep_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        image_text_hidden_size=8,  # of the two projections that matching does not use
    )
    config._attn_implementation = "eager"
    return config


@torch.no_grad()
def begin_as(clip: Any, vision: Any, pixels: torch.Tensor) -> None:
    """Fill BLIP's image tower with that of a CLIP model, which has one layer norm more, before its first layer.

    That norm is applied to the patches' weights with the mean deviation that tokens of `pixels` have.
    """
    source = clip.vision_model
    embeddings = source.embeddings(pixels)
    norm = source.pre_layrnorm
    deviation = embeddings.var(dim=-1, unbiased=False).add(norm.eps).sqrt().mean()

    def normed(values: torch.Tensor, dim: int) -> torch.Tensor:
        shape = [-1 if place == dim else 1 for place in range(values.ndim)]
        gain: torch.Tensor = norm.weight.view(shape) / deviation
        return (values - values.mean(dim=dim, keepdim=True)) * gain

    target = vision.embeddings
    target.patch_embedding.weight.copy_(normed(source.embeddings.patch_embedding.weight, 0))
    target.patch_embedding.bias.zero_()
    target.class_embedding.copy_(normed(source.embeddings.class_embedding, 0).view(1, 1, -1))
    target.position_embedding.copy_(
        (normed(source.embeddings.position_embedding.weight, 1) + norm.bias)[None]
    )
    for layer, other in zip(vision.encoder.layers, source.encoder.layers, strict=True):
        attention = other.self_attn
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        layer.self_attn.qkv.weight.copy_(torch.cat([part.weight for part in parts]))
        layer.self_attn.qkv.bias.copy_(torch.cat([part.bias for part in parts]))
        layer.self_attn.projection.load_state_dict(attention.out_proj.state_dict())
        for name in ("layer_norm1", "layer_norm2", "mlp"):
            getattr(layer, name).load_state_dict(getattr(other, name).state_dict())


class Run:
    """The training of a model: its optimiser, its examples, and how far it has come."""

    def __init__(
        self, describing: Describing, examples: SceneExamples, pixels: Pixels, *, steps: int
    ) -> None:
        self._describing, self._examples, self._pixels = describing, examples, pixels
        self.step, self.steps = 0, steps
        image = list(describing.model.vision_model.parameters())
        tower = {id(parameter) for parameter in image}
        others = [parameter for parameter in describing.parameters() if id(parameter) not in tower]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in group if (p.ndim >= 2) is decays], "rate": rate, "weight_decay": decay}
                for group, rate in ((image, IMAGE_RATE), (others, TEXT_RATE))
                for decays, decay in ((True, 0.05), (False, 0.0))
            ],
            betas=(0.9, 0.98),
        )

    def state(self) -> dict[str, Any]:
        """What a later run needs to go on."""
        return {
            "step": self.step,
            "describing": self._describing.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on where an earlier run was."""
        self.step = state["step"]
        self._describing.load_state_dict(state["describing"])
        self._optimizer.load_state_dict(state["optimizer"])

    def advance(self) -> dict[str, float]:
        """Learn from one batch; the losses of its parts."""
        progress = self.step / self.steps
        warm = min(1.0, (self.step + 1) / WARMUP_STEPS)
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"] * warm * 0.5 * (1 + math.cos(math.pi * progress))
        losses = self._losses(np.random.default_rng(self.step), helped=progress < NAMING_UNTIL)
        self._optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._describing.parameters(), 1.0)
        self._optimizer.step()
        self.step += 1
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _losses(self, chance: np.random.Generator, *, helped: bool) -> dict[str, torch.Tensor]:
        numbers = np.sort(chance.choice(len(self._examples), BATCH_SIZE, replace=False))
        batch = Batch(images=numbers, captions=np.empty((BATCH_SIZE, 0), np.int64), texts=(), chance=chance)
        pixels = self._describing.helper.augment(torch.from_numpy(self._pixels[numbers]).float(), batch)
        texts = [sentence(full_claims(self._examples.scenes[number])) for number in numbers]
        with torch.autocast("cpu", torch.bfloat16):
            vision = self._describing.model.vision_model(self._describing.normalised(pixels))
            described = self._describing.describing_loss(vision.last_hidden_state, texts)
        losses = {"describing": described.float()}
        if helped:
            losses["naming"] = 0.5 * self._describing.helper.naming_loss(batch, vision)
        return losses


def open_examples(work_folder: Path, scenes: int) -> tuple[SceneExamples, Pixels, Any, Any]:
    """So many scenes, their pixels, and what makes tokens and pixels for the model in the box."""
    from transformers import AutoImageProcessor, AutoTokenizer

    work_folder.mkdir(parents=True, exist_ok=True)
    read: Any = AutoImageProcessor.from_pretrained
    image_processor: Any = read(MODEL_FOLDER, backend="pil")
    examples = SceneExamples(scenes)
    # Families alone would teach few backgrounds, and no pair of colour and kind that they leave out.
    examples.scenes += [random_scene(_FIRST_OTHER + number) for number in range(OTHERS)]
    pixels = prepare_pixels(
        examples, image_processor, work_folder / "pixels.npy", workers=os.cpu_count() or 1
    )
    return examples, pixels, AutoTokenizer.from_pretrained(MODEL_FOLDER), image_processor


def build(work_folder: Path, *, scenes: int, steps: int, minutes: float) -> bool:
    """Train in `work_folder`, for so many minutes at most; whether all is done, and the model in its folder."""
    from transformers import CLIPModel

    began = time.monotonic()
    examples, pixels, tokenizer, image_processor = open_examples(work_folder, scenes)
    clip: Any = CLIPModel.from_pretrained(MODEL_FOLDER)
    helper = SceneFacts(examples, width=WIDTH, grid=IMAGE_SIZE // PATCH_SIZE)
    describing = Describing(clip, tokenizer, image_processor, helper)
    run = Run(describing, examples, pixels, steps=steps)
    checkpoint = work_folder / "describing.pt"
    if checkpoint.exists():
        run.resume(torch.load(checkpoint, weights_only=True))
    else:
        some = describing.normalised(torch.from_numpy(pixels[:256]).float())
        begin_as(clip, describing.model.vision_model, some)
    while run.step < steps and time.monotonic() - began < 60 * minutes:
        losses = run.advance()
        if run.step % 50 == 0:
            _log.info(
                "step %d of %d: %s", run.step, steps, {name: round(loss, 3) for name, loss in losses.items()}
            )
    partial = checkpoint.with_suffix(".partial")
    torch.save(run.state(), partial)
    partial.replace(checkpoint)
    if run.step == steps:
        save(describing.model, tokenizer, image_processor, work_folder, DESCRIBING_FOLDER)
    return run.step == steps


def save(model: Any, tokenizer: Any, image_processor: Any, work_folder: Path, folder: Path) -> None:
    """Save a model of BLIP as transformers does, and put it, in half precision, into `folder`."""
    from transformers import BlipProcessor
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    saved = work_folder / folder.name
    names = ("size", "image_mean", "image_std", "resample")
    pictures = BlipImageProcessorPil(**{name: getattr(image_processor, name) for name in names})
    model.eval().save_pretrained(saved)
    make: Any = BlipProcessor
    make(pictures, tokenizer).save_pretrained(saved)
    ship(saved, folder)


@click.command()
@click.option("--work-folder", type=click.Path(path_type=Path), default=Path("build/demo_matching"))
@click.option("--scenes", default=12_800, show_default=True)
@click.option("--steps", default=900, show_default=True)
@click.option("--minutes", default=math.inf, help="Stop after so long; the next run goes on.")
def main(work_folder: Path, scenes: int, steps: int, minutes: float) -> None:
    """Train the model that describes; run again after an interruption, it goes on."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if not build(work_folder, scenes=scenes, steps=steps, minutes=minutes):
        _log.info("Not done yet; run again to go on.")


if __name__ == "__main__":
    main()
