"""What is read from a model and its tokenizer, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from local_models import make_chinese_clip, make_siglip
from local_towers import (
    BOX,
    random_bert_tower,
    random_tower,
    real_tokenizer,
    small_bert_tokenizer,
    small_tokenizer,
)
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer, BertTokenizer, CLIPSegConfig, CLIPSegModel

from clipsql.encoding.text_tower import read_text_tower
from clipsql.encoding.vocabulary import read_tokenizer
from clipsql.errors import ModelError


def test_facts_come_from_the_configuration() -> None:
    tokenizer = small_tokenizer(max_tokens=30)
    model = random_tower(tokenizer, **BOX, hidden_act="gelu_new", layer_norm_eps=1e-3)
    tower = read_text_tower(model, tokenizer)
    assert (tower.width, tower.heads, tower.layers, tower.dimensions) == (128, 4, 3, 96)
    assert tower.activation == "gelu_new"
    assert tower.pooled_id == tower.tokenizer.end_id == tokenizer.eos_token_id
    assert tower.tokenizer.start_id == tokenizer.bos_token_id
    assert tower.tokenizer.max_tokens == 30
    assert tower.positions.shape == (40, 128)
    parts = [(part.layer, part.part, part.rows.shape) for part in tower.neurons]
    assert parts[-3:] == [(3, "expand", (512, 128)), (3, "contract", (128, 512)), (4, "project", (96, 128))]
    assert all((part.start_outputs is not None) == (part.part in ("key", "value")) for part in tower.neurons)


def test_facts_of_a_bert_tower_come_from_the_configuration() -> None:
    tokenizer = small_bert_tokenizer(max_tokens=30)
    tower = read_text_tower(random_bert_tower(tokenizer, **BOX), tokenizer)
    assert (tower.width, tower.heads, tower.layers, tower.dimensions) == (128, 4, 3, 96)
    assert not tower.is_causal
    assert tower.pooled_id == tower.tokenizer.start_id == tokenizer.cls_token_id
    assert tower.tokenizer.end_id == tokenizer.sep_token_id
    assert tower.tokenizer.unknown_id == tokenizer.unk_token_id
    assert tower.tokenizer.vocabulary == "WordPiece"
    assert tower.tokenizer.max_tokens == 30
    assert all(part.start_outputs is None for part in tower.neurons)
    assert [(norm.layer, norm.part) for norm in tower.carried] == [
        (layer, part) for layer in (1, 2, 3) for part in ("before_attention", "before_perceptron")
    ]


def test_a_tower_takes_no_more_tokens_than_it_has_positions() -> None:
    tokenizer = small_bert_tokenizer(max_tokens=512)
    assert read_tokenizer(tokenizer, max_positions=40).max_tokens == 40


@pytest.mark.parametrize(
    "options", [{"do_lower_case": False}, {"tokenize_chinese_chars": False}, {"strip_accents": False}]
)
def test_a_bert_tokenizer_that_keeps_case_accents_or_runs_of_characters_is_refused(
    options: dict[str, bool],
) -> None:
    with pytest.raises(ModelError, match="the normalizer of this one differs") as caught:
        read_tokenizer(small_bert_tokenizer(**options), max_positions=40)
    assert "clipsql model remember" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda facts: facts["model"].update(continuing_subword_prefix="@@"), "model"),
        (lambda facts: facts["model"].update(max_input_chars_per_word=50), "model"),
        (lambda facts: facts.update(pre_tokenizer={"type": "Whitespace"}), "pre-tokenizer"),
        (lambda facts: facts.update(post_processor=None), "post-processor"),
    ],
)
def test_a_bert_tokenizer_with_other_rules_is_refused(change: object, named: str) -> None:
    tokenizer = small_bert_tokenizer()
    facts = json.loads(tokenizer.backend_tokenizer.to_str())
    change(facts)  # type: ignore[operator]
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(facts))
    with pytest.raises(ModelError, match=f"the {named} of this one differs"):
        read_tokenizer(tokenizer, max_positions=40)


def test_an_added_token_that_is_not_ascii_is_refused() -> None:
    tokenizer = small_bert_tokenizer()
    tokenizer.add_tokens(["花花"])
    with pytest.raises(ModelError, match="added tokens"):
        read_tokenizer(tokenizer, max_positions=40)


def test_every_stored_weight_fits_half_precision() -> None:
    tokenizer = small_tokenizer()
    model = random_tower(tokenizer, **BOX)
    for parameter in model.parameters():
        parameter.data.mul_(1e5)
    tower = read_text_tower(model, tokenizer)
    for part in tower.neurons:
        largest = np.abs(part.rows).max(axis=1)
        assert (largest < 2**15).all()
        assert (largest > 2**-5).all()
    assert np.abs(tower.token_embeddings).max() <= 2


def test_words_are_the_pieces_that_merge_into_one_token() -> None:
    words = read_tokenizer(small_tokenizer(), max_positions=40).words
    assert {"the", "red", "dog", "é", "car", "a", "!"} <= words.keys()
    assert "tha" not in words  # th comes first, then nothing joins th and a


def test_patterns_name_the_added_tokens(shared_data: Path) -> None:
    tokenizer = real_tokenizer(shared_data)
    tokenizer.add_tokens(["<a.b>"])
    read = read_tokenizer(tokenizer, max_positions=77)
    assert read.split_pattern.startswith(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|")
    assert read.typed_pattern == r"<\|startoftext\|>|<\|endoftext\|>"
    assert read.normal_pattern == r"<a\.b>"
    assert len(read.merges) == 48894
    assert len(read.words) > 30000


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(make_siglip, "SiglipText", id="SigLIP"),
        pytest.param(make_chinese_clip, "WordLevel", id="a tokenizer of words"),
    ],
)
def test_a_tower_of_another_kind_is_refused_with_the_remedy(
    make: object, reason: str, tmp_path: Path
) -> None:
    folder = make(tmp_path)  # type: ignore[operator]
    model, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with pytest.raises(ModelError, match=reason) as caught:
        read_text_tower(model, tokenizer)
    assert "clipsql model remember" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_activation_is_refused() -> None:
    tokenizer = small_tokenizer()
    with pytest.raises(ModelError, match="relu"):
        read_text_tower(random_tower(tokenizer, **BOX, hidden_act="relu"), tokenizer)


def test_an_end_token_that_the_tokenizer_does_not_use_is_refused() -> None:
    tokenizer = small_tokenizer()
    model = random_tower(tokenizer, **(BOX | {"eos_token_id": 7}))
    with pytest.raises(ModelError, match="token 7"):
        read_text_tower(model, tokenizer)


def test_weights_that_are_not_finite_are_refused() -> None:
    tokenizer = small_tokenizer()
    model = random_tower(tokenizer, **BOX)
    model.text_projection.weight.data[3, 4] = float("nan")
    with pytest.raises(ModelError, match="not finite"):
        read_text_tower(model, tokenizer)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda facts: facts["model"].update(byte_fallback=True), "model"),
        (lambda facts: facts["normalizer"]["normalizers"].pop(), "normalizer"),
        (lambda facts: facts["pre_tokenizer"]["pretokenizers"][1].update(use_regex=False), "pre-tokenizer"),
        (lambda facts: facts.update(post_processor=None), "post-processor"),
    ],
)
def test_a_tokenizer_with_other_rules_is_refused(change: object, named: str) -> None:
    tokenizer = small_tokenizer()
    facts = json.loads(tokenizer.backend_tokenizer.to_str())
    change(facts)  # type: ignore[operator]
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(facts))
    with pytest.raises(ModelError, match=f"the {named} of this one differs"):
        read_tokenizer(tokenizer, max_positions=40)


def test_the_tower_of_clipseg_is_that_of_clip() -> None:
    tokenizer = small_tokenizer()
    ids = {
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    text = {key: value for key, value in BOX.items() if key != "projection_dim"}
    vision = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": 16,
        "patch_size": 8,
    }
    model = CLIPSegModel(CLIPSegConfig(text_config=text | ids, vision_config=vision, projection_dim=96))
    clip = random_tower(tokenizer, **BOX)
    clip.load_state_dict(
        {name: value for name, value in model.state_dict().items() if name in clip.state_dict()}
    )
    found, expected = read_text_tower(model, tokenizer), read_text_tower(clip, tokenizer)
    assert (found.pooled_id, found.gate, found.norm_tail) == (
        expected.pooled_id,
        expected.gate,
        expected.norm_tail,
    )
    for ours, theirs in zip(found.neurons, expected.neurons, strict=True):
        np.testing.assert_array_equal(ours.rows, theirs.rows)


def test_words_too_long_for_wordpiece_are_left_out() -> None:
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "x" * 100, "x" * 101, "##" + "x" * 100]
    tokenizer = BertTokenizer(
        vocab={token: number for number, token in enumerate(tokens)}, model_max_length=9
    )
    assert "x" * 100 in read_tokenizer(tokenizer, max_positions=9).words
    assert "x" * 101 not in read_tokenizer(tokenizer, max_positions=9).words
