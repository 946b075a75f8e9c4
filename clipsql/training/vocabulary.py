"""Learn a byte-level BPE vocabulary in CLIP's format, for languages with and without spaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from clipsql.encoding.bpe import byte_letters

START, END, SUFFIX = "<|startoftext|>", "<|endoftext|>", "</w>"

Pair = tuple[str, str]
Symbols = tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """Token ids, and the merges in the order in which they apply."""

    tokens: dict[str, int]
    merges: tuple[Pair, ...]


def learn_vocabulary(texts: Iterable[str], *, size: int, lexicon: Collection[str] = ()) -> Vocabulary:
    """A vocabulary of at most `size` tokens; fewer if every word has become one token before.

    `lexicon` lists words of languages written without spaces. A run of such letters is cut into them and no
    merge is learned across a cut: otherwise whole phrases become single tokens and nothing composes. The
    first 512 tokens are the bytes, inside a word and at its end; the last two mark start and end.
    """
    alphabet = byte_letters()
    words = Counter(_words(texts, frozenset(lexicon)))
    merges = _learn_merges(words, size - 2 * len(alphabet) - 2)
    # Two merges may spell the same token.
    learned = dict.fromkeys(first + second for first, second in merges)
    tokens = [*alphabet, *(letter + SUFFIX for letter in alphabet), *learned, START, END]
    return Vocabulary(
        tokens={token: number for number, token in enumerate(dict.fromkeys(tokens))}, merges=tuple(merges)
    )


def make_tokenizer(vocabulary: Vocabulary, *, context: int) -> Any:
    """The CLIPTokenizer of transformers with this vocabulary."""
    from transformers import CLIPTokenizer

    # transformers names `list[str]` as the type of merges, yet takes pairs, the form that its files have.
    merges: Any = list(vocabulary.merges)
    return CLIPTokenizer(vocab=dict(vocabulary.tokens), merges=merges, model_max_length=context)


def _words(texts: Iterable[str], lexicon: frozenset[str]) -> Iterator[Symbols]:
    """The words of the texts as symbols. A word of the lexicon comes both inside a run and at its end."""
    from transformers import CLIPTokenizer

    # Normalise and split with CLIP's own code, so that what is learned is what will be met.
    pipeline = CLIPTokenizer().backend_tokenizer
    letters = byte_letters()
    longest = max(map(len, lexicon), default=0)
    for text in texts:
        clean = pipeline.normalizer.normalize_str(text)
        for _, (start, stop) in pipeline.pre_tokenizer.pre_tokenize_str(clean):
            for word in _cut(clean[start:stop], lexicon, longest):
                symbols = tuple(letters[byte] for byte in word.encode())
                yield (*symbols[:-1], symbols[-1] + SUFFIX)
                if word in lexicon:
                    yield symbols


def _cut(run: str, lexicon: frozenset[str], longest: int) -> Iterator[str]:
    """The run in words of the lexicon, longest first; what is not in it stays together."""
    start = unknown = 0
    while start < len(run):
        word = next(
            (run[start:stop] for stop in range(start + longest, start, -1) if run[start:stop] in lexicon),
            None,
        )
        if word is None:
            start += 1
            continue
        if unknown < start:
            yield run[unknown:start]
        yield word
        start = unknown = start + len(word)
    if unknown < len(run):
        yield run[unknown:]


def _learn_merges(words: Counter[Symbols], count: int) -> list[Pair]:
    """Join the most frequent neighbours again and again (Sennrich et al. 2016); ties go by spelling."""
    merges: list[Pair] = []
    pairs: Counter[Pair] = Counter()
    for word, times in words.items():
        _count_pairs(pairs, word, times)
    while len(merges) < count and pairs:
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word in [word for word in words if best in pairwise(word)]:
            times = words.pop(word)
            _count_pairs(pairs, word, -times)
            merged = _merge(word, best)
            words[merged] += times
            _count_pairs(pairs, merged, times)
    return merges


def _count_pairs(pairs: Counter[Pair], word: Symbols, times: int) -> None:
    for pair in pairwise(word):
        pairs[pair] += times
        if not pairs[pair]:
            del pairs[pair]


def _merge(word: Symbols, pair: Pair) -> Symbols:
    merged: list[str] = []
    for symbol in word:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return tuple(merged)
