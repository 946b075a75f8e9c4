"""The text tower inside PostgreSQL gives what transformers gives, whatever the tower and the session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
import torch
from local_towers import (
    B32,
    BOX,
    L14,
    random_tower,
    real_tokenizer,
    reference,
    small_tokenizer,
    some_texts,
    token_ids,
)
from numpy.typing import NDArray
from sqlalchemy.engine import URL, Engine
from transformers import AutoModel, AutoTokenizer

from clipsql import assets
from clipsql.db.engine import create_engine, database_errors
from clipsql.db.models import ModelRow, add_model, remove_model
from clipsql.db.schema import migrating
from clipsql.db.text_towers import has_text_tower, remember_texts, store_text_tower
from clipsql.encoding.text_tower import read_text_tower
from clipsql.errors import ClipsqlError, DatabaseError, InvalidText, TextEncoderUnavailable, UnknownModel
from clipsql.text_tower import TextTower

ENOUGH = 0.99999
CALLS = "select coalesce(sum(calls), 0) from pg_stat_xact_user_functions where funcname = 'run_text_tower'"
TOWER_TABLES = (
    "text_tower",
    "text_added_token",
    "text_word",
    "text_merge",
    "text_token",
    "text_position",
    "text_matrix",
    "text_neuron",
)


def load(engine: Engine, tower: TextTower, *, name: str = "box") -> ModelRow:
    model = add_model(
        engine, name=name, location=name, revision="1", dimensions=tower.dimensions, logit_scale=1.0
    )
    store_text_tower(engine, model, tower)
    return model


def embed(engine: Engine, texts: Sequence[str], *, model: str = "box") -> NDArray[np.float32]:
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text("select clipsql.embed_text(t, :model) from unnest(cast(:texts as text[])) as t"),
            {"texts": list(texts), "model": model},
        )
        return np.array(
            [row[0].to_list() if hasattr(row[0], "to_list") else row[0] for row in rows], np.float32
        )


def scalar(engine: Engine, statement: str, **parameters: object) -> Any:
    with database_errors(engine), engine.connect() as connection:
        return connection.execute(sa.text(statement), parameters).scalar()


def worst_cosine(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    assert ours.shape == theirs.shape
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    return float((ours.astype(np.float64) * theirs).sum(axis=1).min())


@pytest.fixture(scope="module")
def box(new_database: Callable[..., URL], template: str) -> Iterator[Engine]:
    """A database with a small tower as its default model."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    tokenizer = small_tokenizer()
    load(engine, read_text_tower(random_tower(tokenizer, **BOX), tokenizer))
    yield engine
    engine.dispose()


COLLATIONS = (
    pytest.param("locale_provider libc locale 'C'", 15, id="libc C"),
    pytest.param("locale_provider libc locale 'C.utf8'", 15, id="libc C.utf8"),
    pytest.param("locale_provider icu icu_locale 'tr-TR' locale 'C'", 15, id="icu Turkish"),
    pytest.param("locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'", 17, id="builtin C.UTF-8"),
    pytest.param(
        "locale_provider builtin builtin_locale 'PG_UNICODE_FAST' locale 'C'",
        18,
        id="builtin PG_UNICODE_FAST",
    ),
)


@pytest.mark.parametrize(("collation", "oldest"), COLLATIONS)
def test_token_ids_equal_those_of_transformers_under_every_collation(
    collation: str, oldest: int, new_database: Callable[..., URL], server_url: str, shared_data: Path
) -> None:
    server = create_engine(server_url)
    version = int(scalar(server, "show server_version_num")) // 10000
    has_icu = scalar(server, "select count(*) from pg_collation where collname = 'tr-TR-x-icu'") > 0
    server.dispose()
    if version < oldest or ("icu" in collation and not has_icu):
        pytest.skip(f"this PostgreSQL {version} has no such collation provider")
    url = new_database(options=f"encoding 'UTF8' {collation}").render_as_string(hide_password=False)
    engine = create_engine(url)
    migrating.upgrade(engine)
    tokenizer = real_tokenizer(shared_data)
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
    load(engine, read_text_tower(random_tower(tokenizer, **shape, projection_dim=8), tokenizer))
    lines = (shared_data / "clip-tokenizer" / "golden.tsv").read_text().splitlines()[1:]
    golden = {json.loads(text): json.loads(ids) for _, text, ids in (line.split("\t") for line in lines)}
    texts = [text for text in golden if "\0" not in text]  # PostgreSQL takes no NUL
    assert len(texts) >= 298
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text("select t, clipsql.tokenize(t) from unnest(cast(:texts as text[])) as t"),
            {"texts": texts},
        )
        wrong = {text: ids for text, ids in rows if ids != golden[text]}
    engine.dispose()
    assert wrong == {}


