"""Heat maps: patches of a vision transformer compared with a text, and the picture lit by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from local_models import make_clip, make_siglip
from PIL import Image

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.scenes import PICTURE_SIZE, Scene, Vehicle, draw_scene
from clipsql.encoding import load_encoder
from clipsql.errors import ModelError
from clipsql.images.heat import overlay


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


def test_a_tower_that_is_no_vision_transformer_of_clip_says_so(tmp_path: Path) -> None:
    encoder = load_encoder(str(make_siglip(tmp_path / "siglip")), dtype="float32")
    with pytest.raises(ModelError, match="Heat maps need the vision transformer of a CLIP model"):
        encoder.heat_map(Image.new("RGB", (40, 40)), "a dog")


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
