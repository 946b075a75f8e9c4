"""Read the WordPiece vocabulary of a BERT tokenizer, and refuse one that works in another way."""

from __future__ import annotations

from typing import Any

from clipsql.encoding.added_tokens import NEVER, any_of, read_added_tokens
from clipsql.encoding.architectures import INSTEAD
from clipsql.errors import ModelError
from clipsql.text_tower import Tokenizer

_MOST_CHARACTERS = 100  # a longer word is unknown: BERT's own limit, and clipsql_private.match_pieces'


def read_wordpiece(facts: dict[str, Any], tokenizer: Any, *, max_positions: int) -> Tokenizer:
    """Vocabulary and rules of a tokenizer of BERT's kind. Raises ModelError for another kind."""
    _check(facts)
    model, template = facts["model"], facts["post_processor"]["single"]
    start, end = (
        facts["post_processor"]["special_tokens"][template[place]["SpecialToken"]["id"]]["ids"][0]
        for place in (0, -1)
    )
    added = read_added_tokens(facts, tokenizer)
    return Tokenizer(
        vocabulary="WordPiece",
        start_id=start,
        end_id=end,
        unknown_id=model["vocab"][model["unk_token"]],
        max_tokens=min(int(tokenizer.model_max_length), max_positions),
        byte_ids=(),
        last_byte_ids=(),
        words={
            word: token_id
            for word, token_id in model["vocab"].items()
            if "\0" not in word and len(word.removeprefix("##")) <= _MOST_CHARACTERS
        },
        merges=(),
        added_tokens=added,
        split_pattern=NEVER,
        typed_pattern=any_of(token.body for token in added if not token.is_normalized),
        normal_pattern=any_of(token.body for token in added if token.is_normalized),
    )


def _check(facts: dict[str, Any]) -> None:
    model, normalizer = facts["model"], facts["normalizer"] or {}
    post = facts["post_processor"] or {}
    expectations = {
        "model": model["continuing_subword_prefix"] == "##"
        and model["max_input_chars_per_word"] == _MOST_CHARACTERS
        and model["unk_token"] in model["vocab"],
        "normalizer": normalizer.get("type") == "BertNormalizer"
        and normalizer["clean_text"] is True
        and normalizer["handle_chinese_chars"] is True
        and normalizer["strip_accents"] in (None, True)
        and normalizer["lowercase"] is True,
        "pre-tokenizer": (facts["pre_tokenizer"] or {}).get("type") == "BertPreTokenizer",
        "post-processor": post.get("type") == "TemplateProcessing"
        and [next(iter(part)) for part in post["single"]] == ["SpecialToken", "Sequence", "SpecialToken"],
    }
    for name, is_met in expectations.items():
        if not is_met:
            raise ModelError(
                f"SQL can run BERT's tokenizer in lower case only, and the {name} of this one differs; {INSTEAD}"
            )
