"""Store the text towers of models, so that SQL turns texts into vectors; and remembered vectors of single texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from pgvector import HalfVector, Vector
from sqlalchemy.engine import Engine

from clipsql.db.calls.arguments import sql_value
from clipsql.db.calls.searches import check_text
from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.statements import Driver, driver_connection
from clipsql.db.transactions import Database, reading, writing
from clipsql.errors import InvalidVector
from clipsql.text_tower import TextTower

Rows = Iterable[tuple[object, ...]]

_TOWER = """
    insert into clipsql_private.text_tower (
        model_id, width, heads, layers, activation, gate, norm_tail, is_causal, pooled_id, vocabulary, start_id, end_id,
        unknown_id, max_tokens, byte_ids, last_byte_ids, split_pattern, typed_pattern, normal_pattern)
    values (
        %(model_id)s, %(width)s, %(heads)s, %(layers)s, %(activation)s, %(gate)s, %(norm_tail)s, %(is_causal)s,
        %(pooled_id)s, %(vocabulary)s, %(start_id)s, %(end_id)s, %(unknown_id)s, %(max_tokens)s, %(byte_ids)s,
        %(last_byte_ids)s, %(split_pattern)s, %(typed_pattern)s, %(normal_pattern)s)
"""


def store_text_tower(engine: Engine, model: ModelRow, tower: TextTower) -> None:
    """Store the tower of a model in one transaction, in place of the one that is there."""
    with database_errors(engine), engine.begin() as connection:
        driver = driver_connection(connection)
        # Two commands may load the same tower at once.
        driver.execute("select from clipsql.model where model_id = %s for update", (model.model_id,))
        driver.execute("delete from clipsql_private.text_tower where model_id = %s", (model.model_id,))
        driver.execute(_TOWER, _facts(model, tower))
        for statement, types, rows in _tables(model.model_id, tower):
            _copy(driver, statement, types, rows)
        driver.execute(
            "analyze clipsql_private.text_neuron, clipsql_private.text_token,"
            " clipsql_private.text_word, clipsql_private.text_merge"
        )


def has_text_tower(engine: Engine, model: ModelRow) -> bool:
    """Whether SQL can turn any text into a vector of this model."""
    with database_errors(engine), engine.connect() as connection:
        found = driver_connection(connection).execute(
            "select from clipsql_private.text_tower where model_id = %s", (model.model_id,)
        )
        return found.fetchone() is not None


def require_texts(database: Database, texts: Sequence[str]) -> None:
    """Raise InvalidText unless every text is one that can be embedded: with a word, not too long, fit to be stored."""
    given = sa.func.unnest(sql_value(list(texts), sa.ARRAY(sa.Text)))
    with reading(database) as connection:
        connection.execute(sa.select(check_text(given)))


def remember_texts(
    database: Database, model: ModelRow, embeddings: Mapping[str, NDArray[np.float32]]
) -> None:
    """Store the unit-length embeddings of texts, for a model whose text tower SQL cannot run. Raises InvalidVector."""
    for body, embedding in embeddings.items():
        if embedding.shape != (model.dimensions,):
            raise InvalidVector(
                f"The vector of {body!r} has {embedding.size} dimensions, but model {model.name} has "
                f"{model.dimensions}; encode the text with that model."
            )
    with writing(database) as connection:
        driver_connection(connection).cursor().executemany(
            """
            insert into clipsql_private.remembered_text (model_id, body, embedding) values (%s, %s, %s)
            on conflict (model_id, body) do update set embedding = excluded.embedding
            """,
            [(model.model_id, body, Vector(embedding)) for body, embedding in embeddings.items()],
        )


def _facts(model: ModelRow, tower: TextTower) -> dict[str, object]:
    tokenizer = tower.tokenizer
    return {
        "model_id": model.model_id,
        "width": tower.width,
        "heads": tower.heads,
        "layers": tower.layers,
        "activation": tower.activation,
        "gate": list(tower.gate),
        "norm_tail": tower.norm_tail,
        "is_causal": tower.is_causal,
        "pooled_id": tower.pooled_id,
        "vocabulary": tokenizer.vocabulary,
        "start_id": tokenizer.start_id,
        "end_id": tokenizer.end_id,
        "unknown_id": tokenizer.unknown_id,
        "max_tokens": tokenizer.max_tokens,
        "byte_ids": list(tokenizer.byte_ids),
        "last_byte_ids": list(tokenizer.last_byte_ids),
        "split_pattern": tokenizer.split_pattern,
        "typed_pattern": tokenizer.typed_pattern,
        "normal_pattern": tokenizer.normal_pattern,
    }


def _tables(model_id: int, tower: TextTower) -> Iterator[tuple[str, list[str], Rows]]:
    """COPY statement, column types and rows of every table of a tower."""
    tokenizer = tower.tokenizer
    yield (
        "clipsql_private.text_added_token (model_id, token_id, body)",
        ["int4", "int4", "text"],
        ((model_id, token.token_id, token.body) for token in tokenizer.added_tokens),
    )
    yield (
        "clipsql_private.text_word (model_id, token_id, word)",
        ["int4", "int4", "text"],
        ((model_id, token_id, word) for word, token_id in tokenizer.words.items()),
    )
    yield (
        "clipsql_private.text_merge (model_id, left_id, right_id, rank, merged_id)",
        ["int4"] * 5,
        (
            (model_id, left, right, rank, merged)
            for rank, (left, right, merged) in enumerate(tokenizer.merges)
        ),
    )
    yield (
        "clipsql_private.text_token (model_id, token_id, embedding)",
        ["int4", "int4", "halfvec"],
        ((model_id, token_id, HalfVector(row)) for token_id, row in enumerate(tower.token_embeddings)),
    )
    yield (
        "clipsql_private.text_position (model_id, position, embedding)",
        ["int4", "int4", "vector"],
        ((model_id, position, Vector(row)) for position, row in enumerate(tower.positions, start=1)),
    )
    yield (
        "clipsql_private.text_matrix (model_id, layer, part, scales, biases, start_outputs)",
        ["int4", "int4", "text", "vector", "vector", "vector"],
        _matrix_rows(model_id, tower),
    )
    yield (
        "clipsql_private.text_neuron (model_id, layer, part, neuron, weights, bias, start_output)",
        ["int4", "int4", "text", "int4", "halfvec", "float8", "float8"],
        _neuron_rows(model_id, tower),
    )


def _matrix_rows(model_id: int, tower: TextTower) -> Iterator[tuple[object, ...]]:
    for part in tower.neurons:
        if part.part not in ("value", "expand"):
            starts = None if part.start_outputs is None else Vector(part.start_outputs)
            yield model_id, part.layer, part.part, Vector(part.scale), Vector(part.bias), starts
    for norm in tower.carried:
        yield model_id, norm.layer, norm.part, Vector(norm.scale), Vector(norm.bias), None


def _neuron_rows(model_id: int, tower: TextTower) -> Iterator[tuple[object, ...]]:
    for part in tower.neurons:
        unused = [None] * len(part.rows)
        biases = part.bias.tolist() if part.part == "expand" else unused
        starts = unused if part.part != "value" or part.start_outputs is None else part.start_outputs.tolist()
        for number, (row, bias, start) in enumerate(zip(part.rows, biases, starts, strict=True), start=1):
            yield model_id, part.layer, part.part, number, HalfVector(row), bias, start


def _copy(driver: Driver, target: str, types: list[str], rows: Rows) -> None:
    with driver.cursor().copy(f"copy {target} from stdin (format binary)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
