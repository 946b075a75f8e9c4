"""Chinese-CLIP's text tower inside PostgreSQL gives what transformers gives: the same tokens, the same vectors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from integration.test_text_encoder import COLLATIONS, embed, load, scalar, worst_cosine
from local_towers import (
    BOX,
    CHINESE,
    random_bert_tower,
    reference,
    small_bert_tokenizer,
    some_texts,
    token_ids,
)
from sqlalchemy.engine import URL, Engine
from transformers import BertTokenizer, ChineseCLIPImageProcessorPil

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.encoding import load_encoder
from clipsql.encoding.text_tower import read_text_tower
from clipsql.models import register_model

ENOUGH = 0.99999
TINY = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
BASE: dict[str, int] = {}
# The tokenizer's NFD is of an older Unicode: this one letter of Unicode 13 it does not take apart.
NEWER = "\U00011938"


@pytest.fixture(scope="module")
def box(new_database: Callable[..., URL], template: str) -> Iterator[Engine]:
    """A database with a small tower as its default model."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    tokenizer = small_bert_tokenizer()
    load(engine, read_text_tower(random_bert_tower(tokenizer, **BOX), tokenizer))
    yield engine
    engine.dispose()


def tokenized(engine: Engine, texts: list[str]) -> list[list[int]]:
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "select clipsql.tokenize(t) from unnest(cast(:texts as text[])) with ordinality as u (t, n)"
                " order by n"
            ),
            {"texts": texts},
        )
        return list(rows.scalars())


@pytest.mark.parametrize(("collation", "oldest"), COLLATIONS)
def test_golden_token_ids_are_equal_under_every_collation(
    collation: str, oldest: int, new_database: Callable[..., URL], server_url: str, shared_data: Path
) -> None:
    server = create_engine(server_url)
    version = int(scalar(server, "show server_version_num")) // 10000
    has_icu = scalar(server, "select count(*) from pg_collation where collname = 'tr-TR-x-icu'") > 0
    server.dispose()
    if version < oldest or ("icu" in collation and not has_icu):
        pytest.skip(f"this PostgreSQL {version} has no such collation provider")
    folder = shared_data / "chinese-tokenizer"
    tokens = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    tokenizer = BertTokenizer(
        vocab={token: number for number, token in enumerate(tokens)}, model_max_length=52
    )
    url = new_database(options=f"encoding 'UTF8' {collation}").render_as_string(hide_password=False)
    engine = create_engine(url)
    migrating.upgrade(engine)
    load(engine, read_text_tower(random_bert_tower(tokenizer, **TINY, projection_dim=8), tokenizer))
    lines = (folder / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    golden = {line["text"]: line["ids"] for line in map(json.loads, lines)}
    assert len(golden) >= 250
    found = dict(zip(golden, tokenized(engine, list(golden)), strict=True))
    engine.dispose()
    assert {text: ids for text, ids in found.items() if ids != golden[text]} == {}


_CHARACTERS = st.one_of(
    st.sampled_from(CHINESE + "abgxyzABGXYZ019##''-_—·　\t\n\x0b\x85​é́İßΣ'."),
    st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0" + NEWER),
)
_PIECES = st.one_of(
    st.text(_CHARACTERS, max_size=12),
    st.sampled_from(
        ["[CLS]", "[MASK]", "[mask]", "[UNK]", "##ing", "walkings", "dogphone", "x" * 100, "z" * 101]
    ),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.lists(_PIECES, max_size=6).map("".join), min_size=1, max_size=20))
def test_any_text_has_the_token_ids_of_transformers(texts: list[str], box: Engine) -> None:
    tokenizer = small_bert_tokenizer()
    assert tokenized(box, texts) == [token_ids(tokenizer, text) for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("z" * 400 + " " + "9" * 101 + " dog", id="words too long"),
        pytest.param("walkings", id="pieces"),
        pytest.param("dogé dog龘dog", id="a word that cannot be pieced together"),
        pytest.param(" ".join(some_texts(40, words=CHINESE)), id="cut"),
        pytest.param("x" * 100 + " " + "x" * 101, id="a hundred characters"),
        pytest.param("ＤＯＧ Ｗalk DÖG", id="capitals and accents"),
        pytest.param("[CLS] 花[SEP][MASK] [mask] [PAD]", id="tokens typed out"),
    ],
)
def test_a_text_has_the_token_ids_of_transformers(text: str, box: Engine) -> None:
    assert scalar(box, "select clipsql.tokenize(:text)", text=text) == token_ids(small_bert_tokenizer(), text)


def test_an_added_token_is_cut_out_after_normalising(engine: Engine) -> None:
    tokenizer = small_bert_tokenizer()
    tokenizer.add_tokens(["<PHOTO>"])
    load(engine, read_text_tower(random_bert_tower(tokenizer, **TINY), tokenizer))
    for text in ("花<photo>上", "A <PHÓTO>dog<photo>", "<phot>"):
        assert scalar(engine, "select clipsql.tokenize(:text)", text=text) == token_ids(tokenizer, text)


