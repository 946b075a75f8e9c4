"""The words of the captions, English and Chinese."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clipsql.demo.scenes_facts import COLOURS

Choices = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Words:
    """For each fact, the ways to name it."""

    kinds: Choices
    colours: Choices
    times: Choices
    weathers: Choices
    places: Choices
    pedestrians: tuple[str, ...]
    vehicle: tuple[str, ...]

    def phrases(self) -> Iterator[str]:
        """Every way to name anything."""
        for table in (self.kinds, self.colours, self.times, self.weathers, self.places):
            for names in table.values():
                yield from names
        yield from self.pedestrians
        yield from self.vehicle


ENGLISH = Words(
    kinds={
        "car": ("car", "car", "car", "sedan"),
        "van": ("van", "van", "van", "minivan"),
        "truck": ("truck", "truck", "truck", "lorry"),
        "bus": ("bus", "bus", "bus", "coach"),
        "motorcycle": ("motorcycle", "motorcycle", "motorcycle", "motorbike"),
        "bicycle": ("bicycle", "bicycle", "bicycle", "bike", "cyclist"),
    },
    colours={colour: (colour,) for colour in COLOURS},
    times={
        "day": ("by day", "during the day", "in daylight", "in the daytime"),
        "dusk": ("at dusk", "at dusk", "at sunset", "in the evening light"),
        "night": ("at night", "at night", "by night", "in the dark", "after dark"),
    },
    weathers={
        "clear": ("in clear weather", "under a clear sky", "on a clear day", "when it is dry"),
        "rain": ("in the rain", "in the rain", "in rain", "in rainy weather", "on a wet road"),
        "fog": ("in fog", "in the fog", "in foggy weather", "in mist"),
        "snow": ("in snow", "in the snow", "in snowy weather", "while it snows"),
    },
    places={
        "street": ("on a street", "in a city street", "on the street", "in town"),
        "highway": ("on a highway", "on the highway", "on a motorway"),
        "bridge": ("on a bridge", "on the bridge", "crossing a bridge"),
        "tunnel": ("at a tunnel", "at the tunnel", "in front of a tunnel", "at a tunnel entrance"),
    },
    pedestrians=("with pedestrians", "with people walking", "and pedestrians"),
    vehicle=("vehicle",),
)

CHINESE = Words(
    kinds={
        "car": ("轿车", "轿车", "汽车", "小汽车"),
        "van": ("面包车", "面包车", "厢式车"),
        "truck": ("卡车", "卡车", "货车"),
        "bus": ("公交车", "公交车", "巴士", "公共汽车"),
        "motorcycle": ("摩托车", "摩托车", "摩托"),
        "bicycle": ("自行车", "自行车", "单车"),
    },
    colours={
        "red": ("红色",),
        "orange": ("橙色",),
        "yellow": ("黄色",),
        "green": ("绿色",),
        "blue": ("蓝色",),
        "purple": ("紫色",),
        "white": ("白色",),
        "black": ("黑色",),
        "silver": ("银色", "银色", "银灰色"),
    },
    times={
        "day": ("白天", "白天", "日间"),
        "dusk": ("黄昏", "傍晚"),
        "night": ("夜晚", "夜间", "晚上", "夜里"),
    },
    weathers={
        "clear": ("晴天", "晴朗"),
        "rain": ("雨天", "下雨", "雨中"),
        "fog": ("雾天", "大雾", "雾中"),
        "snow": ("雪天", "下雪", "雪中"),
    },
    places={
        "street": ("街道", "街道上", "城市街道", "街上"),
        "highway": ("高速公路", "高速公路上", "高速路上"),
        "bridge": ("桥上", "大桥上", "大桥"),
        "tunnel": ("隧道口", "隧道", "隧道前"),
    },
    pedestrians=("有行人", "行人"),
    vehicle=("车", "车辆"),
)

CHINESE_PARTICLES = (
    *("一辆", "一张", "照片", "画面", "画面里有", "路上有", "道路", "旁边是"),
    *("的", "和", "与", "有", "是", "上", "在", "里"),
)
"""Small words between the facts; with `CHINESE` they are the lexicon that keeps words apart."""
