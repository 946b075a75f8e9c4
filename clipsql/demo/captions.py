"""Say in English or Chinese what a scene shows, in varied words, and know what was said."""

from __future__ import annotations

import random
from dataclasses import dataclass

from clipsql.demo.captions_words import CHINESE, ENGLISH, Words
from clipsql.demo.scenes_facts import COLOURS, KINDS, PLACES, TIMES, WEATHERS, Scene

LANGUAGES = ("en", "zh")

FACTS: tuple[str, ...] = (
    *TIMES,
    *WEATHERS,
    *PLACES,
    "pedestrians",
    *KINDS,
    *COLOURS,
    *(f"{colour} {kind}" for colour in COLOURS for kind in KINDS),
)
"""Every fact that a caption can state; a colour and a kind of one vehicle are a fact of their own."""

_FACT_NUMBERS = {fact: number for number, fact in enumerate(FACTS)}


@dataclass(frozen=True)
class Claims:
    """What a caption states: vehicles as (colour or none, kind or none), and facts of the whole picture."""

    vehicles: tuple[tuple[str | None, str | None], ...] = ()
    time: str | None = None
    weather: str | None = None
    place: str | None = None
    pedestrians: bool = False

    @property
    def facts(self) -> frozenset[int]:
        """Numbers in `FACTS`; the caption is true of a scene exactly if the scene has all of them."""
        stated = [fact for fact in (self.time, self.weather, self.place) if fact]
        stated += ["pedestrians"] if self.pedestrians else []
        stated += [" ".join(word for word in vehicle if word) for vehicle in self.vehicles]
        return frozenset(_FACT_NUMBERS[fact] for fact in stated)


def scene_facts(scene: Scene) -> frozenset[int]:
    """Numbers in `FACTS` of all that holds in a scene."""
    held = [scene.time, scene.weather, scene.place]
    held += ["pedestrians"] if scene.pedestrians else []
    for vehicle in scene.vehicles:
        held += [vehicle.kind, vehicle.colour, f"{vehicle.colour} {vehicle.kind}"]
    return frozenset(_FACT_NUMBERS[fact] for fact in held)


def describe(scene: Scene, seed: int, language: str) -> str:
    """A true caption of the scene, in `en` or `zh`; another seed states other facts in other words."""
    return describe_and_claim(scene, seed, language)[0]


def describe_and_claim(scene: Scene, seed: int, language: str) -> tuple[str, Claims]:
    """The caption that `describe` gives, and what it states."""
    chance = random.Random(f"caption {scene.seed} {seed} {language}")
    claims = choose_claims(scene, chance)
    return phrase(claims, chance, language), claims


def choose_claims(scene: Scene, chance: random.Random) -> Claims:
    """Some of what holds in a scene: mostly vehicles with their colours, at times one fact alone."""
    if chance.random() < 0.12:
        return _one_claim(scene, chance)
    vehicles: tuple[tuple[str | None, str | None], ...] = ()
    if chance.random() < 0.9:
        count = len(scene.vehicles) if chance.random() < 0.6 else chance.randint(1, len(scene.vehicles))
        chosen = chance.sample(scene.vehicles, count)
        vehicles = tuple(dict.fromkeys(_name(vehicle.colour, vehicle.kind, chance) for vehicle in chosen))
    claims = Claims(
        vehicles=vehicles,
        time=scene.time if chance.random() < 0.4 else None,
        weather=scene.weather if chance.random() < 0.3 else None,
        place=scene.place if chance.random() < 0.35 else None,
        pedestrians=scene.pedestrians and chance.random() < 0.3,
    )
    return claims if claims.facts else _one_claim(scene, chance)


def _one_claim(scene: Scene, chance: random.Random) -> Claims:
    subject = chance.randrange(5)
    vehicle = chance.choice(scene.vehicles)
    if subject == 0:
        return Claims(time=scene.time)
    if subject == 1:
        return Claims(weather=scene.weather)
    if subject == 2:
        return Claims(place=scene.place)
    return Claims(vehicles=((None, vehicle.kind) if subject == 3 else (vehicle.colour, None),))


def _name(colour: str, kind: str, chance: random.Random) -> tuple[str | None, str | None]:
    share = chance.random()
    if share < 0.78:
        return colour, kind
    return (None, kind) if share < 0.9 else (colour, None)


def phrase(claims: Claims, chance: random.Random, language: str) -> str:
    """One way to say the claims in `en` or `zh`."""
    return _english(claims, chance) if language == "en" else _chinese(claims, chance)


def _english(claims: Claims, chance: random.Random) -> str:
    words = ENGLISH
    article = chance.choice(("a", "a", "", "one"))
    vehicles = [
        " ".join(
            part
            for part in (
                "an" if article == "a" and colour == "orange" else article,
                colour,
                chance.choice(words.kinds[kind]) if kind else chance.choice(words.vehicle),
            )
            if part
        )
        for colour, kind in claims.vehicles
    ]
    main = chance.choice((" and ", " and ", ", ", " next to ", " with ")).join(vehicles)
    settings = _settings(claims, chance, words)
    style = chance.random()
    if style < 0.12:
        keywords = [fact for fact in (claims.time, claims.weather, claims.place) if fact]
        keywords += ["pedestrians"] if claims.pedestrians else []
        return chance.choice((" ", ", ")).join(part for part in (main, *keywords) if part)
    if not main and len(settings) == 1 and style < 0.5:
        return settings[0]
    if settings and style > 0.88:
        return f"{' '.join(settings)}, {main or 'traffic'}"
    main = main or chance.choice(("a road", "traffic", "vehicles", "a place", "a view"))
    opening = chance.choice(("", "", "", "a photo of ", "a picture of ", "a camera frame of ", "there is "))
    return f"{opening}{main} {' '.join(settings)}".strip()


def _chinese(claims: Claims, chance: random.Random) -> str:
    words = CHINESE
    counter, joint = chance.choice(("一辆", "一辆", "", "")), chance.choice(("", "", "的"))
    vehicles = [
        counter
        + (chance.choice(words.colours[colour]) + joint if colour else "")
        + (chance.choice(words.kinds[kind]) if kind else chance.choice(words.vehicle))
        for colour, kind in claims.vehicles
    ]
    main = chance.choice(("和", "和", "与", ",", "旁边是")).join(vehicles)
    settings = _settings(claims, chance, words)
    if not main:
        return chance.choice(("", "", "道路,", "画面,")) + ",".join(settings)
    if not settings:
        return chance.choice(("", "", "", "画面里有", "一张照片,", "路上有")) + main
    shape = chance.randrange(4)
    if shape == 0:
        return f"{''.join(settings)}的{main}"
    if shape == 1:
        return f"{','.join(settings)},有{main}"
    if shape == 2:
        return f"{main},{','.join(settings)}"
    return f"{''.join(settings)}{main}"


def _settings(claims: Claims, chance: random.Random, words: Words) -> list[str]:
    """Phrases for time, weather, place and pedestrians, in any order."""
    phrases = [
        chance.choice(table[fact])
        for table, fact in (
            (words.times, claims.time),
            (words.weathers, claims.weather),
            (words.places, claims.place),
        )
        if fact
    ]
    if claims.pedestrians:
        phrases.append(chance.choice(words.pedestrians))
    chance.shuffle(phrases)
    return phrases