def test_200_texts_equal_transformers(box: Engine) -> None:
    tokenizer = small_bert_tokenizer()
    texts = some_texts(200, words=CHINESE)
    theirs = reference(random_bert_tower(tokenizer, **BOX), tokenizer, texts)
    assert (theirs[:-1] * theirs[1:]).sum(axis=1).mean() < 0.95  # the texts are not all alike
    assert worst_cosine(embed(box, texts), theirs) >= ENOUGH


@pytest.mark.slow
def test_a_tower_of_the_true_shape_equals_transformers(engine: Engine) -> None:
    # benchmarks/text_encoder.py does this for 200 texts.
    tokenizer = small_bert_tokenizer(max_tokens=52)
    model = random_bert_tower(tokenizer, **BASE, projection_dim=512)
    load(engine, read_text_tower(model, tokenizer))
    texts = some_texts(6, words=CHINESE)
    assert worst_cosine(embed(engine, texts), reference(model, tokenizer, texts)) >= ENOUGH


@pytest.mark.parametrize("activation", ["gelu", "quick_gelu", "gelu_new"])
def test_every_activation_and_an_odd_shape_equal_transformers(activation: str, engine: Engine) -> None:
    tokenizer = small_bert_tokenizer()
    shape = {"hidden_size": 60, "intermediate_size": 77, "num_hidden_layers": 2, "num_attention_heads": 3}
    model = random_bert_tower(
        tokenizer, **shape, projection_dim=33, hidden_act=activation, layer_norm_eps=1e-2
    )
    load(engine, read_text_tower(model, tokenizer))
    texts = some_texts(50, words=CHINESE)
    assert worst_cosine(embed(engine, texts), reference(model, tokenizer, texts)) >= ENOUGH


@pytest.mark.parametrize(
    ("part", "factor"),
    [
        ("word_embeddings.weight", 1e6),
        ("word_embeddings.weight", 1e-3),
        ("intermediate.dense.weight", 1e5),
        ("output.dense.weight", 1e6),
        ("value.weight", 1e6),
        ("LayerNorm.weight", 1e3),
        ("text_projection.weight", 1e7),
    ],
)
def test_weights_beyond_half_precision_do_not_break_a_tower(part: str, factor: float, engine: Engine) -> None:
    tokenizer = small_bert_tokenizer()
    model = random_bert_tower(tokenizer, **BOX)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(part):
                parameter.mul_(factor)
    load(engine, read_text_tower(model, tokenizer))
    texts = some_texts(20, words=CHINESE)
    assert worst_cosine(embed(engine, texts), reference(model, tokenizer, texts)) >= ENOUGH


def test_attention_shares_are_those_of_the_start_token(box: Engine) -> None:
    tokenizer = small_bert_tokenizer()
    model = random_bert_tower(tokenizer, **BOX)
    model.set_attn_implementation("eager")
    words = ["红", "色", "的", "花", "，", "walkings"]
    with torch.inference_mode():
        output: Any = model.text_model(
            input_ids=torch.tensor([token_ids(tokenizer, "红色的花， Walkings")]), output_attentions=True
        )
    attention = output.attentions[-1][0].mean(dim=0)[0, 1:-1]
    pieces = [len(token_ids(tokenizer, word)) - 2 for word in words]
    expected = [float(part.sum() / attention.sum()) for part in attention.split(pieces)]
    with box.connect() as connection:
        rows = connection.execute(sa.text("select * from clipsql.explain_text('红色的花， Walkings')")).all()
    assert [row.word for row in rows] == words
    assert [row.weight for row in rows] == pytest.approx(expected, rel=1e-2)
    assert np.sum([row.weight for row in rows]) == pytest.approx(1)


def test_a_folder_gives_one_vector_in_sql_and_in_python(engine: Engine, tmp_path: Path) -> None:
    tokenizer = small_bert_tokenizer()
    random_bert_tower(tokenizer, **BOX).save_pretrained(tmp_path)
    ChineseCLIPImageProcessorPil(
        size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}
    ).save_pretrained(tmp_path)
    # As the checkpoints on the hub have it: no tokenizer.json.
    tokens = tokenizer.get_vocab()
    (tmp_path / "vocab.txt").write_text(
        "".join(f"{token}\n" for token in sorted(tokens, key=tokens.__getitem__))
    )
    register_model(engine, str(tmp_path), name="box", dtype="float32")
    texts = some_texts(20, words=CHINESE)  # of different lengths: shorter ones are padded here
    by_python = load_encoder(str(tmp_path), dtype="float32").encode_texts(texts)
    assert worst_cosine(embed(engine, texts), by_python) >= ENOUGH
