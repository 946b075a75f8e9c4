"""Models that look at a picture and a text together: every kind is loaded as it is saved, and says what it can."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from local_picture_models import (
    ANSWERS,
    make_blip_answering,
    make_blip_describing,
    make_blip_matching,
    make_bridge_tower,
    make_vilt_answering,
    make_vit_gpt2,
)
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import BlipForImageTextRetrieval, BlipProcessor

from clipsql.encoding.answering import load_answerer
from clipsql.encoding.describing import load_describer
from clipsql.encoding.matching import load_cross_encoder
from clipsql.errors import ModelError

PICTURES = [
    Image.linear_gradient("L").rotate(angle).convert("RGB").resize((60, 40)) for angle in (0, 90, 180, 45)
]
TEXTS = ["a red car", "", "a dog on the street", "a blue tree " * 5000]


@pytest.fixture(scope="module")
def matching_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_blip_matching(tmp_path_factory.mktemp("matching"))


def test_scores_are_the_probabilities_of_the_second_logit(matching_folder: Path) -> None:
    scores = load_cross_encoder(str(matching_folder)).scores(PICTURES, TEXTS)
    model = BlipForImageTextRetrieval.from_pretrained(matching_folder).eval()
    processor = BlipProcessor.from_pretrained(matching_folder, backend="pil")
    for score, picture, text in zip(scores, PICTURES, TEXTS, strict=True):
        inputs = processor(images=picture, text=text, truncation=True, return_tensors="pt")
        with torch.no_grad():
            expected = model(**inputs).itm_score.softmax(-1)[0, 1]
        assert score == pytest.approx(float(expected), abs=1e-5)
    assert scores.dtype == np.float32
    assert scores.shape == (4,)
    assert len(set(scores)) == 4


def test_many_are_scored_in_batches(matching_folder: Path) -> None:
    matcher = load_cross_encoder(str(matching_folder))
    scores = matcher.scores(PICTURES * 6, TEXTS * 6)
    np.testing.assert_allclose(scores, np.tile(matcher.scores(PICTURES, TEXTS), 6), atol=1e-5)
    assert matcher.scores([], []).shape == (0,)


def test_bridge_tower_matches(tmp_path: Path) -> None:
    scores = load_cross_encoder(str(make_bridge_tower(tmp_path))).scores(PICTURES, TEXTS)
    assert ((scores > 0) & (scores < 1)).all()


@pytest.mark.parametrize(
    "make", [pytest.param(make_blip_describing, id="BLIP"), pytest.param(make_vit_gpt2, id="ViT and GPT-2")]
)
def test_describers_say_the_same_of_a_picture_whatever_is_beside_it(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    describer = load_describer(str(make(tmp_path, seed=1)))
    said = describer.describe(PICTURES)
    assert all(said)
    assert [describer.describe([picture])[0] for picture in PICTURES] == said


def test_blip_answers_in_its_own_words_and_says_how_sure_it_is(tmp_path: Path) -> None:
    answerer = load_answerer(str(make_blip_answering(tmp_path)))
    answers = answerer.answer(PICTURES, "what colour is the car")
    assert all(answer.text and 0 < answer.probability <= 1 for answer in answers)
    alone = answerer.answer(PICTURES[:1], "what colour is the car")[0]
    assert alone.text == answers[0].text
    assert alone.probability == pytest.approx(answers[0].probability, rel=1e-3)


def test_vilt_chooses_among_the_answers_it_knows(tmp_path: Path) -> None:
    answers = load_answerer(str(make_vilt_answering(tmp_path))).answer(PICTURES, "is the car red")
    assert {answer.text for answer in answers} <= set(ANSWERS)
    assert all(0 < answer.probability < 1 for answer in answers)


@pytest.mark.parametrize(
    ("load", "can"),
    [
        pytest.param(load_describer, "describe pictures", id="describing"),
        pytest.param(load_answerer, "answer questions about pictures", id="answering"),
    ],
)
def test_a_model_of_another_kind_is_named_with_what_would_do(
    load: Callable[[str], object], can: str, matching_folder: Path
) -> None:
    with pytest.raises(ModelError, match=rf"\(BlipForImageTextRetrieval\) cannot {can}; give .* Blip"):
        load(str(matching_folder))


def test_a_model_that_lacks_weights_is_refused(tmp_path: Path) -> None:
    folder = make_blip_matching(tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["itm_head.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks 1 of its weights, as itm_head\.weight; download or save it"):
        load_cross_encoder(str(folder))


def test_a_model_that_is_broken_is_refused(tmp_path: Path) -> None:
    folder = make_blip_matching(tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["itm_head.weight"][0, 0] = torch.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="holds numbers that are not finite"):
        load_cross_encoder(str(folder))
