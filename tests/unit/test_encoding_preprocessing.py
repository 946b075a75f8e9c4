"""Pixels equal those of the model's own image processor, in bounded memory whatever the picture's shape."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image
from transformers import (
    CLIPImageProcessorPil,
    ConvNextImageProcessorPil,
    EfficientNetImageProcessorPil,
    Siglip2ImageProcessorPil,
    SiglipImageProcessorPil,
)

from clipsql.encoding.preprocessing import Preprocessor, Recipe
from clipsql.errors import ModelError

CLIP = CLIPImageProcessorPil()
PROCESSORS = [
    pytest.param(CLIP, id="clip"),
    pytest.param(SiglipImageProcessorPil(), id="siglip"),
    pytest.param(CLIPImageProcessorPil(size={"shortest_edge": 100}), id="crop wider than the picture"),
    pytest.param(CLIPImageProcessorPil(size={"shortest_edge": 256}, resample=2), id="bilinear to 256"),
    pytest.param(CLIPImageProcessorPil(crop_size={"height": 120, "width": 201}), id="odd crop"),
    pytest.param(EfficientNetImageProcessorPil(), id="rescale offset"),
    pytest.param(ConvNextImageProcessorPil(size={"shortest_edge": 224}), id="not a recipe"),
]
SHAPES = [(500, 375), (375, 501), (224, 224), (17, 33), (1, 1)]


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    random = np.random.default_rng(width * height)
    bands = [Image.fromarray(random.integers(0, 256, (height, width), dtype=np.uint8)) for _ in mode]
    return Image.merge(mode, bands) if len(mode) > 1 else bands[0]


def by_processor(processor: Any, image: Image.Image) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.asarray(processor(image, return_tensors="np")["pixel_values"][0])


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("shape", SHAPES)
def test_pixels_are_those_of_the_processor(processor: Any, shape: tuple[int, int]) -> None:
    image = noise(*shape)
    (pixels,) = Preprocessor(processor)([image])
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, by_processor(processor, image))


@pytest.mark.parametrize("shape", [(3000, 7), (5, 1999), (9000, 200), (150, 6001)])
@pytest.mark.parametrize("resample", [2, 3, 1], ids=["bilinear", "bicubic", "lanczos"])
def test_a_very_long_picture_has_the_processors_pixels_too(shape: tuple[int, int], resample: int) -> None:
    processor = CLIPImageProcessorPil(resample=resample)
    image = noise(*shape)
    (pixels,) = Preprocessor(processor)([image])
    one_level = 1 / 255 / min(processor.image_std)
    difference = np.abs(pixels - by_processor(processor, image))
    assert difference.max() <= one_level * 1.001
    assert (difference > 1e-6).mean() < 0.001


@pytest.mark.parametrize("shape", [(6000, 2), (2, 6000), (65535, 1)])
def test_a_very_long_picture_never_grows_to_its_full_length(shape: tuple[int, int]) -> None:
    image = noise(*shape)
    recipe = Recipe.of(CLIP)
    assert recipe is not None
    assert recipe.resize(image).size == (224, 224)
    assert Preprocessor(CLIP)([image]).shape == (1, 3, 224, 224)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "CMYK"])
def test_other_modes_become_rgb_with_transparent_parts_on_white(mode: str) -> None:
    image = noise(300, 200, mode)
    np.testing.assert_array_equal(Preprocessor(CLIP)([image])[0], by_processor(CLIP, image))


def test_a_batch_keeps_its_order_and_threads_give_the_same() -> None:
    preprocess = Preprocessor(CLIP)
    images = [noise(*shape) for shape in SHAPES]
    alone = np.stack([preprocess([image])[0] for image in images])
    np.testing.assert_array_equal(preprocess(images), alone)
    with ThreadPoolExecutor(8) as pool:
        for pixels in pool.map(preprocess, [images] * 16):
            np.testing.assert_array_equal(pixels, alone)


def test_the_size_that_a_picture_is_resized_to_is_told() -> None:
    assert Preprocessor(CLIP).image_size == 224
    assert Preprocessor(CLIPImageProcessorPil(size={"shortest_edge": 256})).image_size == 256
    assert Preprocessor(SiglipImageProcessorPil(size={"height": 384, "width": 300})).image_size == 300


def test_a_processor_of_patches_is_refused() -> None:
    with pytest.raises(ModelError, match=r"Siglip2ImageProcessorPil gives .* patches"):
        Preprocessor(Siglip2ImageProcessorPil())
