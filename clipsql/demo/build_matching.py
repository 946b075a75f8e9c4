"""Train the model in the box that matches: `python -m clipsql.demo.build_matching`; half an hour on one core.

It tells whether a text is true of a drawn picture: BLIP's own class for that, very small. It begins as the model that
describes (`build_describing`), whose image tower it keeps as it is, and learns from texts that are false in one thing.
"""

from __future__ import annotations

import logging
import math
import random
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from clipsql.demo import DESCRIBING_FOLDER, MATCHING_FOLDER
from clipsql.demo.build_describing import CONTEXT, TEXT_WIDTH, open_examples, save
from clipsql.demo.captions import Claims, choose_claims, phrase, scene_facts
from clipsql.demo.scenes_facts import COLOURS, KINDS, Scene
from clipsql.demo.sentences import false_claims, full_claims, vehicles_in_words
from clipsql.demo.training_scenes import SceneExamples

BATCH_SIZE, PAIRS, EASY = 64, 2, 0.2
RATE, WARMUP_STEPS = 1e-3, 50

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Named:
    """A vehicle that a text names plainly: where its colour and its kind stand, and what the scene really has."""

    colour_at: int
    kind_at: int
    is_there: bool
    colours_of_kind: tuple[bool, ...]
    kinds_of_colour: tuple[bool, ...]


@dataclass(frozen=True)
class Text:
    """A text about a scene: whether it is true, and the vehicles that it names plainly."""

    body: str
    is_true: bool
    vehicles: tuple[Named, ...] = ()


def texts_for(scene: Scene, other: Scene, chance: random.Random) -> list[Text]:
    """`PAIRS` true texts of a scene, in English or Chinese, each followed by a false one.

    That is false in one thing, or true of the other scene, which is easier.
    """
    texts = []
    for _ in range(PAIRS):
        only_vehicles = chance.random() < 0.7
        language = chance.choice(("plain", "plain", "en", "zh") if only_vehicles else ("en", "zh"))
        claims = _some_claims(scene, chance, only_vehicles=only_vehicles)
        wrong = _some_claims(other, chance, only_vehicles=only_vehicles)
        if chance.random() > EASY or wrong.facts <= scene_facts(scene):
            wrong = false_claims(claims, scene, chance)
        for stated in (claims, wrong):
            is_true = stated is claims
            if language == "plain":
                body = vehicles_in_words(stated)
                texts.append(Text(body, is_true, _vehicles(body, stated, scene)))
            else:
                texts.append(Text(phrase(stated, chance, language), is_true))
    return texts


def _some_claims(scene: Scene, chance: random.Random, *, only_vehicles: bool) -> Claims:
    """All vehicles with their colours, the hard part, or what a caption may state but for pedestrians: too small."""
    if only_vehicles:
        vehicles = list(full_claims(scene).vehicles)
        chance.shuffle(vehicles)
        return Claims(vehicles=tuple(vehicles))
    while True:
        claims = replace(choose_claims(scene, chance), pedestrians=False)
        if claims.facts:
            return claims


def _vehicles(body: str, claims: Claims, scene: Scene) -> tuple[Named, ...]:
    held = {(vehicle.colour, vehicle.kind) for vehicle in scene.vehicles}
    found, start = [], 0
    for colour, kind in claims.vehicles:
        assert colour is not None
        assert kind is not None
        at = body.index(f"{colour} {kind}", start)
        start = at + len(colour) + 1
        found.append(
            Named(
                colour_at=at,
                kind_at=start,
                is_there=(colour, kind) in held,
                colours_of_kind=tuple((one, kind) in held for one in COLOURS),
                kinds_of_colour=tuple((colour, one) in held for one in KINDS),
            )
        )
    return tuple(found)


