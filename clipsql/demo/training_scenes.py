"""The scenes and captions that the model in the box learns from, and the helper that knows their facts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from clipsql.demo.captions import FACTS, LANGUAGES, describe_and_claim, scene_facts
from clipsql.demo.scenes import (
    COLOURS,
    KINDS,
    PICTURE_SIZE,
    PLACES,
    TIMES,
    WEATHERS,
    Scene,
    draw_scene,
    random_scene,
)
from clipsql.training.auxiliary import Auxiliary
from clipsql.training.batches import Batch

HELD_OUT_PAIRS = frozenset(
    {
        ("purple", "car"),
        ("orange", "van"),
        ("yellow", "truck"),
        ("green", "bus"),
        ("blue", "motorcycle"),
        ("white", "bicycle"),
    }
)
"""Colour and kind that no training scene joins, to measure what the model makes of new combinations."""

VARIANTS = 4
"""Scenes of a family: one, and others that differ from it in one vehicle or the time; hard negatives."""

_CAPTIONS_PER_LANGUAGE = 6
_SIMPLE_FACTS = len(FACTS) - len(COLOURS) * len(KINDS)
_BACKGROUND_WEIGHT = 0.3
_FADE_FROM, _FADE_TO = 0.8, 0.9

_LIKENESS_FROM, _LIKENESS_TO, _LIKENESS_WEIGHT = 0.55, 0.65, 0.5
_FACT_WEIGHTS = torch.tensor(
    [
        1.5
        if fact in TIMES
        else 0.5
        if fact in (*WEATHERS, *PLACES)
        else 0.2
        if fact == "pedestrians"
        else 1.0
        for fact in FACTS
    ]
)
"""What makes pictures alike: above all their vehicles and the time of day."""


class SceneExamples:
    """Training scenes in families of `VARIANTS`, with captions in both languages."""

    def __init__(self, count: int) -> None:
        self.scenes: list[Scene] = []
        number = 0
        while len(self.scenes) < count:
            self.scenes += _family(number)
            number += 1
        self._captions: list[tuple[str, ...]] = []
        self.caption_facts = np.zeros((len(self.scenes), 2 * _CAPTIONS_PER_LANGUAGE, len(FACTS)), np.bool_)
        for row, scene in enumerate(self.scenes):
            said = [
                describe_and_claim(scene, seed, language)
                for language in LANGUAGES
                for seed in range(_CAPTIONS_PER_LANGUAGE)
            ]
            self._captions.append(tuple(text for text, _ in said))
            for column, (_, claims) in enumerate(said):
                self.caption_facts[row, column, list(claims.facts)] = True

    def __len__(self) -> int:
        return len(self.scenes)

    def __getstate__(self) -> dict[str, Any]:
        # The processes that draw the pictures need the scenes alone.
        return {"scenes": self.scenes}

    def image(self, number: int) -> Image.Image:
        """The scene's picture."""
        return draw_scene(self.scenes[number])

    def captions(self, number: int) -> Sequence[str]:
        """Six in English, then six in Chinese."""
        return self._captions[number]


def _family(number: int) -> list[Scene]:
    """A scene without held-out pairs and its variants; none if the scene has such a pair."""
    scene = random_scene(number)
    chance = random.Random(f"family {number}")
    family = [scene, _recoloured(scene, chance), _retyped(scene, chance), _swapped(scene, chance)]
    if any((vehicle.colour, vehicle.kind) in HELD_OUT_PAIRS for one in family for vehicle in one.vehicles):
        return []
    # Families get seeds of their own, so that no two pictures share rain, grain or captions.
    return [replace(one, seed=number * VARIANTS + place) for place, one in enumerate(family)]


def _recoloured(scene: Scene, chance: random.Random) -> Scene:
    which = chance.randrange(len(scene.vehicles))
    colour = chance.choice([colour for colour in COLOURS if colour != scene.vehicles[which].colour])
    return _with_vehicle(scene, which, colour=colour)


def _retyped(scene: Scene, chance: random.Random) -> Scene:
    which = chance.randrange(len(scene.vehicles))
    kind = chance.choice([kind for kind in KINDS if kind != scene.vehicles[which].kind])
    return _with_vehicle(scene, which, kind=kind)


def _swapped(scene: Scene, chance: random.Random) -> Scene:
    """Two vehicles with their colours exchanged; with one vehicle alone, another time of day."""
    if len(scene.vehicles) == 1:
        return replace(scene, time=chance.choice([time for time in TIMES if time != scene.time]))
    first, second = chance.sample(range(len(scene.vehicles)), 2)
    swapped = _with_vehicle(scene, first, colour=scene.vehicles[second].colour)
    return _with_vehicle(swapped, second, colour=scene.vehicles[first].colour)


def _with_vehicle(scene: Scene, which: int, **changes: str) -> Scene:
    vehicles = list(scene.vehicles)
    vehicles[which] = replace(vehicles[which], **changes)  # type: ignore[arg-type]
    return replace(scene, vehicles=tuple(vehicles))


