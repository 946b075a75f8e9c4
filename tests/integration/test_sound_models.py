"""A model that cannot work is refused before anything is stored, and a text that a model does not know is told."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from integration.test_text_encoder import embed, load
from local_models import make_clip
from local_towers import BOX, random_bert_tower, random_tower, small_bert_tokenizer, small_tokenizer
from safetensors.torch import load_file, save_file
from sqlalchemy.engine import Engine

from clipsql.db.models import list_models
from clipsql.encoding.text_tower import read_text_tower
from clipsql.errors import ModelError
from clipsql.models import open_model, register_model


def with_weights(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    file = folder / "model.safetensors"
    weights = load_file(file)
    change(weights)
    save_file(weights, file, metadata={"format": "pt"})


def not_a_number(folder: Path) -> None:
    with_weights(
        folder, lambda weights: weights["vision_model.post_layernorm.weight"][3:4].fill_(float("nan"))
    )


def dead_text_tower(folder: Path) -> None:
    def change(weights: dict[str, object]) -> None:
        weights["text_model.final_layer_norm.weight"].zero_()
        weights["text_model.final_layer_norm.bias"].fill_(0.5)

    with_weights(folder, change)


def processor(folder: Path, **changes: object) -> None:
    file = folder / "processor_config.json"
    facts = json.loads(file.read_text())
    facts["image_processor"].update(changes)
    file.write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(not_a_number, "post_layernorm.weight holds numbers that are not finite", id="NaN"),
        pytest.param(dead_text_tower, "one vector for every text", id="a dead text tower"),
        pytest.param(
            lambda folder: processor(folder, do_rescale=False), "image processor turns black into", id="bytes"
        ),
        pytest.param(
            lambda folder: processor(folder, rescale_factor=1 / 255**2), "turns black into", id="scaled twice"
        ),
        pytest.param(
            lambda folder: processor(folder, image_mean=[123.7, 116.3, 103.5]),
            "turns black into",
            id="a mean of bytes",
        ),
        pytest.param(
            lambda folder: processor(folder, image_std=[-0.5, 0.5, 0.5]),
            "turns black into",
            id="a channel upside down",
        ),
    ],
)
def test_a_model_that_cannot_work_is_refused_and_leaves_nothing(
    spoil: Callable[[Path], None], reason: str, engine: Engine, tmp_path: Path
) -> None:
    folder = make_clip(tmp_path / "spoilt")
    spoil(folder)
    with pytest.raises(ModelError, match=reason) as caught:
        register_model(engine, str(folder), dtype="float32")
    assert str(caught.value).startswith(f'Model "{folder}" cannot be used: ')
    assert "\n" not in str(caught.value)
    assert list_models(engine) == []


def test_pixels_that_are_not_normalised_are_no_fault(engine: Engine, tmp_path: Path) -> None:
    folder = make_clip(tmp_path / "plain")
    processor(folder, do_normalize=False)
    model, _ = register_model(engine, str(folder), dtype="float32")
    assert model.name == "plain"


def test_a_model_of_a_folder_has_the_name_of_the_folder(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_clip(tmp_path / "my-clip")
    model, _ = register_model(engine, str(folder), dtype="float32")
    assert (model.name, model.location) == ("my-clip", str(folder))
    monkeypatch.chdir(folder)
    for known in ("my-clip", str(folder), "."):
        assert open_model(engine, known)[0] == model
    assert register_model(engine, ".", dtype="float32")[0] == model
    other = make_clip(tmp_path / "elsewhere" / "my-clip", seed=1)
    with pytest.raises(ModelError, match=r"my-clip is already here .* --name"):
        register_model(engine, str(other), dtype="float32")


def notices(engine: Engine, query: str) -> list[str]:
    """What PostgreSQL says while it embeds the text twice in one transaction."""
    said: list[str] = []
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.add_notice_handler(lambda found: said.append(f"{found.severity} {found.message_primary}"))
        for _ in range(2):
            connection.execute(sa.text("select clipsql.embed_text(:query)"), {"query": query})
        connection.invalidate()
    return said


@pytest.mark.parametrize(
    ("query", "is_unknown"),
    [
        pytest.param("a red dog", False, id="known"),
        pytest.param("红色的狗", True, id="Chinese"),
        pytest.param("a red dog 狗", False, id="one word of four"),
        pytest.param("dog 夜晚的街道", True, id="most of two words"),
        pytest.param("café", False, id="an accent"),
        pytest.param("дог", True, id="Cyrillic"),
    ],
)
def test_a_text_that_clip_takes_for_bytes_is_told_once(query: str, is_unknown: bool, engine: Engine) -> None:
    tokenizer = small_tokenizer()
    load(engine, read_text_tower(random_tower(tokenizer, **BOX), tokenizer))
    said = notices(engine, query)
    assert len(said) == is_unknown
    for line in said:
        assert line.startswith(f'WARNING Most of the text "{query}" is unknown to model box,')


@pytest.mark.parametrize(
    ("query", "is_unknown"),
    [
        pytest.param("红色的花", False, id="known"),
        pytest.param("犬犬花", True, id="two of three"),
        pytest.param("犬花", False, id="one of two"),
        pytest.param("犬" * 60, True, id="long"),
    ],
)
def test_a_text_of_unknown_tokens_is_told(query: str, is_unknown: bool, engine: Engine) -> None:
    tokenizer = small_bert_tokenizer()
    load(engine, read_text_tower(random_bert_tower(tokenizer, **BOX), tokenizer))
    said = notices(engine, query)
    assert len(said) == is_unknown
    assert all(len(line) < 250 for line in said)


def test_a_text_without_any_token_is_told(engine: Engine) -> None:
    tokenizer = small_bert_tokenizer()
    load(engine, read_text_tower(random_bert_tower(tokenizer, **BOX), tokenizer))
    assert len(notices(engine, "\u200b\u200d")) == 1  # control characters, which BERT's tokenizer drops


def test_what_is_unknown_is_logged(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    tokenizer = small_tokenizer()
    load(engine, read_text_tower(random_tower(tokenizer, **BOX), tokenizer))
    with caplog.at_level(logging.WARNING, logger="clipsql"):
        embed(engine, ["a red dog"])
        assert caplog.messages == []
        embed(engine, ["红色的狗"])
    assert [message.split(",")[0] for message in caplog.messages] == [
        'Most of the text "红色的狗" is unknown to model box'
    ]