def test_200_texts_of_the_box_model_shape_equal_transformers(box: Engine) -> None:
    tokenizer = small_tokenizer()
    texts = some_texts(200)
    model = random_tower(tokenizer, **BOX)
    assert worst_cosine(embed(box, texts), reference(model, tokenizer, texts)) >= ENOUGH


@pytest.mark.slow
def test_200_captions_of_a_trained_dual_encoder_equal_transformers(engine: Engine, shared_data: Path) -> None:
    folder = shared_data / "models" / "photo-dual"
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    lines = (shared_data / "cc3m-like" / "captions.tsv").read_text().splitlines()[:200]
    texts = [line.split("\t")[0] for line in lines]
    load(engine, read_text_tower(model, tokenizer))
    assert worst_cosine(embed(engine, texts), reference(model, tokenizer, texts)) >= ENOUGH


@pytest.mark.parametrize(
    ("shape", "count"),
    [pytest.param(B32, 6, id="ViT-B/32"), pytest.param(L14, 3, id="ViT-L/14", marks=pytest.mark.slow)],
)
def test_towers_of_the_true_shapes_equal_transformers(
    shape: dict[str, int], count: int, engine: Engine
) -> None:
    # benchmarks/text_encoder.py does this for 200 texts, with the true vocabulary.
    tokenizer = small_tokenizer(max_tokens=77)
    model = random_tower(tokenizer, **shape)
    load(engine, read_text_tower(model, tokenizer))
    texts = some_texts(count)
    assert worst_cosine(embed(engine, texts), reference(model, tokenizer, texts)) >= ENOUGH


def test_rows_too_long_for_a_page_equal_transformers(engine: Engine) -> None:
    # As in OpenCLIP's ViT-H and ViT-bigG, whose perceptrons are 4,096 and 5,120 wide.
    tokenizer = small_tokenizer()
    model = random_tower(tokenizer, **(BOX | {"intermediate_size": 5120}), hidden_act="gelu")
    load(engine, read_text_tower(model, tokenizer))
    texts = some_texts(10)
    assert worst_cosine(embed(engine, texts), reference(model, tokenizer, texts)) >= ENOUGH


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu", "gelu_new", "silu"])
def test_every_activation_and_an_odd_shape_equal_transformers(activation: str, engine: Engine) -> None:
    tokenizer = small_tokenizer()
    shape = {"hidden_size": 60, "intermediate_size": 77, "num_hidden_layers": 2, "num_attention_heads": 3}
    model = random_tower(
        tokenizer,
        **shape,
        projection_dim=33,
        hidden_act=activation,
        layer_norm_eps=1e-3,
        max_position_embeddings=40,
    )
    load(engine, read_text_tower(model, tokenizer))
    texts = some_texts(50)
    assert worst_cosine(embed(engine, texts), reference(model, tokenizer, texts)) >= ENOUGH


