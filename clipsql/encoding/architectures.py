"""The kinds of text tower that SQL can run, read into one description: blocks, and the layer norms before them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clipsql.errors import ModelError

INSTEAD = 'store the vectors of the texts that you search for with "clipsql model remember".'


@dataclass(frozen=True, kw_only=True)
class Block:
    """One layer: its linear modules, and the layer norms that their inputs went through."""

    attention_norm: Any
    query: Any
    key: Any
    value: Any
    output: Any
    perceptron_norm: Any
    expand: Any
    contract: Any


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A transformer over the tokens of a text, as modules and parameters of torch.

    To the embedding of a token its position's is added, and `common`, which every token gets. `norms_after` says that
    a block adds to what went through its layer norm, as in BERT, not to what came before it, as in CLIP. A causal
    tower pools at an end token, another at the start token.
    """

    config: Any
    tokens: Any
    positions: Any
    common: Any | None
    blocks: tuple[Block, ...]
    final_norm: Any
    projection: Any
    is_causal: bool
    norms_after: bool


def read_architecture(model: Any) -> Architecture:
    """The text tower of a dual encoder of transformers. Raises ModelError for one of another kind."""
    text_model: Any = getattr(model, "text_model", None)
    projection: Any = getattr(model, "text_projection", None)
    read = _READERS.get(type(text_model).__name__)
    if read is None or type(projection).__name__ != "Linear":
        kind = type(model if text_model is None else text_model).__name__
        raise ModelError(
            f"SQL can run the text towers of CLIP and Chinese-CLIP models only, and this one is a {kind}; {INSTEAD}"
        )
    return read(text_model, projection)


def _clip(text_model: Any, projection: Any) -> Architecture:
    return Architecture(
        config=text_model.config,
        tokens=text_model.embeddings.token_embedding.weight,
        positions=text_model.embeddings.position_embedding.weight,
        common=None,
        blocks=tuple(
            Block(
                attention_norm=layer.layer_norm1,
                query=layer.self_attn.q_proj,
                key=layer.self_attn.k_proj,
                value=layer.self_attn.v_proj,
                output=layer.self_attn.out_proj,
                perceptron_norm=layer.layer_norm2,
                expand=layer.mlp.fc1,
                contract=layer.mlp.fc2,
            )
            for layer in text_model.encoder.layers
        ),
        final_norm=text_model.final_layer_norm,
        projection=projection,
        is_causal=True,
        norms_after=False,
    )


def _bert(text_model: Any, projection: Any) -> Architecture:
    layers = text_model.encoder.layer
    # What a layer reads went through the norm at the end of the layer before.
    norms = [text_model.embeddings.LayerNorm, *(layer.output.LayerNorm for layer in layers)]
    return Architecture(
        config=text_model.config,
        tokens=text_model.embeddings.word_embeddings.weight,
        positions=text_model.embeddings.position_embeddings.weight,
        common=text_model.embeddings.token_type_embeddings.weight[0],
        blocks=tuple(
            Block(
                attention_norm=norm,
                query=layer.attention.self.query,
                key=layer.attention.self.key,
                value=layer.attention.self.value,
                output=layer.attention.output.dense,
                perceptron_norm=layer.attention.output.LayerNorm,
                expand=layer.intermediate.dense,
                contract=layer.output.dense,
            )
            for norm, layer in zip(norms, layers, strict=False)
        ),
        final_norm=norms[-1],
        projection=projection,
        is_causal=False,
        norms_after=True,
    )


_READERS: dict[str, Callable[[Any, Any], Architecture]] = {
    "CLIPTextModel": _clip,
    "CLIPSegTextModel": _clip,
    "ChineseCLIPTextModel": _bert,
}