class SceneFacts(Auxiliary):
    """Helps with what the renderer knows: which captions are true, which vehicle each patch shows.

    Without naming what each patch shows, a small model from scratch hardly starts to bind colours to kinds;
    that help fades out before the end. In the second half, pictures of like facts are drawn together.
    """

    def __init__(self, examples: SceneExamples, *, width: int, grid: int) -> None:
        super().__init__()
        self._caption_facts = examples.caption_facts
        self._scene_facts = np.zeros((len(examples), len(FACTS)), np.bool_)
        self._kinds = np.zeros((len(examples), grid, grid), np.uint8)
        self._colours = np.zeros((len(examples), grid, grid), np.uint8)
        for row, scene in enumerate(examples.scenes):
            self._scene_facts[row, list(scene_facts(scene))] = True
            _paint_patches(scene, self._kinds[row], self._colours[row])
        self._mirrored = np.zeros(0, np.bool_)
        self.whole = nn.Linear(width, _SIMPLE_FACTS)
        self.kind = nn.Linear(width, len(KINDS) + 1)
        self.colour = nn.Linear(width, len(COLOURS) + 1)

    def augment(self, pixels: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Mirrored by chance, moved by a few pixels, brighter or darker; never another hue."""
        self._mirrored = batch.chance.random(len(pixels)) < 0.5
        mirrored = torch.from_numpy(self._mirrored)[:, None, None, None]
        pixels = torch.where(mirrored, pixels.flip(-1), pixels)
        side = pixels.shape[-1]
        across, down = (int(shift) for shift in batch.chance.integers(0, 9, 2))
        pixels = functional.pad(pixels, (4, 4, 4, 4), mode="replicate")
        pixels = pixels[..., down : down + side, across : across + side]
        brightness = torch.from_numpy(batch.chance.uniform(0.88, 1.12, len(pixels)).astype(np.float32))
        return (pixels * brightness[:, None, None, None]).clamp(0, 255)

    def also_true(self, batch: Batch) -> torch.Tensor:
        """A caption is true of a scene if the scene has every fact that the caption states."""
        stated = torch.from_numpy(self._caption_facts[batch.images[:, None], batch.captions]).flatten(0, 1)
        held = torch.from_numpy(self._scene_facts[batch.images])
        missing = (~held).float() @ stated.float().T
        return missing == 0

    def loss(self, batch: Batch, images: torch.Tensor, vision: Any, progress: float) -> torch.Tensor | None:
        """Facts from the pooled vector and from each patch while that helps; later, alike scenes together."""
        losses = []
        naming = min(1.0, max(0.0, (_FADE_TO - progress) / (_FADE_TO - _FADE_FROM)))
        if naming > 0:
            losses.append(naming * self.naming_loss(batch, vision))
        likeness = min(1.0, max(0.0, (progress - _LIKENESS_FROM) / (_LIKENESS_TO - _LIKENESS_FROM)))
        if likeness > 0:
            losses.append(_LIKENESS_WEIGHT * likeness * self._likeness_loss(batch, images))
        return torch.stack(losses).sum() if losses else None

    def naming_loss(self, batch: Batch, vision: Any) -> torch.Tensor:
        """How badly the facts are known from the pooled vector, and from each patch what it shows."""
        guessed = self.whole(vision.pooler_output.float())
        facts = torch.from_numpy(self._scene_facts[batch.images, :_SIMPLE_FACTS]).float().to(guessed.device)
        whole = functional.binary_cross_entropy_with_logits(guessed, facts)
        patches = vision.last_hidden_state[:, 1:].float()
        kinds = self._patch_loss(self.kind(patches), self._kinds, batch)
        colours = self._patch_loss(self.colour(patches), self._colours, batch)
        return whole + kinds + colours

    def _likeness_loss(self, batch: Batch, images: torch.Tensor) -> torch.Tensor:
        """One minus the correlation of pictures' cosines with the weighted share of facts in common."""
        facts = torch.from_numpy(self._scene_facts[batch.images]).float().to(images.device)
        weighted = facts * _FACT_WEIGHTS.to(images.device)
        common, weight = weighted @ facts.T, weighted.sum(dim=1)
        alike = common / (weight[:, None] + weight[None, :] - common)
        apart = ~torch.eye(len(images), dtype=torch.bool, device=images.device)
        pairs = torch.stack([(images @ images.T)[apart], alike[apart]])
        pairs = functional.normalize(pairs - pairs.mean(dim=1, keepdim=True), dim=1)
        return 1 - (pairs[0] * pairs[1]).sum()

    def _patch_loss(self, logits: torch.Tensor, labels: Any, batch: Batch) -> torch.Tensor:
        grids = labels[batch.images].astype(np.int64)
        grids = np.where(self._mirrored[:, None, None], grids[:, :, ::-1], grids)
        weights = torch.ones(logits.shape[-1], device=logits.device)
        weights[0] = _BACKGROUND_WEIGHT
        target = torch.from_numpy(np.ascontiguousarray(grids)).flatten().to(logits.device)
        return functional.cross_entropy(logits.flatten(0, 1), target, weights)


def _paint_patches(scene: Scene, kinds: Any, colours: Any) -> None:
    """Number (from 1) of the kind and colour of the nearest vehicle over each patch's middle; 0 is none."""
    grid = len(kinds)
    middles = (np.arange(grid) + 0.5) / grid
    across, down = middles * PICTURE_SIZE[0], middles * PICTURE_SIZE[1]
    for vehicle in scene.vehicles:
        left, top, right, bottom = vehicle.box
        covered = np.ix_((down > top) & (down < bottom), (across > left) & (across < right))
        kinds[covered] = KINDS.index(vehicle.kind) + 1
        colours[covered] = COLOURS.index(vehicle.colour) + 1
