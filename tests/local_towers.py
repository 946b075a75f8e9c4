"""Make text towers of CLIP's and BERT's architecture with random weights, their tokenizers, and reference answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import (
    BertTokenizer,
    ChineseCLIPConfig,
    ChineseCLIPModel,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from clipsql.encoding.bpe import byte_letters

BOX = {
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "projection_dim": 96,
    "max_position_embeddings": 40,
}
B32: dict[str, int] = {}
L14 = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "projection_dim": 768}
MERGES = (
    ("t", "h"), ("th", "e</w>"), ("r", "e"), ("re", "d</w>"), ("d", "o"), ("do", "g</w>"), ("i", "n"),
    ("in", "g</w>"), ("Ã", "©</w>"), ("o", "n</w>"), ("c", "a"), ("ca", "r</w>"), ("s", "t"), ("st", "re"),
    ("n", "i"), ("ni", "g"), ("h", "t</w>"), ("nig", "ht</w>"), ("a", "n"), ("h", "a</w>"), ("t", "ha</w>"),
)  # fmt: skip
TEXT = (
    "a the red dog on car street night running truck café über it's they're 2024 -- !? … two people walking "
    "in front of an old house, while another one sleeps 写真 фото 🚦 blue-green (small) x².y what"
)

CHINESE = (
    "一 只 蜜蜂 停在 红色 的 花上 两个 人 走 在 老 房子 前面 dog 手机 壳 （ 全角 ） 2024 ， ！ iphone 15 walking "
    "街上 夜晚 的 东京 塔 café 穿 蓝色 连衣裙 的 女孩 龘 🚦 写真 。"
)


def small_tokenizer(*, max_tokens: int = 40, **options: Any) -> CLIPTokenizer:
    """A CLIP tokenizer with all bytes and a few merges."""
    letters = byte_letters()
    tokens = [*letters, *(letter + "</w>" for letter in letters), *("".join(merge) for merge in MERGES)]
    vocabulary = {token: number for number, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    return CLIPTokenizer(vocab=vocabulary, merges=list(MERGES), model_max_length=max_tokens, **options)


def real_tokenizer(shared_data: Path, *, max_tokens: int = 77) -> CLIPTokenizer:
    """OpenAI's vocabulary."""
    return CLIPTokenizer.from_pretrained(shared_data / "clip-tokenizer", model_max_length=max_tokens)


def small_bert_tokenizer(*, max_tokens: int = 40, **options: Any) -> BertTokenizer:
    """A WordPiece tokenizer with the characters and words of `CHINESE`, letters, digits and a few pieces."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    characters = sorted(set(CHINESE) - {" "})
    pieces = ["##" + piece for piece in (*letters, "ing", "s", "phone", "##x")]
    tokens = [
        "[PAD]",
        "[unused1]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *characters,
        "dog",
        "walk",
        *pieces,
    ]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    return BertTokenizer(vocab=vocabulary, model_max_length=max_tokens, **options)


def random_bert_tower(tokenizer: BertTokenizer, *, seed: int = 0, **text: Any) -> ChineseCLIPModel:
    """A Chinese-CLIP whose text tower's gains, biases and attention are as uneven as those of a trained one."""
    torch.manual_seed(seed)
    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": 16,
        "patch_size": 8,
    }
    dimensions = text.pop("projection_dim", 96)
    config = ChineseCLIPConfig(
        text_config={"vocab_size": len(tokenizer)} | text, vision_config=vision, projection_dim=dimensions
    )
    model = ChineseCLIPModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.text_model.named_parameters():
            if name.endswith("LayerNorm.weight"):
                parameter.mul_(1 + 0.3 * torch.randn_like(parameter))
            elif name.endswith("bias"):
                parameter.add_(0.1 * torch.randn_like(parameter))
            elif "embeddings" in name:
                parameter.mul_(10)
            else:  # as large as the inputs, or all texts would be alike
                parameter.mul_(50 / parameter.shape[1] ** 0.5)
                if ".query." in name or ".key." in name:
                    parameter.mul_(1.5)
    return model


def random_tower(tokenizer: CLIPTokenizer, *, seed: int = 0, **config: Any) -> CLIPTextModelWithProjection:
    """A tower whose gains, biases and attention are as uneven as those of a trained one."""
    torch.manual_seed(seed)
    tokens = {
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    model = CLIPTextModelWithProjection(CLIPTextConfig(**(tokens | config))).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "layer_norm" in name and name.endswith("weight"):
                parameter.mul_(1 + 0.3 * torch.randn_like(parameter))
            elif name.endswith("bias"):
                parameter.add_(0.1 * torch.randn_like(parameter))
            elif "q_proj" in name or "k_proj" in name:
                parameter.mul_(4)
    return model


def some_texts(count: int, *, seed: int = 0, words: str = TEXT) -> list[str]:
    """Different texts of 1 to 25 words."""
    vocabulary = words.split()
    numbers = np.random.default_rng(seed)
    return [" ".join(numbers.choice(vocabulary, size=1 + number % 25)) for number in range(count)]


def token_ids(tokenizer: Any, text: str) -> list[int]:
    """Ids as transformers gives them, cut to what the model takes."""
    ids: list[int] = tokenizer(text, truncation=True, max_length=tokenizer.model_max_length)["input_ids"]
    return ids


def reference(model: Any, tokenizer: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit-length embeddings by transformers, float32, one text at a time."""
    features = []
    with torch.inference_mode():
        for text in texts:
            ids = torch.tensor([token_ids(tokenizer, text)])
            if hasattr(model, "get_text_features"):
                features.append(model.get_text_features(input_ids=ids).pooler_output[0])
            else:
                features.append(model(input_ids=ids).text_embeds[0])
    return torch.nn.functional.normalize(torch.stack(features)).numpy()
