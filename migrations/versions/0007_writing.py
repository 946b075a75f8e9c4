"""Writing from code: vector spaces, pictures put and removed; and searches asked for in JSON."""

from alembic import op

revision = "0007"
down_revision = "0006"

FUNCTIONS = (
    "check_picture",
    "put_captions",
    "put_image",
    "remove_images",
    "add_model",
    "read_request",
    "run_request",
    "search_request",
)


def upgrade() -> None:
    op.create_type("requested_search", version=1)
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_type("requested_search")