@pytest.mark.parametrize(
    ("part", "factor"),
    [
        ("token_embedding.weight", 1e6),
        ("token_embedding.weight", 1e-6),
        ("mlp.fc1.weight", 1e5),
        ("mlp.fc2.weight", 1e6),
        ("v_proj.weight", 1e6),
        ("layer_norm2.weight", 1e4),
        ("text_projection.weight", 1e7),
        ("text_projection.weight", 1e-7),
    ],
)
def test_weights_beyond_half_precision_do_not_break_a_tower(part: str, factor: float, engine: Engine) -> None:
    tokenizer = small_tokenizer()
    model = random_tower(tokenizer, **BOX)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(part):
                parameter.mul_(factor)
    load(engine, read_text_tower(model, tokenizer))
    texts = some_texts(20)
    assert worst_cosine(embed(engine, texts), reference(model, tokenizer, texts)) >= ENOUGH


def test_an_old_configuration_pools_at_the_highest_id(engine: Engine) -> None:
    tokenizer = small_tokenizer()
    model = random_tower(tokenizer, **BOX)
    model.config.eos_token_id = model.text_model.config.eos_token_id = model.text_model.eos_token_id = 2
    tower = read_text_tower(model, tokenizer)
    assert tower.pooled_id is None
    load(engine, tower)
    texts = some_texts(20)
    assert worst_cosine(embed(engine, texts), reference(model, tokenizer, texts)) >= ENOUGH


def test_a_typed_end_token_ends_the_text(box: Engine) -> None:
    tokenizer = small_tokenizer()
    texts = ["red dog<|endoftext|>on the street", "red <|startoftext|>dog", "<|ENDOFTEXT|>! red"]
    for text in texts:
        assert scalar(box, "select clipsql.tokenize(:text)", text=text) == token_ids(tokenizer, text)
    model = random_tower(tokenizer, **BOX)
    assert worst_cosine(embed(box, texts), reference(model, tokenizer, texts)) >= ENOUGH


def test_tokens_matched_after_normalising_are_cut_out_in_any_case(engine: Engine) -> None:
    tokenizer = small_tokenizer()
    tokenizer.add_tokens(["<PHOTO>"])  # matched after normalising, unlike special tokens
    load(engine, read_text_tower(random_tower(tokenizer, **BOX), tokenizer))
    for text in ("a <photo> of", "A <PHOTO>of<photo>", "<phot>", "x<photo>y<|endoftext|><photo>z <photo>"):
        assert scalar(engine, "select clipsql.tokenize(:text)", text=text) == token_ids(tokenizer, text)


def test_a_text_too_long_is_cut_as_transformers_cuts_it(box: Engine) -> None:
    tokenizer = small_tokenizer()
    texts = [" ".join(some_texts(60)), "walking" * 300]
    for text in texts:
        assert scalar(box, "select clipsql.tokenize(:text)", text=text) == token_ids(tokenizer, text)
    model = random_tower(tokenizer, **BOX)
    assert worst_cosine(embed(box, texts), reference(model, tokenizer, texts)) >= ENOUGH


def test_attention_shares_equal_those_of_transformers_and_sum_to_one(box: Engine) -> None:
    tokenizer = small_tokenizer()
    model = random_tower(tokenizer, **BOX)
    model.set_attn_implementation("eager")
    words = ["the", "dog", "'", "s", "sleeping", ",", "写真"]
    text = "The dog's' sleeping, 写真".replace("dog's'", "dog' s")
    with torch.inference_mode():
        output = model(input_ids=torch.tensor([token_ids(tokenizer, text)]), output_attentions=True)
    attention = output.attentions[-1][0].mean(dim=0)[-1, 1:-1]
    pieces = [len(token_ids(tokenizer, word)) - 2 for word in words]
    expected = [float(part.sum() / attention.sum()) for part in attention.split(pieces)]
    with box.connect() as connection:
        rows = connection.execute(sa.text("select * from clipsql.explain_text(:text)"), {"text": text}).all()
    assert [(row.position, row.word) for row in rows] == list(enumerate(words, start=1))
    assert [row.weight for row in rows] == pytest.approx(expected, rel=1e-2)
    assert sum(row.weight for row in rows) == pytest.approx(1)


