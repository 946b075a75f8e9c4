"""The text tower of a CLIP model as plain arrays: what goes from a loaded model into a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
PARTS = ("query", "key", "value", "output", "expand", "contract", "project")


@dataclass(frozen=True, kw_only=True)
class Neurons:
    """One matrix of the tower, a row for each output: `rows @ input * scale + bias`.

    `rows` are scaled by powers of two to fit half precision; values and `expand` come with a scale of 1, values and
    keys without bias. `start_outputs` is what keys and values of the start token are in every text, since attention is
    causal.
    """

    layer: int
    part: str
    rows: Floats
    scale: NDArray[np.float64]
    bias: NDArray[np.float64]
    start_outputs: NDArray[np.float64] | None = None


@dataclass(frozen=True, kw_only=True)
class AddedToken:
    """A token such as <|endoftext|> that is cut out of a text before words are split."""

    body: str
    token_id: int
    is_normalized: bool


@dataclass(frozen=True, kw_only=True)
class Tokenizer:
    """A byte-level BPE vocabulary of CLIP's kind.

    `words` are pieces of text that are one token as they stand; `merges` are (left, right, merged) ids in rank order.
    Patterns are regular expressions on ASCII in PostgreSQL's syntax.
    """

    start_id: int
    end_id: int
    max_tokens: int
    byte_ids: tuple[int | None, ...]
    last_byte_ids: tuple[int | None, ...]
    words: Mapping[str, int]
    merges: tuple[tuple[int, int, int], ...]
    added_tokens: tuple[AddedToken, ...]
    split_pattern: str
    typed_pattern: str
    normal_pattern: str


@dataclass(frozen=True, kw_only=True)
class TextTower:
    """A text tower of CLIP's architecture, its linear parts folded together.

    `pooled_id` is the token whose first place gives the embedding, None for the place of the highest id.
    `gate` are the coefficients of the activation t * (1 + tanh(t * (g0 + g1 t^2 + ...))).
    `norm_tail` stands for the epsilon of layer norms: appended to a residual before it is brought to unit length.
    """

    width: int
    heads: int
    layers: int
    dimensions: int
    activation: str
    gate: tuple[float, ...]
    norm_tail: float
    pooled_id: int | None
    tokenizer: Tokenizer
    token_embeddings: Floats
    positions: Floats
    neurons: tuple[Neurons, ...]
