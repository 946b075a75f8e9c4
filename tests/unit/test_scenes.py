"""Scenes, captions and cameras: the world of the demo."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from clipsql.demo.cameras import CAMERAS, CITY_TIME, time_of_day, week_of_frames
from clipsql.demo.captions import FACTS, LANGUAGES, describe, describe_and_claim, scene_facts
from clipsql.demo.scenes import COLOURS, KINDS, PLACES, TIMES, WEATHERS, Scene, draw_scene, random_scene


def _digest(scene: Scene) -> str:
    return hashlib.sha256(draw_scene(scene).tobytes()).hexdigest()


def _brightness(scene: Scene) -> float:
    return float(np.asarray(draw_scene(scene)).mean())


def test_a_seed_gives_the_same_picture_and_captions_in_another_process() -> None:
    code = (
        "import hashlib\n"
        "from clipsql.demo.captions import describe\n"
        "from clipsql.demo.scenes import draw_scene, random_scene\n"
        "scene = random_scene(7)\n"
        "print(hashlib.sha256(draw_scene(scene).tobytes()).hexdigest())\n"
        "print(ascii(describe(scene, 3, 'zh')))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == [_digest(random_scene(7)), ascii(describe(random_scene(7), 3, "zh"))]


def test_drawing_and_describing_load_no_torch() -> None:
    code = (
        "import sys\n"
        "import clipsql.demo.cameras, clipsql.demo.captions, clipsql.demo.scenes, clipsql.training\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_fact_occurs_among_random_scenes() -> None:
    held = frozenset().union(*(scene_facts(random_scene(seed)) for seed in range(800)))
    assert held == frozenset(range(len(FACTS)))


def test_scenes_have_one_to_three_vehicles() -> None:
    assert {len(random_scene(seed).vehicles) for seed in range(100)} == {1, 2, 3}


@pytest.mark.parametrize(
    "size", [pytest.param((320, 240), id="own size"), pytest.param((96, 64), id="small")]
)
def test_a_picture_has_the_size_asked_for(size: tuple[int, int]) -> None:
    picture = draw_scene(random_scene(1), size=size)
    assert (picture.size, picture.mode) == (size, "RGB")


def test_night_is_darker_than_dusk_and_dusk_than_day() -> None:
    clear = replace(random_scene(5), weather="clear", place="street")
    night, dusk, day = (_brightness(replace(clear, time=time)) for time in ("night", "dusk", "day"))
    assert night < dusk < day


@pytest.mark.parametrize(
    ("field", "values"),
    [
        pytest.param("time", TIMES, id="time"),
        pytest.param("weather", WEATHERS, id="weather"),
        pytest.param("place", PLACES, id="place"),
    ],
)
def test_every_value_of_a_fact_gives_another_picture(field: str, values: tuple[str, ...]) -> None:
    pictures = {_digest(replace(random_scene(3), **{field: value})) for value in values}  # type: ignore[arg-type]
    assert len(pictures) == len(values)


def test_pedestrians_show() -> None:
    scene = replace(random_scene(3), place="street")
    assert _digest(replace(scene, pedestrians=True)) != _digest(replace(scene, pedestrians=False))


@pytest.mark.parametrize("time", TIMES)
def test_a_vehicle_shows_its_own_colour_at_any_hour(time: str) -> None:
    scene = replace(random_scene(2), time=time, weather="clear", place="highway")
    vehicle = replace(scene.vehicles[0], kind="truck", x=160.0, lane=1, faces_left=False)
    means = {}
    for colour in COLOURS:
        picture = draw_scene(replace(scene, vehicles=(replace(vehicle, colour=colour),)))
        # The middle of the load, away from wheels and lamps.
        means[colour] = np.asarray(picture, np.float32)[135:160, 110:170].mean(axis=(0, 1))
    nearest = min(
        float(np.abs(means[first] - means[second]).max())
        for first in COLOURS
        for second in COLOURS
        if first < second
    )
    assert nearest > 25
    assert means["red"].argmax() == 0
    assert means["green"].argmax() == 1
    assert means["blue"].argmax() == 2
    assert np.ptp(means["silver"]) < 15


def test_each_kind_is_drawn_inside_its_box() -> None:
    scene = replace(random_scene(2), time="day", weather="clear", place="tunnel")
    vehicle = replace(scene.vehicles[0], x=160.0, lane=1, colour="red")
    empty = np.asarray(draw_scene(replace(scene, vehicles=())), np.int16)
    for kind in KINDS:
        one = replace(vehicle, kind=kind)
        drawn = (
            np.abs(np.asarray(draw_scene(replace(scene, vehicles=(one,))), np.int16) - empty).max(axis=2) > 20
        )
        left, top, right, bottom = one.box
        rows, columns = np.nonzero(drawn)
        assert top - 4 <= rows.min() <= top + 8, kind
        assert bottom - 4 <= rows.max() <= bottom + 6, kind
        assert left - 4 <= columns.min() <= left + 6, kind
        assert right - 6 <= columns.max() <= right + 4, kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_caption_claims_only_what_holds(language: str) -> None:
    for seed in range(200):
        scene = random_scene(seed)
        text, claims = describe_and_claim(scene, seed, language)
        assert text == text.strip()
        assert text
        assert claims.facts
        assert claims.facts <= scene_facts(scene)


def test_english_captions_name_no_colour_or_kind_that_is_not_there() -> None:
    for seed in range(200):
        scene = random_scene(seed)
        words = set(re.findall("[a-z]+", describe(scene, 0, "en")))
        assert words & set(COLOURS) <= {vehicle.colour for vehicle in scene.vehicles}
        assert words & set(KINDS) <= {vehicle.kind for vehicle in scene.vehicles}


def test_captions_vary_with_the_seed() -> None:
    for language in LANGUAGES:
        assert len({describe(random_scene(1), seed, language) for seed in range(40)}) > 15


def test_chinese_captions_have_no_latin_letters() -> None:
    assert not any(re.search("[a-z]", describe(random_scene(seed), 0, "zh")) for seed in range(200))


def test_twelve_cameras_stand_apart_in_one_city() -> None:
    places = {(camera.longitude, camera.latitude) for camera in CAMERAS}
    assert len(CAMERAS) == len(places) == len({camera.id for camera in CAMERAS}) == 12
    longitudes, latitudes = zip(*places, strict=True)
    assert max(longitudes) - min(longitudes) < 0.2
    assert max(latitudes) - min(latitudes) < 0.2


def test_a_week_of_frames_fits_cameras_and_hours() -> None:
    frames = week_of_frames(600)
    assert frames == week_of_frames(600)
    assert {frame.camera for frame in frames} == set(CAMERAS)
    for frame in frames:
        assert frame.scene.place == frame.camera.place
        assert frame.scene.time == time_of_day(frame.taken_at)
    moments = [frame.taken_at for frame in frames]
    assert moments == sorted(moments)
    assert 6 < (moments[-1] - moments[0]).total_seconds() / 86_400 <= 7
    nights = {frame.taken_at.astimezone(CITY_TIME).hour for frame in frames if frame.scene.time == "night"}
    assert not nights & set(range(6, 20))
    assert {frame.scene.time for frame in frames} == set(TIMES)
    assert {frame.scene.weather for frame in frames} == set(WEATHERS)


def test_a_camera_always_sees_the_same_backdrop() -> None:
    seen: dict[str, set[int]] = {}
    for frame in week_of_frames(100):
        seen.setdefault(frame.camera.id, set()).add(frame.scene.backdrop)
    assert all(len(backdrops) == 1 for backdrops in seen.values())
    assert len({next(iter(backdrops)) for backdrops in seen.values()}) == len(CAMERAS)
