"""Tokens such as <|endoftext|> or [MASK] that were added to a vocabulary, and patterns that find them in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from clipsql.encoding.architectures import INSTEAD
from clipsql.errors import ModelError
from clipsql.text_tower import AddedToken

NEVER = "(?!)"


def read_added_tokens(facts: dict[str, Any], tokenizer: Any) -> tuple[AddedToken, ...]:
    """The added tokens of a tokenizer of transformers. Raises ModelError for one that SQL could not find."""
    if any(token["single_word"] or not token["content"].isascii() for token in facts["added_tokens"]):
        raise ModelError(
            f"SQL can cut out added tokens of ASCII only, and the added tokens of this one differ; {INSTEAD}"
        )
    normalizer = tokenizer.backend_tokenizer.normalizer
    return tuple(
        AddedToken(
            body=normalizer.normalize_str(token["content"]) if token["normalized"] else token["content"],
            token_id=token["id"],
            is_normalized=token["normalized"],
        )
        for token in facts["added_tokens"]
    )


def any_of(bodies: Iterable[str]) -> str:
    """A pattern of PostgreSQL, which takes the longest alternative as the tokenizer does."""
    return "|".join(escaped(body) for body in bodies) or NEVER


def escaped(body: str) -> str:
    """The text as a pattern that matches it."""
    return re.sub(r"([^A-Za-z0-9 _<>])", r"\\\1", body)
