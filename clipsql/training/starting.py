"""What a training starts from: a trained CLIP folder, or a configuration and random weights."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from clipsql.encoding.locating import locate
from clipsql.errors import ModelError
from clipsql.training.vocabulary import learn_vocabulary, make_tokenizer


class Start(NamedTuple):
    """A CLIPModel, its tokenizer and its image processor, as `train` takes them."""

    model: Any
    tokenizer: Any
    image_processor: Any


def from_model(name: str) -> Start:
    """A trained CLIPModel from a folder or hub id, in float32. Raises ModelError."""
    import torch
    from transformers import AutoConfig, AutoImageProcessor, AutoTokenizer, CLIPModel

    folder = locate(name).folder
    config = AutoConfig.from_pretrained(folder)
    if config.model_type != "clip":
        raise ModelError(
            f'Model "{name}" is of type {config.model_type}; training goes on from a CLIPModel only.'
        )
    # Plain attention trains short sequences faster on a CPU than the fused kind.
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    read_processor: Any = AutoImageProcessor.from_pretrained
    return Start(model, AutoTokenizer.from_pretrained(folder), read_processor(folder, backend="pil"))


def from_config(file: Path, texts: Iterable[str], *, seed: int) -> Start:
    """Random weights by a CLIPConfig file (JSON), with a vocabulary of the size it names learned from `texts`.

    Raises ModelError when the file is no CLIPConfig.
    """
    import torch
    from transformers import CLIPConfig, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        config = CLIPConfig(**given)
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{file} is no CLIP configuration: {error}; write what CLIPConfig.save_pretrained writes."
        ) from error
    text: Any = config.text_config
    vision: Any = config.vision_config
    vocabulary = learn_vocabulary(texts, size=text.vocab_size)
    size = len(vocabulary.tokens)
    text.vocab_size, text.bos_token_id, text.eos_token_id = size, size - 2, size - 1
    text.pad_token_id = size - 1
    config._attn_implementation = "eager"
    torch.manual_seed(seed)
    side = vision.image_size
    return Start(
        CLIPModel(config),
        make_tokenizer(vocabulary, context=text.max_position_embeddings),
        CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side}),
    )
