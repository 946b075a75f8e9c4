"""Read the tokenizer of a model for SQL: byte-level BPE as CLIP has it, or WordPiece as BERT has it."""

from __future__ import annotations

import json
from typing import Any

from clipsql.encoding.architectures import INSTEAD
from clipsql.encoding.bpe import read_bpe
from clipsql.encoding.wordpiece import read_wordpiece
from clipsql.errors import ModelError
from clipsql.text_tower import Tokenizer


def read_tokenizer(tokenizer: Any, *, max_positions: int) -> Tokenizer:
    """Vocabulary and rules of a tokenizer of transformers. Raises ModelError for one that SQL cannot run."""
    facts = json.loads(tokenizer.backend_tokenizer.to_str())
    kind = facts["model"]["type"]
    if kind not in ("BPE", "WordPiece"):
        raise ModelError(
            f"SQL can run tokenizers of CLIP (BPE) and BERT (WordPiece) only, and this one is a {kind}; {INSTEAD}"
        )
    read = read_bpe if kind == "BPE" else read_wordpiece
    return read(facts, tokenizer, max_positions=max_positions)
