"""Fingerprints tell copies from other photographs of the same thing."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from clipsql.demo.scenes import Scene, draw_scene, random_scene
from clipsql.images.hashing import fingerprint, look
from clipsql.images.likeness import differences

MOST = 2.0


def apart(one: Image.Image, other: Image.Image) -> float:
    """How much two pictures differ, the same both ways."""
    first, second = (np.frombuffer(fingerprint(image), np.uint8)[None] for image in (one, other))
    (there,), (back,) = differences(first, second), differences(second, first)
    assert there == pytest.approx(back, abs=0.01)
    return float(there)


def saved(image: Image.Image, format_name: str, **options: object) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, format_name, **options)
    return Image.open(stream).convert("RGB")


def cropped(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop(
        (int(left * width), int(top * height), int((1 - right) * width), int((1 - bottom) * height))
    )


def shirt(colour: tuple[int, int, int], *, badge: bool = False) -> Image.Image:
    """A garment on the ground on which all garments lie."""
    image = Image.new("RGB", (480, 480), (214, 207, 196))
    draw = ImageDraw.Draw(image)
    draw.polygon(
        [(150, 100), (330, 100), (420, 180), (340, 220), (340, 430), (140, 430), (140, 220), (60, 180)],
        colour,
    )
    if badge:
        draw.ellipse((270, 180, 286, 196), "white")
    return image.filter(ImageFilter.GaussianBlur(1))


@pytest.fixture(scope="module", params=[3, 4, 5])
def scene(request: pytest.FixtureRequest) -> Scene:
    return replace(random_scene(request.param), time="day", weather="clear sky")


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(lambda image: saved(image, "JPEG", quality=90), id="JPEG quality 90"),
        pytest.param(lambda image: saved(image, "JPEG", quality=50), id="JPEG quality 50"),
        pytest.param(lambda image: saved(image, "WEBP", quality=80), id="WebP"),
        pytest.param(lambda image: saved(image, "PNG"), id="PNG"),
        pytest.param(lambda image: image.resize((image.width * 2, image.height * 2)), id="twice the size"),
        pytest.param(lambda image: image.reduce(2), id="half the size"),
        pytest.param(lambda image: image.resize((300, 300)), id="another shape"),
        pytest.param(lambda image: cropped(image, 0.01, 0.01, 0.01, 0.01), id="cropped by 1 % a side"),
        pytest.param(lambda image: cropped(image, 0.02, 0.02, 0.02, 0.02), id="cropped by 2 % a side"),
        pytest.param(lambda image: cropped(image, 0, 0.03, 0, 0), id="cropped at the top"),
        pytest.param(lambda image: cropped(image, 0, 0, 0, 0.03), id="cropped at the bottom"),
        pytest.param(lambda image: cropped(image, 0.03, 0, 0, 0), id="cropped at the left"),
        pytest.param(lambda image: cropped(image, 0, 0, 0.03, 0), id="cropped at the right"),
    ],
)
def test_copies_are_within_the_limit(scene: Scene, copy: object) -> None:
    image = draw_scene(scene).filter(
        ImageFilter.GaussianBlur(1.5)
    )  # photographs are softer than what is drawn
    assert apart(image, copy(image)) <= MOST  # type: ignore[operator]


def test_frames_of_a_fixed_camera_are_not(scene: Scene) -> None:
    empty = draw_scene(replace(scene, vehicles=()))
    later = draw_scene(replace(scene, vehicles=(), seed=scene.seed + 1))
    passed = [draw_scene(replace(scene, vehicles=(vehicle,))) for vehicle in scene.vehicles]
    assert min(apart(empty, one) for one in [later, *passed]) > MOST


def test_a_small_thing_that_changed_is_seen(scene: Scene) -> None:
    before = draw_scene(scene)
    after = before.copy()
    left, top = int(before.width * 0.4), int(before.height * 0.6)
    after.paste("black", (left, top, left + before.width // 40, top + before.height // 40))
    assert apart(before, after) > MOST


def test_garments_on_the_same_ground_are_not_copies() -> None:
    # Equally grey: 0.299 R + 0.587 G + 0.114 B is 89 of both.
    red, green = shirt((180, 50, 50)), shirt((50, 117, 46))
    assert apart(red, green) == np.inf
    assert apart(red, shirt((180, 50, 50), badge=True)) > MOST
    assert apart(red, shirt((170, 40, 40))) > MOST
    assert apart(red, saved(red, "JPEG", quality=60)) <= MOST


def test_pictures_that_are_nothing_alike_are_infinitely_apart() -> None:
    assert apart(Image.new("RGB", (90, 60), "white"), Image.new("RGB", (90, 60), "black")) == np.inf
    assert apart(Image.new("RGB", (90, 60), "grey"), Image.new("RGB", (60, 90), "grey")) == 0


def test_neither_a_detail_nor_a_view_that_moved_is_a_copy(scene: Scene) -> None:
    image = draw_scene(scene)
    assert apart(image, cropped(image, 0.2, 0.2, 0.2, 0.2)) > MOST
    assert apart(cropped(image, 0.06, 0, 0, 0), cropped(image, 0, 0, 0.06, 0)) > MOST


def test_pairs_are_judged_one_by_one_in_their_order(scene: Scene) -> None:
    image = draw_scene(scene)
    others = [
        image,
        saved(image, "JPEG", quality=50),
        Image.new("RGB", (9, 9), "white"),
        cropped(image, 0.02, 0, 0, 0),
    ]
    prints = np.stack([np.frombuffer(fingerprint(other), np.uint8) for other in others])
    wanted = [apart(image, other) for other in others]
    found = differences(np.repeat(prints[:1], 600, axis=0), np.tile(prints, (150, 1)))
    assert found == pytest.approx(np.tile(wanted, 150), abs=0.01)


def test_a_fingerprint_shows_what_the_picture_looked_like(scene: Scene) -> None:
    image = draw_scene(scene)
    known = fingerprint(image)
    assert len(known) == 1964
    seen = look(known, image.size)
    assert seen.size == image.size
    coarse = [np.asarray(one.resize((8, 8), Image.Resampling.BOX), np.float32) for one in (seen, image)]
    assert np.abs(coarse[0] - coarse[1]).mean() < 8


def test_a_copy_lacks_no_more_than_an_eighth_at_a_side() -> None:
    chance = np.random.default_rng(3).integers(0, 256, (4, 4, 3), np.uint8)
    soft = Image.fromarray(chance).resize((400, 400), Image.Resampling.BICUBIC)
    assert apart(soft, cropped(soft, 0.1, 0.1, 0.1, 0.1)) <= MOST
    assert apart(soft, cropped(soft, 0.14, 0.14, 0.14, 0.14)) > MOST


def test_a_change_where_the_picture_is_busy_counts_less_but_it_counts() -> None:
    def change(striped: bool) -> float:
        grey = np.full((42, 42), 128, np.uint8)
        if striped:
            grey[:, np.arange(42) % 6 < 3] = 60
        changed = grey.copy()
        changed[18:25, 18:25] += 20
        first, second = (np.append(one.ravel(), np.full(200, 128, np.uint8))[None] for one in (grey, changed))
        (found,) = differences(first, second)
        return float(found)

    assert 8 < change(striped=True) < change(striped=False) == pytest.approx(20, abs=6)
