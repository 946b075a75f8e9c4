"""Text encoder: the text towers of models, remembered texts, and the functions that turn texts into vectors."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC, VECTOR
from sqlalchemy.dialects import postgresql as pg

revision = "0003"
down_revision = "0002"

FUNCTIONS = (
    "lower_letters",
    "normalize_text",
    "shape_text",
    "split_words",
    "bert_text",
    "bert_words",
    "cut_added_tokens",
    "merge_bytes",
    "match_pieces",
    "encode_words",
    "loaded_text_tower",
    "check_text",
    "tokenize",
    "warn_of_unknown",
    "normalize_tokens",
    "gate",
    "project_tokens",
    "expand_tokens",
    "token_values",
    "attend",
    "carry_tokens",
    "run_text_tower",
    "remembered_vector",
    "embed_text",
    "search_text",
    "explain_text",
)
TABLES = (
    "text_tower",
    "text_added_token",
    "text_word",
    "text_merge",
    "text_token",
    "text_position",
    "text_matrix",
    "text_neuron",
    "remembered_text",
)
# A row of a matrix stays in its page, where a scan finds it without a second look-up.
INLINE = {"toast_tuple_target": "8160"}


def _key(name: str, kind: sa.types.TypeEngine[object] | type[sa.Integer] = sa.Integer) -> sa.Column[object]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _owner(table: str) -> sa.Column[object]:
    return sa.Column(
        "model_id",
        sa.Integer,
        sa.ForeignKey(f"{table}.model_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def upgrade() -> None:
    op.create_table(
        "text_tower",
        _owner("clipsql.model"),
        _text("activation"),
        _integer("width"),
        _integer("heads"),
        _integer("layers"),
        sa.Column("gate", pg.ARRAY(sa.Double), nullable=False),
        sa.Column("norm_tail", sa.Double, nullable=False),
        sa.Column("is_causal", sa.Boolean, nullable=False),
        sa.Column("pooled_id", sa.Integer),
        _text("vocabulary"),
        _integer("start_id"),
        _integer("end_id"),
        sa.Column("unknown_id", sa.Integer),
        _integer("max_tokens"),
        sa.Column("byte_ids", pg.ARRAY(sa.Integer), nullable=False),
        sa.Column("last_byte_ids", pg.ARRAY(sa.Integer), nullable=False),
        _text("split_pattern"),
        _text("typed_pattern"),
        _text("normal_pattern"),
        sa.Column("loaded_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        schema="clipsql_private",
    )
    op.create_table(
        "text_added_token",
        _owner("clipsql_private.text_tower"),
        _integer("token_id"),
        _key("body", sa.Text(collation="C")),
        schema="clipsql_private",
    )
    op.create_table(
        "text_word",
        _owner("clipsql_private.text_tower"),
        _integer("token_id"),
        _key("word", sa.Text(collation="C")),
        schema="clipsql_private",
    )
    op.create_table(
        "text_merge",
        _owner("clipsql_private.text_tower"),
        _key("left_id"),
        _key("right_id"),
        _integer("rank"),
        _integer("merged_id"),
        schema="clipsql_private",
    )
    op.create_table(
        "text_token",
        _owner("clipsql_private.text_tower"),
        _key("token_id"),
        sa.Column("embedding", HALFVEC(), nullable=False),
        schema="clipsql_private",
        postgresql_with=INLINE,
    )
    op.create_table(
        "text_position",
        _owner("clipsql_private.text_tower"),
        _key("position"),
        sa.Column("embedding", VECTOR(), nullable=False),
        schema="clipsql_private",
        postgresql_with=INLINE,
    )
    op.create_table(
        "text_matrix",
        _owner("clipsql_private.text_tower"),
        _key("layer"),
        _key("part", sa.Text(collation="C")),
        sa.Column("scales", VECTOR(), nullable=False),
        sa.Column("biases", VECTOR(), nullable=False),
        sa.Column("start_outputs", VECTOR()),
        schema="clipsql_private",
    )
    op.create_table(
        "text_neuron",
        _owner("clipsql_private.text_tower"),
        _key("layer"),
        _key("part", sa.Text(collation="C")),
        _key("neuron"),
        sa.Column("weights", HALFVEC(), nullable=False),
        sa.Column("bias", sa.Double),
        sa.Column("start_output", sa.Double),
        schema="clipsql_private",
        postgresql_with=INLINE,
    )
    op.create_table(
        "remembered_text",
        _owner("clipsql.model"),
        _key("body", sa.Text(collation="C")),
        sa.Column("embedding", VECTOR(), nullable=False),
        schema="clipsql_private",
    )
    op.create_type("word_result", version=1)
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_type("word_result")
    for name in reversed(TABLES):
        op.drop_table(name, schema="clipsql_private")
