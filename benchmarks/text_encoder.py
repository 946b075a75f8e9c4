"""Time a text tower inside PostgreSQL beside transformers: `python benchmarks/text_encoder.py [--shape Chinese-CLIP]`.

Random weights in the true shape, as many tokens as asked, the same CPU, float32 in transformers. Every time is the best
of several runs, each with another text, so that nothing is answered from the session's latest result.
"""

from __future__ import annotations

import os
import string
import time
from collections.abc import Callable, Sequence
from typing import Any

import click
import numpy as np
import sqlalchemy as sa
import torch
from servers import temporary_database
from sqlalchemy.engine import Connection, Engine
from transformers import (
    BertTokenizer,
    ChineseCLIPConfig,
    ChineseCLIPModel,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
)

from clipsql.db.models import add_model
from clipsql.db.text_towers import store_text_tower
from clipsql.encoding.text_tower import read_text_tower
from clipsql.training.vocabulary import learn_vocabulary, make_tokenizer

SHAPES: dict[str, dict[str, int]] = {
    "B/32": {},
    "L/14": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "projection_dim": 768},
}
CHINESE = "Chinese-CLIP"
VOCABULARY = 49_408
CHINESE_VOCABULARY = 21_128
LENGTHS = (4, 8, 16, 32)
TOGETHER = 64
Features = Callable[[torch.Tensor], torch.Tensor]
EMBED = sa.text("select vector_norm(clipsql.embed_text(t)) from unnest(cast(:texts as text[])) as t")


@click.command()
@click.option("--shape", type=click.Choice([*SHAPES, CHINESE]), default="B/32", show_default=True)
@click.option("--repeats", default=7, show_default=True, help="Runs, of which the best counts.")
@click.option("--compared", default=200, show_default=True, help="Texts whose vectors are compared.")
def main(shape: str, repeats: int, compared: int) -> None:
    """Print the times of one tower in SQL and in transformers, and how far their vectors are apart."""
    torch.manual_seed(0)
    texts = _Texts()
    model, tokenizer, features = _chinese_clip() if shape == CHINESE else _clip(SHAPES[shape])

    def in_transformers(some: Sequence[str]) -> torch.Tensor:
        with torch.inference_mode():
            ids = torch.tensor([tokenizer(text)["input_ids"] for text in some])
            return torch.nn.functional.normalize(features(ids))

    with temporary_database() as (engine, _):
        seconds = _load(engine, model, tokenizer)
        click.echo(f"Text tower of {shape}, {os.cpu_count()} cores, {torch.get_num_threads()} torch threads")
        click.echo(f"loading: {seconds:.1f} s; {_size(engine)}")
        click.echo(f"{'tokens':>9} {'SQL ms':>9} {'ms/token':>9} {'transformers ms':>16} {'ratio':>6}")
        for length in (*LENGTHS, tokenizer.model_max_length):
            with engine.connect() as connection:
                _embed(connection, [texts(length)])
                # In turns, so that a busy machine is as busy for either.
                pairs = [
                    (
                        _best(1, lambda length=length: _embed(connection, [texts(length)])),
                        _best(1, lambda length=length: in_transformers([texts(length)])),
                    )
                    for _ in range(repeats)
                ]
            ours, theirs = (min(times) for times in zip(*pairs, strict=True))
            click.echo(
                f"{length:>9} {ours:>9.1f} {ours / length:>9.2f} {theirs:>16.1f} {ours / theirs:>6.1f}"
            )
        first = min(_first_call(engine, texts(8)) for _ in range(repeats))
        click.echo(f"first call of a fresh session, 8 tokens: {first:.1f} ms")
        with engine.connect() as connection:
            # Means of as many texts on either side: the best of single texts would be no fair measure for many.
            alone = min(
                sum(_best(1, lambda: _embed(connection, [texts(8)])) for _ in range(TOGETHER))
                for _ in range(repeats // 2)
            )
            together = _best(repeats // 2, lambda: _embed(connection, [texts(8) for _ in range(TOGETHER)]))
        click.echo(
            f"{TOGETHER} texts of 8 tokens: {together / TOGETHER:.1f} ms each in one statement, "
            f"{alone / TOGETHER:.1f} ms each in statements of their own"
        )
        click.echo(_compare(engine, in_transformers, [texts(3 + number % 22) for number in range(compared)]))


def _clip(shape: dict[str, int]) -> tuple[Any, Any, Features]:
    tokenizer = make_tokenizer(learn_vocabulary(string.ascii_lowercase, size=1000), context=77)
    config = CLIPTextConfig(vocab_size=VOCABULARY, eos_token_id=tokenizer.eos_token_id, **shape)
    model = CLIPTextModelWithProjection(config).eval()
    return model, tokenizer, lambda ids: model(input_ids=ids).text_embeds


def _chinese_clip() -> tuple[Any, Any, Features]:
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.ascii_lowercase]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = BertTokenizer(vocab=vocabulary, model_max_length=52)
    small = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = ChineseCLIPConfig(
        text_config={"vocab_size": CHINESE_VOCABULARY}, vision_config=small, projection_dim=512
    )
    model = ChineseCLIPModel(config).eval()
    return model, tokenizer, lambda ids: model.get_text_features(input_ids=ids).pooler_output


class _Texts:
    """Texts of so many tokens, start and end included; a letter is a token. Never the same twice."""

    def __init__(self) -> None:
        self._numbers = np.random.default_rng(0)

    def __call__(self, tokens: int) -> str:
        return " ".join(self._numbers.choice(list(string.ascii_lowercase), size=tokens - 2))


def _load(engine: Engine, model: Any, tokenizer: Any) -> float:
    started = time.perf_counter()
    tower = read_text_tower(model, tokenizer)
    row = add_model(
        engine, name="random", location="random", revision="0", dimensions=tower.dimensions, logit_scale=1.0
    )
    store_text_tower(engine, row, tower)
    return time.perf_counter() - started


def _embed(connection: Connection, texts: Sequence[str]) -> list[float]:
    return list(connection.execute(EMBED, {"texts": list(texts)}).scalars())


def _first_call(engine: Engine, text: str) -> float:
    engine.dispose()
    with engine.connect() as connection:
        connection.exec_driver_sql("select 1")
        return _best(1, lambda: _embed(connection, [text]))


def _best(repeats: int, run: Callable[[], object]) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times) * 1000


def _size(engine: Engine) -> str:
    with engine.connect() as connection:
        sizes = connection.exec_driver_sql(
            "select pg_size_pretty(pg_total_relation_size('clipsql_private.text_neuron')),"
            " pg_size_pretty(pg_total_relation_size('clipsql_private.text_token'))"
        ).one()
    return f"{sizes[0]} of matrices, {sizes[1]} of token vectors"


def _compare(
    engine: Engine, in_transformers: Callable[[Sequence[str]], torch.Tensor], texts: Sequence[str]
) -> str:
    statement = sa.text("select clipsql.embed_text(t)::text from unnest(cast(:texts as text[])) as t")
    with engine.connect() as connection:
        found = connection.execute(statement, {"texts": list(texts)}).scalars()
        ours = torch.tensor([[float(value) for value in row.strip("[]").split(",")] for row in found])
    theirs = torch.cat([in_transformers([text]) for text in texts])
    cosines = (ours.double() * theirs.double()).sum(dim=1)
    return f"worst of {len(texts)} texts: cosine {cosines.min():.8f}, largest error {(ours - theirs).abs().max():.1e}"


if __name__ == "__main__":
    main()
