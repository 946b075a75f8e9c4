"""The text tower of a model as plain arrays: what goes from a loaded model into a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
PARTS = ("query", "key", "value", "output", "expand", "contract", "project")


@dataclass(frozen=True, kw_only=True)
class Neurons:
    """One matrix of the tower, a row for each output: `rows @ input * scale + bias`.

    `rows` are scaled by powers of two to fit half precision; values and `expand` come with a scale of 1, values and
    keys without bias. `start_outputs` is what keys and values of the start token are in every text where attention is
    causal.
    """

    layer: int
    part: str
    rows: Floats
    scale: NDArray[np.float64]
    bias: NDArray[np.float64]
    start_outputs: NDArray[np.float64] | None = None


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A layer norm behind which a block adds its output, as in BERT: `unit vector * scale + bias`, then centred."""

    layer: int
    part: str
    scale: NDArray[np.float64]
    bias: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class AddedToken:
    """A token such as <|endoftext|> or [MASK] that is cut out of a text before words are split."""

    body: str
    token_id: int
    is_normalized: bool


@dataclass(frozen=True, kw_only=True)
class Tokenizer:
    """A byte-level BPE vocabulary of CLIP's kind, or a WordPiece vocabulary of BERT's.

    `words` are pieces of text that are one token as they stand, or of a word behind ##; `merges` are (left, right,
    merged) ids in rank order; WordPiece has neither merges nor bytes. `unknown_id` stands for what has no token.
    Patterns are regular expressions on ASCII in PostgreSQL's syntax.
    """

    vocabulary: Literal["BPE", "WordPiece"]
    start_id: int
    end_id: int
    unknown_id: int | None
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
    """A text tower of CLIP's or BERT's architecture, its linear parts folded together.

    `pooled_id` is the token whose first place gives the embedding, None for the place of the highest id. In a causal
    tower tokens see only those before them. `carried` is empty where layer norms stand before the blocks, as in CLIP.
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
    is_causal: bool
    pooled_id: int | None
    tokenizer: Tokenizer
    token_embeddings: Floats
    positions: Floats
    neurons: tuple[Neurons, ...]
    carried: tuple[Carried, ...]
