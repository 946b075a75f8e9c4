"""Judgements: matching, zero-shot labels, captions by retrieval, and search by captions and vectors together."""

from alembic import op

revision = "0005"
down_revision = "0004"

TYPES = ("label_result", "image_label_result", "caption_result", "hybrid_result")
FUNCTIONS = (
    "match",
    "label_directions",
    "label_probabilities",
    "classify",
    "classify_images",
    "walk_parts",
    "nearest_captions",
    "search_captions",
    "suggest_captions",
    "word_terms",
    "rank_words",
    "search_hybrid",
)


def upgrade() -> None:
    for name in TYPES:
        op.create_type(name, version=1)
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    for name in reversed(TYPES):
        op.drop_type(name)