@pytest.mark.parametrize(
    "ordering",
    [
        pytest.param(
            "order by e.embedding::halfvec(96) <=> clipsql.embed_text('red dog')::halfvec(96)", id="any plan"
        ),
        pytest.param(
            "order by e.embedding <=> clipsql.embed_text('red dog')::halfvec, clipsql.embed_text('red dog') <-> '[1]'",
            id="twice, sorted",
        ),
    ],
)
def test_ordering_many_rows_runs_the_tower_once(ordering: str, box: Engine) -> None:
    ordering = ordering.replace("'[1]'", "array_fill(1, array[96])::vector")
    with box.connect() as connection:
        connection.exec_driver_sql(
            "create temp table e as "
            "select array_fill(n, array[96])::halfvec as embedding from generate_series(1, 500) as n"
        )
        connection.exec_driver_sql("set track_functions = 'pl'")
        before = connection.exec_driver_sql(CALLS).scalar()
        rows = connection.exec_driver_sql(f"select * from e {ordering} limit 3").all()
        after = connection.exec_driver_sql(CALLS).scalar()
    assert len(rows) == 3
    assert after - before == 1


def test_a_kept_result_never_answers_for_another_model_tower_or_text(engine: Engine) -> None:
    tokenizer = small_tokenizer()
    one, two = (random_tower(tokenizer, seed=seed, **BOX) for seed in (1, 2))
    first = load(engine, read_text_tower(one, tokenizer), name="first")
    load(engine, read_text_tower(two, tokenizer), name="second")
    wanted = {
        (name, text): reference(model, tokenizer, [text])[0]
        for name, model in (("first", one), ("second", two))
        for text in ("red dog", "red  dog", "car")
    }
    statement = sa.text("select clipsql.embed_text(:text, :name)::real[]")
    with engine.connect() as connection:
        for (name, text), vector in [*wanted.items(), *wanted.items()]:
            found = connection.execute(statement, {"text": text, "name": name}).scalar()
            assert np.dot(found, vector) >= ENOUGH
        connection.rollback()
        store_text_tower(engine, first, read_text_tower(two, tokenizer))
        found = connection.execute(statement, {"text": "car", "name": "first"}).scalar()
        assert np.dot(found, wanted["second", "car"]) >= ENOUGH


def test_what_was_asked_is_not_there_for_the_next_transaction_of_a_session(box: Engine) -> None:
    kept = "select current_setting('clipsql.latest_embedding', true)"
    with box.connect() as connection:
        connection.exec_driver_sql("select clipsql.embed_text('a secret', 'box')")
        assert connection.exec_driver_sql(kept).scalar_one()
        connection.commit()
        assert not connection.exec_driver_sql(kept).scalar_one()


def test_a_reader_may_encode_in_a_read_only_transaction_under_any_settings(box: Engine) -> None:
    wanted = embed(box, ["Red café at night"])
    with box.connect() as connection:
        for setting in (
            "search_path = ''",
            "enable_indexscan = off",
            "enable_indexonlyscan = off",
            "enable_nestloop = off",
            "enable_hashjoin = off",
            "enable_sort = off",
            "plan_cache_mode = force_custom_plan",
            "standard_conforming_strings = off",
            "bytea_output = 'escape'",
            "extra_float_digits = -15",
            "work_mem = '64kB'",
            "statement_timeout = '30s'",
            "transaction_isolation = 'serializable'",
        ):
            connection.exec_driver_sql(f"set {setting}")
        connection.rollback()
        connection.exec_driver_sql("set session characteristics as transaction read only")
        for setting in ("search_path = ''", "extra_float_digits = -15", "enable_indexscan = off"):
            connection.exec_driver_sql(f"set {setting}")
        connection.exec_driver_sql("set role clipsql_reader")
        # As text, whose digits do not depend on extra_float_digits.
        found = connection.exec_driver_sql("select clipsql.embed_text('Red café at night')::text").scalar()
        again = connection.exec_driver_sql("select clipsql.embed_text('Red café at night')::text").scalar()
        words = connection.exec_driver_sql("select count(*) from clipsql.explain_text('Red café')").scalar()
        connection.invalidate()
    assert worst_cosine(np.array([json.loads(found)], np.float32), wanted) >= ENOUGH
    assert found == again
    assert words == 2


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u00a0\u3000\u2028"])
def test_a_blank_text_is_refused(text: str, box: Engine) -> None:
    for function in ("embed_text", "explain_text"):
        with pytest.raises(InvalidText, match="empty"):
            scalar(box, f"select clipsql.{function}(:text)", text=text)


