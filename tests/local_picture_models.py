"""Make small random models that look at a picture and a text together, as complete as `save_pretrained` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from local_models import MAX_TOKENS, SIDE, SPECIAL, WORDS, local_tokenizer
from transformers import (
    BlipConfig,
    BlipForConditionalGeneration,
    BlipForImageTextRetrieval,
    BlipForQuestionAnswering,
    BlipImageProcessorPil,
    BlipProcessor,
    BridgeTowerConfig,
    BridgeTowerForImageAndTextRetrieval,
    BridgeTowerImageProcessorPil,
    BridgeTowerProcessor,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    ViltConfig,
    ViltForQuestionAnswering,
    ViltImageProcessorPil,
    ViltProcessor,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessorPil,
    ViTModel,
)

_LAYERS = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
_VISION = _LAYERS | {"image_size": SIDE, "patch_size": 8}
_TEXT = _LAYERS | {
    "vocab_size": 32,
    "max_position_embeddings": MAX_TOKENS,
    "pad_token_id": SPECIAL["[PAD]"],
    "bos_token_id": SPECIAL["[START]"],
    "eos_token_id": SPECIAL["[END]"],
    "sep_token_id": SPECIAL["[END]"],
}
_FRESH = {"initializer_range": 0.02}  # else it is so small that no picture differs from another
_SQUASHED = {"size": {"height": SIDE, "width": SIDE}}
_WORDLESS = sorted({*range(32)} - {*range(5, 5 + len(WORDS))})
"""Tokens without a word in the small vocabulary: what says only these says nothing."""

ANSWERS = ("yes", "no", "red", "two")


def make_blip_matching(folder: Path, *, seed: int = 0) -> Path:
    """A BlipForImageTextRetrieval."""
    return _blip(BlipForImageTextRetrieval, folder, seed)


def make_blip_describing(folder: Path, *, seed: int = 0) -> Path:
    """A BlipForConditionalGeneration."""
    return _blip(BlipForConditionalGeneration, folder, seed)


def make_blip_answering(folder: Path, *, seed: int = 0) -> Path:
    """A BlipForQuestionAnswering."""
    return _blip(BlipForQuestionAnswering, folder, seed)


def make_bridge_tower(folder: Path, *, seed: int = 0) -> Path:
    """A BridgeTowerForImageAndTextRetrieval."""
    torch.manual_seed(seed)
    config = BridgeTowerConfig(
        hidden_size=64,  # of the vision tower there is a head for every 64
        num_hidden_layers=2,
        num_attention_heads=2,
        text_config={**_TEXT, "hidden_size": 64, "type_vocab_size": 1, "max_position_embeddings": 40},
        vision_config={"hidden_size": 64, "num_hidden_layers": 2, "image_size": SIDE, "patch_size": 8},
    )
    _save(BridgeTowerForImageAndTextRetrieval(config), folder)
    # Its crop is a square of that side, whatever else the size says.
    pictures = BridgeTowerImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"shortest_edge": SIDE}, size_divisor=8
    )
    BridgeTowerProcessor(pictures, local_tokenizer()).save_pretrained(folder)
    return folder


def make_vilt_answering(folder: Path, *, seed: int = 0) -> Path:
    """A ViltForQuestionAnswering: it chooses among a few answers."""
    torch.manual_seed(seed)
    config = ViltConfig(
        **_LAYERS,
        image_size=SIDE,
        patch_size=8,
        vocab_size=32,
        max_position_embeddings=MAX_TOKENS,
        id2label=dict(enumerate(ANSWERS)),
        label2id={answer: number for number, answer in enumerate(ANSWERS)},
    )
    _save(ViltForQuestionAnswering(config), folder)
    pictures = ViltImageProcessorPil(size={"shortest_edge": SIDE}, size_divisor=8)
    ViltProcessor(pictures, local_tokenizer()).save_pretrained(folder)
    return folder


def make_vit_gpt2(folder: Path, *, seed: int = 0) -> Path:
    """A VisionEncoderDecoderModel: a ViT that a GPT-2 speaks for, its settings and tokenizer side by side."""
    torch.manual_seed(seed)
    tokens = {"bos_token_id": SPECIAL["[START]"], "eos_token_id": SPECIAL["[END]"]}
    text = GPT2Config(
        vocab_size=32,
        n_positions=MAX_TOKENS,
        n_embd=32,
        n_layer=2,
        n_head=2,
        add_cross_attention=True,
        **tokens,
    )
    model = VisionEncoderDecoderModel(encoder=ViTModel(ViTConfig(**_VISION)), decoder=GPT2LMHeadModel(text))
    for settings in (model.config, model.generation_config):
        settings.decoder_start_token_id = SPECIAL["[START]"]
        settings.pad_token_id = SPECIAL["[PAD]"]
        settings.eos_token_id = SPECIAL["[END]"]
    model.generation_config.suppress_tokens = _WORDLESS
    _save(model, folder)
    ViTImageProcessorPil(**_SQUASHED).save_pretrained(folder)
    local_tokenizer().save_pretrained(folder)
    return folder


def _blip(kind: type[Any], folder: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    model = kind(BlipConfig(text_config=_TEXT, vision_config=_VISION | _FRESH, image_text_hidden_size=16))
    if hasattr(model, "text_decoder"):
        with torch.no_grad():
            model.text_decoder.cls.predictions.bias[_WORDLESS] = -1e4
    _save(model, folder)
    BlipProcessor(BlipImageProcessorPil(**_SQUASHED), local_tokenizer()).save_pretrained(folder)
    return folder


def _save(model: PreTrainedModel, folder: Path) -> None:
    # Fresh weights are so small that every picture gives nearly the same.
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
                module.weight.mul_(8)
    model.save_pretrained(folder)
