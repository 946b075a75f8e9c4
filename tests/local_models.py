"""Make small random models of every kind in a folder, as complete as `save_pretrained` writes them."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertConfig,
    BertModel,
    ChineseCLIPConfig,
    ChineseCLIPImageProcessorPil,
    ChineseCLIPModel,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
    VisionTextDualEncoderModel,
    ViTConfig,
    ViTImageProcessorPil,
    ViTModel,
)
from transformers.utils import logging

from clipsql.training.vocabulary import learn_vocabulary, make_tokenizer

SIDE = 32
MAX_TOKENS = 16
SPECIAL = {
    "[PAD]": 0,
    "[START]": 1,
    "[END]": 3,
    "[UNK]": 4,
}  # 2 as the end would mean an old OpenAI configuration
WORDS = (
    "a",
    "photo",
    "of",
    "the",
    "red",
    "blue",
    "green",
    "car",
    "dog",
    "cat",
    "tree",
    "street",
    "man",
    "on",
)
VOCABULARY = SPECIAL | {word: number for number, word in enumerate(WORDS, start=5)}

logging.set_verbosity_error()
logging.disable_progress_bar()

_LAYERS = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
_VISION = _LAYERS | {"image_size": SIDE, "patch_size": 8}
_TEXT = _LAYERS | {"vocab_size": 32, "max_position_embeddings": MAX_TOKENS}
_TOKENS = {
    "pad_token_id": SPECIAL["[PAD]"],
    "bos_token_id": SPECIAL["[START]"],
    "eos_token_id": SPECIAL["[END]"],
}
_CROPPED = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
_SQUASHED = {"size": {"height": SIDE, "width": SIDE}}


def make_clip(folder: Path, *, seed: int = 0, dimensions: int = 24) -> Path:
    """A CLIPModel with a byte-level vocabulary; its processor is one file, as `save_pretrained` writes it."""
    torch.manual_seed(seed)
    vocabulary = learn_vocabulary(WORDS, size=600)
    size = len(vocabulary.tokens)
    tokens = {"pad_token_id": size - 1, "bos_token_id": size - 2, "eos_token_id": size - 1}
    config = CLIPConfig(
        text_config=_TEXT | tokens | {"vocab_size": size}, vision_config=_VISION, projection_dim=dimensions
    )
    _save(CLIPModel(config), folder)
    tokenizer = make_tokenizer(vocabulary, context=MAX_TOKENS)
    CLIPProcessor(CLIPImageProcessorPil(**_CROPPED), tokenizer).save_pretrained(folder)
    return folder


def make_siglip(folder: Path, *, seed: int = 0) -> Path:
    """A SiglipModel: no projection, a logit bias, texts padded to the full length. Its tokenizer leaves capitals."""
    torch.manual_seed(seed)
    model = SiglipModel(SiglipConfig(text_config=_TEXT | _TOKENS, vision_config=_VISION))
    torch.nn.init.constant_(model.logit_bias, -10.0)
    torch.nn.init.constant_(model.logit_scale, 4.6)
    _save(model, folder)
    SiglipImageProcessorPil(**_SQUASHED).save_pretrained(folder)
    local_tokenizer(lower=False).save_pretrained(folder)
    return folder


def make_chinese_clip(folder: Path, *, seed: int = 0) -> Path:
    """A ChineseCLIPModel: a BERT text tower."""
    torch.manual_seed(seed)
    text = _TEXT | {"pad_token_id": SPECIAL["[PAD]"]}
    _save(
        ChineseCLIPModel(ChineseCLIPConfig(text_config=text, vision_config=_VISION, projection_dim=20)),
        folder,
    )
    ChineseCLIPImageProcessorPil(**_CROPPED).save_pretrained(folder)
    local_tokenizer().save_pretrained(folder)
    return folder


def make_vision_text_dual_encoder(folder: Path, *, seed: int = 0) -> Path:
    """A VisionTextDualEncoderModel: a ViT beside the text tower of CLIP."""
    torch.manual_seed(seed)
    vision, text = ViTModel(ViTConfig(**_VISION)), CLIPTextModel(CLIPTextConfig(**_TEXT, **_TOKENS))
    _save(VisionTextDualEncoderModel(vision_model=vision, text_model=text), folder)
    ViTImageProcessorPil(**_SQUASHED).save_pretrained(folder)
    local_tokenizer().save_pretrained(folder)
    return folder


def make_bert(folder: Path, *, seed: int = 0) -> Path:
    """A BertModel: complete, and no dual encoder."""
    torch.manual_seed(seed)
    _save(BertModel(BertConfig(**_TEXT)), folder)
    local_tokenizer().save_pretrained(folder)
    return folder


def local_tokenizer(*, lower: bool = True) -> PreTrainedTokenizerFast:
    words = Tokenizer(WordLevel(VOCABULARY, unk_token="[UNK]"))
    if lower:
        words.normalizer = Lowercase()
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(
        single="[START] $A [END]",
        special_tokens=[("[START]", SPECIAL["[START]"]), ("[END]", SPECIAL["[END]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        model_max_length=MAX_TOKENS,
        bos_token="[START]",
        eos_token="[END]",
        unk_token="[UNK]",
        pad_token="[PAD]",
    )


def _save(model: PreTrainedModel, folder: Path) -> None:
    model.save_pretrained(folder)