def test_no_text_gives_no_vector(box: Engine) -> None:
    assert scalar(box, "select clipsql.embed_text(null)") is None
    assert scalar(box, "select clipsql.tokenize(null)") is None
    assert scalar(box, "select count(*) from clipsql.explain_text(null)") == 0


def test_nul_is_refused(box: Engine) -> None:
    with pytest.raises((ClipsqlError, psycopg.DataError, sa.exc.DBAPIError), match="NUL"):
        scalar(box, "select clipsql.embed_text(:text)", text="a\0b")


@pytest.mark.parametrize("function", ["embed_text", "tokenize", "explain_text"])
def test_an_unknown_model_is_told(function: str, box: Engine) -> None:
    with pytest.raises(UnknownModel, match="elsewhere"):
        scalar(box, f"select clipsql.{function}('a dog', 'elsewhere')")


def test_a_model_without_a_tower_names_the_remedy_and_remembered_texts_are_found(engine: Engine) -> None:
    model = add_model(engine, name="siglip", location="siglip", revision="1", dimensions=3, logit_scale=1.0)
    with pytest.raises(TextEncoderUnavailable, match="clipsql model remember siglip"):
        scalar(engine, "select clipsql.embed_text('a dog')")
    remember_texts(engine, model, {"a dog": np.array([0.6, 0.8, 0], np.float32)})
    assert embed(engine, ["a dog"], model="siglip").tolist() == [pytest.approx([0.6, 0.8, 0])]
    with pytest.raises(TextEncoderUnavailable):
        scalar(engine, "select clipsql.embed_text('a cat')")


def test_a_load_that_breaks_off_leaves_nothing(engine: Engine) -> None:
    tokenizer = small_tokenizer()
    tower = read_text_tower(random_tower(tokenizer, **BOX), tokenizer)
    last = replace(tower.neurons[-1], rows=np.full_like(tower.neurons[-1].rows, np.nan))
    with pytest.raises(DatabaseError):
        load(engine, replace(tower, neurons=(*tower.neurons[:-1], last)))
    for table in TOWER_TABLES:
        assert scalar(engine, f"select count(*) from clipsql_private.{table}") == 0
    with pytest.raises(TextEncoderUnavailable):
        scalar(engine, "select clipsql.embed_text('a dog')")


def test_a_tower_is_replaced_and_removed_whole(engine: Engine) -> None:
    tokenizer = small_tokenizer()
    tower = read_text_tower(random_tower(tokenizer, **BOX), tokenizer)
    model = load(engine, tower)
    counts = [scalar(engine, f"select count(*) from clipsql_private.{table}") for table in TOWER_TABLES]
    store_text_tower(engine, model, tower)
    assert [
        scalar(engine, f"select count(*) from clipsql_private.{table}") for table in TOWER_TABLES
    ] == counts
    assert has_text_tower(engine, model)
    remove_model(engine, model.name)
    assert not any(scalar(engine, f"select count(*) from clipsql_private.{table}") for table in TOWER_TABLES)


def test_a_database_that_is_not_utf8_is_told(new_database: Callable[..., URL]) -> None:
    url = new_database(options="encoding 'LATIN1' locale 'C'").set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute(
            "create schema clipsql; create schema clipsql_private;"
            "create table clipsql.model (model_id int, name text, location text);"
            "create table clipsql_private.text_tower (model_id int)"
        )
        connection.execute(assets.sql_file("functions", "loaded_text_tower", 1).read_bytes())
        with pytest.raises(psycopg.Error, match="LATIN1") as caught:
            connection.execute("select clipsql_private.loaded_text_tower(row(1, 'a', 'a'))")
    assert caught.value.sqlstate == "CQ007"
