"""Heat maps: patches of a vision transformer compared with a text, and the picture lit by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from local_models import make_clip, make_siglip
from PIL import Image
from transformers import CLIPImageProcessorPil

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.scenes import PICTURE_SIZE, Scene, Vehicle, draw_scene
from clipsql.encoding import load_encoder
from clipsql.encoding.encoder import Encoder
from clipsql.encoding.preprocessing import Preprocessor
from clipsql.images.heat import best_box, overlay


def test_a_named_vehicle_is_where_the_heat_is() -> None:
    encoder = load_encoder(str(MODEL_FOLDER), dtype="float32")
    vehicles = (Vehicle("bus", "yellow", 80.0, 1, False), Vehicle("truck", "red", 240.0, 2, True))
    picture = draw_scene(Scene("day", "clear", "street", vehicles, False, 1, 1))
    for vehicle in vehicles:
        heat = encoder.heat_map(picture, f"a {vehicle.colour} {vehicle.kind}")
        row, column = np.unravel_index(int(heat.argmax()), heat.shape)
        left, top, right, bottom = vehicle.box
        assert left <= (column + 0.5) / heat.shape[1] * PICTURE_SIZE[0] <= right
        assert top <= (row + 0.5) / heat.shape[0] * PICTURE_SIZE[1] <= bottom
        assert -1 <= heat.min() < heat.max() <= 1


class Bright(torch.nn.Module):
    """A convolution whose features are how red and how blue a picture is; every text asks for red."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 2, 1, bias=False)
        self.convolution.weight.data = torch.tensor([[1.0, 0, 0], [0, 0, 1.0]])[:, :, None, None]

    def get_image_features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.convolution(pixel_values).mean(dim=(2, 3)) + 0.1

    def get_text_features(self, texts: torch.Tensor) -> torch.Tensor:
        return torch.tensor([[1.0, 0.0]]).repeat(len(texts), 1)


@pytest.mark.parametrize(("row", "column"), [(1, 6), (7, 0), (4, 4)])
def test_a_tower_without_patches_is_hot_where_covering_hides_what_is_asked_for(row: int, column: int) -> None:
    encoder = Encoder(
        Bright(),
        tokenize=lambda texts: {"texts": torch.zeros(len(texts), 1)},
        preprocess=Preprocessor(
            CLIPImageProcessorPil(do_center_crop=False, size={"height": 64, "width": 64})
        ),
        name="bright",
        revision="1",
        logit_scale=1.0,
    )
    assert not encoder.has_patches
    pixels = np.full((64, 64, 3), 90, np.uint8)
    pixels[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = (255, 0, 0)
    heat = encoder.heat_map(Image.fromarray(pixels), "red")
    assert heat.shape == (8, 8)
    assert divmod(int(heat.argmax()), 8) == (row, column)
    # What is not red lowers nothing by being covered.
    assert heat[(row + 4) % 8, (column + 4) % 8] < heat.max() / 10
    x, y, width, height = best_box(heat, (0, 0, 640, 640))
    assert x <= 80 * column < 80 * column + 80 <= x + width
    assert y <= 80 * row < 80 * row + 80 <= y + height
    assert width <= 240
    assert height <= 240


def test_towers_of_every_kind_have_a_heat_map(tmp_path: Path) -> None:
    encoder = load_encoder(str(make_siglip(tmp_path / "siglip")), dtype="float32")
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    heat = encoder.heat_map(picture, "a dog")
    assert heat.shape == (8, 8)
    assert np.isfinite(heat).all()
    assert heat.std() > 0


def test_the_best_box_is_what_is_hot_around_the_hottest_cell() -> None:
    heat = np.zeros((4, 5), np.float32)
    heat[1, 1:3] = 0.9, 1.0
    heat[2, 2] = 0.8
    heat[3, 4] = 0.95  # hot, but not beside it
    assert best_box(heat, (100, 20, 350, 100)) == (150, 40, 100, 40)
    assert best_box(np.full((2, 2), 0.3, np.float32), (0, 0, 10, 10)) == (0, 0, 5, 5)


def test_the_map_covers_what_is_left_of_a_picture_after_the_crop(tmp_path: Path) -> None:
    encoder = load_encoder(str(make_clip(tmp_path / "clip")), dtype="float32")
    assert encoder.heat_map(Image.new("RGB", (80, 40)), "a dog").shape == (4, 4)
    assert encoder.area_seen(80, 40) == (20, 0, 60, 40)
    assert encoder.area_seen(40, 80) == (0, 20, 40, 60)
    assert load_encoder(str(MODEL_FOLDER)).area_seen(320, 240) == (0, 0, 320, 240)


def test_hot_parts_keep_their_colour_and_all_else_turns_dark_and_grey() -> None:
    picture = Image.new("RGB", (80, 40), (255, 0, 0))
    heat = np.zeros((4, 4), np.float32)
    heat[:, 3] = 1
    lit = overlay(picture, heat, (20, 0, 60, 40))
    assert lit.size == (80, 40)
    hot, cold, outside = (lit.getpixel(place) for place in ((58, 20), (24, 20), (75, 20)))
    assert isinstance(hot, tuple)
    assert hot[0] > 230
    assert hot[1] < 20
    assert isinstance(cold, tuple)
    assert max(cold) - min(cold) <= 10
    assert max(cold) < 60
    assert cold == outside


def test_a_picture_with_the_same_heat_everywhere_and_a_large_one_are_shown_too() -> None:
    lit = overlay(Image.new("L", (4000, 1000), 200), np.full((2, 2), 0.3, np.float32), (0, 0, 4000, 1000))
    assert lit.size == (960, 240)
