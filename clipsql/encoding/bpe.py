"""Read the byte-level BPE vocabulary of a CLIP tokenizer, and refuse one that works in another way."""

from __future__ import annotations

import re
from typing import Any

from clipsql.encoding.added_tokens import any_of, escaped, read_added_tokens
from clipsql.encoding.architectures import INSTEAD
from clipsql.errors import ModelError
from clipsql.text_tower import Tokenizer

_END_OF_WORD = "</w>"
_NORMALIZERS = [
    {"type": "NFC"},
    {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
    {"type": "Lowercase"},
]
_COMMON_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
# The same on the shape of a text: Z is any letter and 0 any number outside ASCII (see clipsql_private.shape_text).
_SHAPE_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d|[a-zZ]+|[0-9]|[^ a-zZ0-9]+"


def read_bpe(facts: dict[str, Any], tokenizer: Any, *, max_positions: int) -> Tokenizer:
    """Vocabulary and rules of a tokenizer of CLIP's kind. Raises ModelError for another kind."""
    model = facts["model"]
    specials = _check(facts)
    vocabulary: dict[str, int] = model["vocab"]
    added = read_added_tokens(facts, tokenizer)
    ids = vocabulary | {token["content"]: token["id"] for token in facts["added_tokens"]}
    unknown = ids.get(model["unk_token"]) if model["unk_token"] is not None else None
    letters = byte_letters()
    post = facts["post_processor"]
    return Tokenizer(
        vocabulary="BPE",
        start_id=post["cls"][1],
        end_id=post["sep"][1],
        unknown_id=unknown,
        max_tokens=min(int(tokenizer.model_max_length), max_positions),
        byte_ids=tuple(vocabulary.get(letter, unknown) for letter in letters),
        last_byte_ids=tuple(vocabulary.get(letter + _END_OF_WORD, unknown) for letter in letters),
        words=_whole_words(tokenizer.backend_tokenizer.model, vocabulary, letters),
        merges=_merges(model["merges"], vocabulary),
        added_tokens=added,
        split_pattern="|".join([*map(escaped, specials), _SHAPE_PATTERN]),
        typed_pattern=any_of(token.body for token in added if not token.is_normalized),
        normal_pattern=any_of(token.body for token in added if token.is_normalized),
    )


def _check(facts: dict[str, Any]) -> list[str]:
    """The tokens that the split pattern names; raises ModelError unless everything else is as CLIP has it."""
    model, split = facts["model"], facts["pre_tokenizer"] or {}
    steps = split.get("pretokenizers", [{}, {}])
    pattern = steps[0].get("pattern", {}).get("Regex", "")
    named = pattern.removesuffix(_COMMON_PATTERN)
    expectations = {
        "model": model["end_of_word_suffix"] == _END_OF_WORD
        and not model["continuing_subword_prefix"]
        and not model["dropout"]
        and not model["fuse_unk"]
        and not model["byte_fallback"],
        "normalizer": (facts["normalizer"] or {}).get("normalizers") == _NORMALIZERS,
        "pre-tokenizer": pattern.endswith(_COMMON_PATTERN)
        and steps[0].get("behavior") == "Removed"
        and steps[0].get("invert") is True
        and steps[1].get("type") == "ByteLevel"
        and steps[1].get("add_prefix_space") is False
        and steps[1].get("use_regex") is True,
        "post-processor": (facts["post_processor"] or {}).get("type") == "RobertaProcessing",
    }
    for name, is_met in expectations.items():
        if not is_met:
            raise ModelError(
                f"SQL can run CLIP's tokenizer only, and the {name} of this one differs; {INSTEAD}"
            )
    # As in "<\|startoftext\|>|<\|endoftext\|>|": alternatives whose own bars are escaped.
    return [re.sub(r"\\(.)", r"\1", part) for part in re.split(r"(?<!\\)\|", named) if part]


def byte_letters() -> list[str]:
    """The printable letter that stands for each byte in a byte-level vocabulary, as GPT-2 chose them."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) if byte in plain else chr(256 + others.index(byte)) for byte in range(256)]


def _whole_words(model: Any, vocabulary: dict[str, int], letters: list[str]) -> dict[str, int]:
    """Pieces of text that the merges turn into one token, so that SQL need not merge them."""
    bytes_by_letter = {letter: byte for byte, letter in enumerate(letters)}
    words: dict[str, int] = {}
    for token, token_id in vocabulary.items():
        spelled = token.removesuffix(_END_OF_WORD)
        if not spelled or spelled == token or any(letter not in bytes_by_letter for letter in spelled):
            continue
        try:
            word = bytes(bytes_by_letter[letter] for letter in spelled).decode()
        except UnicodeDecodeError:
            continue
        if "\0" not in word and [found.id for found in model.tokenize(spelled)] == [token_id]:
            words[word] = token_id
    return words


def _merges(merges: list[Any], vocabulary: dict[str, int]) -> tuple[tuple[int, int, int], ...]:
    pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]
    return tuple((vocabulary[left], vocabulary[right], vocabulary[left + right]) for left, right in pairs)
