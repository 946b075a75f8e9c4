"""The tables of text towers and remembered texts as SQLAlchemy classes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pgvector.sqlalchemy import HALFVEC, VECTOR
from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double, Integer, Text

from clipsql.db.tables.base import PRIVATE_SCHEMA, Base
from clipsql.db.tables.pictures import Model

_INLINE = {"schema": PRIVATE_SCHEMA, "postgresql_with": {"toast_tuple_target": "8160"}}


def _key(kind: Any = Integer) -> Any:
    return mapped_column(kind, primary_key=True, autoincrement=False)


def _owner(column: Any) -> Any:
    return mapped_column(
        Integer, ForeignKey(column, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class TextTower(Base):
    """The text tower of a model: what decides its arithmetic, and the rules of its tokenizer."""

    __tablename__ = "text_tower"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    model_id: Mapped[int] = _owner(Model.model_id)
    activation: Mapped[str]
    width: Mapped[int] = mapped_column(Integer)
    heads: Mapped[int] = mapped_column(Integer)
    layers: Mapped[int] = mapped_column(Integer)
    gate: Mapped[list[float]] = mapped_column(ARRAY(Double))
    norm_tail: Mapped[float]
    is_causal: Mapped[bool]
    pooled_id: Mapped[int | None] = mapped_column(Integer)
    vocabulary: Mapped[str]
    start_id: Mapped[int] = mapped_column(Integer)
    end_id: Mapped[int] = mapped_column(Integer)
    unknown_id: Mapped[int | None] = mapped_column(Integer)
    max_tokens: Mapped[int] = mapped_column(Integer)
    byte_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    last_byte_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    split_pattern: Mapped[str]
    typed_pattern: Mapped[str]
    normal_pattern: Mapped[str]
    loaded_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class TextAddedToken(Base):
    """A token such as <|endoftext|>, cut out of a text before its words are split."""

    __tablename__ = "text_added_token"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    model_id: Mapped[int] = _owner(TextTower.model_id)
    token_id: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = _key(Text(collation="C"))


class TextWord(Base):
    """A piece of text that is one token as it stands, or a piece of a word behind ##."""

    __tablename__ = "text_word"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    model_id: Mapped[int] = _owner(TextTower.model_id)
    token_id: Mapped[int] = mapped_column(Integer)
    word: Mapped[str] = _key(Text(collation="C"))


class TextMerge(Base):
    """Two neighbouring tokens that become one; lower ranks first."""

    __tablename__ = "text_merge"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    model_id: Mapped[int] = _owner(TextTower.model_id)
    left_id: Mapped[int] = _key()
    right_id: Mapped[int] = _key()
    rank: Mapped[int] = mapped_column(Integer)
    merged_id: Mapped[int] = mapped_column(Integer)


class TextToken(Base):
    """The input vector of a token."""

    __tablename__ = "text_token"
    __table_args__ = _INLINE

    model_id: Mapped[int] = _owner(TextTower.model_id)
    token_id: Mapped[int] = _key()
    embedding: Mapped[Any] = mapped_column(HALFVEC(), nullable=False)


class TextPosition(Base):
    """What is added to the token at a position; the start token is at 1."""

    __tablename__ = "text_position"
    __table_args__ = _INLINE

    model_id: Mapped[int] = _owner(TextTower.model_id)
    position: Mapped[int] = _key()
    embedding: Mapped[Any] = mapped_column(VECTOR(), nullable=False)


class TextMatrix(Base):
    """What a matrix needs besides its rows: outputs are `rows * input * scales + biases`, all vectors.

    The parts `before_attention` and `before_perceptron` have no rows: layer norms that stand behind a block.
    """

    __tablename__ = "text_matrix"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    model_id: Mapped[int] = _owner(TextTower.model_id)
    layer: Mapped[int] = _key()
    part: Mapped[str] = _key(Text(collation="C"))
    scales: Mapped[Any] = mapped_column(VECTOR(), nullable=False)
    biases: Mapped[Any] = mapped_column(VECTOR(), nullable=False)
    start_outputs: Mapped[Any | None] = mapped_column(VECTOR())


class TextNeuron(Base):
    """One row of a matrix; `bias` and `start_output` where they are needed row by row, see `TextMatrix`."""

    __tablename__ = "text_neuron"
    __table_args__ = _INLINE

    model_id: Mapped[int] = _owner(TextTower.model_id)
    layer: Mapped[int] = _key()
    part: Mapped[str] = _key(Text(collation="C"))
    neuron: Mapped[int] = _key()
    weights: Mapped[Any] = mapped_column(HALFVEC(), nullable=False)
    bias: Mapped[float | None]
    start_output: Mapped[float | None]


class RememberedText(Base):
    """A text with its embedding, for a model whose text tower SQL cannot run."""

    __tablename__ = "remembered_text"
    __table_args__ = {"schema": PRIVATE_SCHEMA}  # noqa: RUF012  SQLAlchemy declares it so

    model_id: Mapped[int] = _owner(Model.model_id)
    body: Mapped[str] = _key(Text(collation="C"))
    embedding: Mapped[Any] = mapped_column(VECTOR(), nullable=False)