class Matching(nn.Module):
    """The model that is trained, and helpers, thrown away.

    They name the colours of each kind that a text names, and the kinds of each colour: what is there must be found
    before it can be compared with what is said. Without them the model hardly starts to join colours and kinds.
    """

    def __init__(self, describing: Any, tokenizer: Any) -> None:
        super().__init__()
        from transformers import BlipForImageTextRetrieval

        torch.manual_seed(0)
        self.model: Any = BlipForImageTextRetrieval(describing.config)
        self.model.vision_model.load_state_dict(describing.vision_model.state_dict())
        self.model.text_encoder.load_state_dict(describing.text_decoder.bert.state_dict())
        self.model.vision_model.requires_grad_(False)
        self.is_there = nn.Linear(TEXT_WIDTH, 1)
        self.colours = nn.Linear(TEXT_WIDTH, len(COLOURS))
        self.kinds = nn.Linear(TEXT_WIDTH, len(KINDS))
        self._tokenizer = tokenizer

    def losses(self, seen: torch.Tensor, texts: list[Text]) -> dict[str, torch.Tensor]:
        """Cross entropy of whether texts are true, and of what the helpers say of the vehicles in them."""
        bodies = [text.body for text in texts]
        tokens = self._tokenizer(
            bodies, padding=True, truncation=True, max_length=CONTEXT, return_tensors="pt"
        )
        seen = seen.repeat_interleave(len(texts) // len(seen), dim=0)
        with torch.autocast("cpu", torch.bfloat16):
            read = self.model.text_encoder(
                input_ids=tokens["input_ids"],
                attention_mask=tokens["attention_mask"],
                encoder_hidden_states=seen,
                encoder_attention_mask=torch.ones(seen.shape[:2], dtype=torch.long),
                output_hidden_states=True,
            )
            logits = self.model.itm_head(read.last_hidden_state[:, 0])
        is_true = torch.tensor([int(text.is_true) for text in texts])
        named = [(row, one) for row, text in enumerate(texts) for one in text.vehicles]
        rows = [row for row, _ in named]
        kind_at = [tokens.char_to_token(row, one.kind_at) for row, one in named]
        colour_at = [tokens.char_to_token(row, one.colour_at) for row, one in named]
        # The first layer finds, the second compares, and the last is left to join what they found.
        found, compared = (read.hidden_states[layer].float() for layer in (1, 2))
        binary = functional.binary_cross_entropy_with_logits
        are_there = torch.tensor([[float(one.is_there)] for _, one in named])
        colours = torch.tensor([one.colours_of_kind for _, one in named]).float()
        kinds = torch.tensor([one.kinds_of_colour for _, one in named]).float()
        return {
            "matching": functional.cross_entropy(logits.float(), is_true),
            "vehicles": binary(self.is_there(compared[rows, kind_at]), are_there),
            "colours": 3 * binary(self.colours(found[rows, kind_at]), colours),
            "kinds": 3 * binary(self.kinds(found[rows, colour_at]), kinds),
        }


@torch.no_grad()
def features(model: Any, pixels: Any, image_processor: Any, file: Path) -> Any:
    """What the image tower makes of every picture and of its mirror image, float16, (n, 2, tokens, width)."""
    if file.exists():
        return np.load(file, mmap_mode="r")
    mean = torch.tensor(image_processor.image_mean).view(3, 1, 1) * 255
    deviation = torch.tensor(image_processor.image_std).view(3, 1, 1) * 255
    partial, target = file.with_suffix(".partial"), None
    for start in range(0, len(pixels), BATCH_SIZE):
        values = (torch.from_numpy(pixels[start : start + BATCH_SIZE]).float() - mean) / deviation
        with torch.autocast("cpu", torch.bfloat16):
            seen = [model.vision_model(one).last_hidden_state for one in (values, values.flip(-1))]
        stacked = torch.stack(seen, dim=1).half().numpy()
        if target is None:
            shape = (len(pixels), *stacked.shape[1:])
            target = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float16, shape=shape)
        target[start : start + len(stacked)] = stacked
    del target
    partial.replace(file)
    return np.load(file, mmap_mode="r")


def build(work_folder: Path, *, scenes: int, steps: int, minutes: float) -> bool:
    """Train in `work_folder`, for so many minutes at most; whether all is done, and the model in its folder."""
    from transformers import BlipForConditionalGeneration

    began = time.monotonic()
    examples, pixels, tokenizer, image_processor = open_examples(work_folder, scenes)
    loaded: Any = BlipForConditionalGeneration.from_pretrained(DESCRIBING_FOLDER, attn_implementation="eager")
    matching = Matching(loaded, tokenizer)
    seen = features(loaded.eval(), pixels, image_processor, work_folder / "features.npy")
    trained = [parameter for parameter in matching.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in trained if p.ndim >= 2], "weight_decay": 0.05},
            {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
        ],
        betas=(0.9, 0.98),
    )
    step, checkpoint = 0, work_folder / "matching.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        step = state["step"]
        matching.load_state_dict(state["matching"])
        optimizer.load_state_dict(state["optimizer"])
    while step < steps and time.monotonic() - began < 60 * minutes:
        for group in optimizer.param_groups:
            group["lr"] = (
                RATE * min(1.0, (step + 1) / WARMUP_STEPS) * 0.5 * (1 + math.cos(math.pi * step / steps))
            )
        losses = _step(matching, examples, seen, step)
        optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        step += 1
        if step % 50 == 0:
            told = {name: round(float(loss.detach()), 3) for name, loss in losses.items()}
            _log.info("step %d of %d: %s", step, steps, told)
    state = {"step": step, "matching": matching.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, checkpoint.with_suffix(".partial"))
    checkpoint.with_suffix(".partial").replace(checkpoint)
    if step == steps:
        save(matching.model, tokenizer, image_processor, work_folder, MATCHING_FOLDER)
    return step == steps


def _step(matching: Matching, examples: SceneExamples, seen: Any, step: int) -> dict[str, torch.Tensor]:
    chance = np.random.default_rng(step)
    numbers = np.sort(chance.choice(len(examples), BATCH_SIZE, replace=False))
    scenes = [examples.scenes[number] for number in numbers]
    words = random.Random(f"texts {step}")
    texts = [
        text
        for scene, other in zip(scenes, [*scenes[1:], scenes[0]], strict=True)
        for text in texts_for(scene, other, words)
    ]
    features = torch.from_numpy(seen[numbers, chance.integers(0, 2, BATCH_SIZE)]).float()
    return matching.losses(features, texts)


@click.command()
@click.option("--work-folder", type=click.Path(path_type=Path), default=Path("build/demo_matching"))
@click.option("--scenes", default=12_800, show_default=True)
@click.option("--steps", default=2000, show_default=True)
@click.option("--minutes", default=math.inf, help="Stop after so long; the next run goes on.")
def main(work_folder: Path, scenes: int, steps: int, minutes: float) -> None:
    """Train the model that matches; run again after an interruption, it goes on."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if not build(work_folder, scenes=scenes, steps=steps, minutes=minutes):
        _log.info("Not done yet; run again to go on.")


if __name__ == "__main__":
    main()
