"""Say all that a scene shows in one plain English sentence, read it back, and say what is false in it."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any

from clipsql.demo.captions import Claims, scene_facts
from clipsql.demo.captions_words import ENGLISH
from clipsql.demo.scenes_facts import COLOURS, KINDS, PLACES, TIMES, WEATHERS, Scene

_TIMES = {time: ENGLISH.times[time][0] for time in TIMES}
_WEATHERS = {weather: ENGLISH.weathers[weather][0] for weather in WEATHERS}
_PLACES = {place: ENGLISH.places[place][0] for place in PLACES}
_VEHICLE = f"an? ({'|'.join(COLOURS)}) ({'|'.join(KINDS)})"
_SENTENCE = re.compile(
    f"(?P<vehicles>{_VEHICLE}(?:(?:, | and ){_VEHICLE})*)"
    f" (?P<place>{'|'.join(_PLACES.values())}) (?P<time>{'|'.join(_TIMES.values())})"
    f" (?P<weather>{'|'.join(_WEATHERS.values())})"
)


def full_claims(scene: Scene) -> Claims:
    """Every vehicle with its colour, far ones first, alike ones once; time, weather and place."""
    vehicles = tuple(dict.fromkeys((vehicle.colour, vehicle.kind) for vehicle in scene.vehicles))
    return Claims(vehicles=vehicles, time=scene.time, weather=scene.weather, place=scene.place)


def vehicles_in_words(claims: Claims) -> str:
    """The vehicles alone: "a red truck and a yellow bus"; each must have a colour and a kind."""
    named = [f"{'an' if colour == 'orange' else 'a'} {colour} {kind}" for colour, kind in claims.vehicles]
    return " and ".join(part for part in (", ".join(named[:-1]), named[-1]) if part)


def sentence(claims: Claims) -> str:
    """What `full_claims` gives, in words: "a red truck and a yellow bus on a bridge at night in the rain"."""
    assert claims.place is not None
    assert claims.time is not None
    assert claims.weather is not None
    return f"{vehicles_in_words(claims)} {_PLACES[claims.place]} {_TIMES[claims.time]} {_WEATHERS[claims.weather]}"


def read_sentence(text: str) -> Claims | None:
    """What a sentence such as `sentence` makes states; None for any other text."""
    found = _SENTENCE.fullmatch(text)
    if found is None:
        return None
    return Claims(
        vehicles=tuple(re.findall(_VEHICLE, found["vehicles"])),
        time=_named(_TIMES, found["time"]),
        weather=_named(_WEATHERS, found["weather"]),
        place=_named(_PLACES, found["place"]),
    )


def _named(names: dict[str, str], words: str) -> str:
    return next(fact for fact, said in names.items() if said == words)


def swapped(claims: Claims, chance: random.Random) -> Claims | None:
    """Two vehicles with their colours exchanged; None where that changes nothing."""
    pairs = [
        (first, second)
        for second, (colour, kind) in enumerate(claims.vehicles)
        for first, (other_colour, other_kind) in enumerate(claims.vehicles[:second])
        if colour and kind and other_colour and other_kind and colour != other_colour and kind != other_kind
    ]
    if not pairs:
        return None
    first, second = chance.choice(pairs)
    vehicles = list(claims.vehicles)
    (one, kind), (other, other_kind) = vehicles[first], vehicles[second]
    vehicles[first], vehicles[second] = (other, kind), (one, other_kind)
    return replace(claims, vehicles=tuple(vehicles))


def false_claims(claims: Claims, scene: Scene, chance: random.Random) -> Claims:
    """Like the claims, but for one thing, which is not so in the scene: colours exchanged, or one fact another."""
    held = scene_facts(scene)
    while True:
        other = (swapped(claims, chance) if chance.random() < 0.5 else None) or _one_changed(
            claims, scene, chance
        )
        if not other.facts <= held:
            return other


def _one_changed(claims: Claims, scene: Scene, chance: random.Random) -> Claims:
    """One fact of the claims changed by chance; colours and kinds are those of other vehicles half of the time."""
    settings = {"time": TIMES, "weather": WEATHERS, "place": PLACES}
    stated = [name for name in settings if getattr(claims, name)]
    which = chance.randrange(2 * len(claims.vehicles) + len(stated))
    if which >= 2 * len(claims.vehicles):
        name = stated[which - 2 * len(claims.vehicles)]
        change: Any = {name: chance.choice(settings[name])}
        return replace(claims, **change)
    vehicles = list(claims.vehicles)
    colour, kind = vehicles[which // 2]
    seen = chance.choice(scene.vehicles) if chance.random() < 0.5 else None
    if (which % 2 and kind) or not colour:
        kind = seen.kind if seen else chance.choice(KINDS)
    else:
        colour = seen.colour if seen else chance.choice(COLOURS)
    vehicles[which // 2] = (colour, kind)
    return replace(claims, vehicles=tuple(vehicles))
