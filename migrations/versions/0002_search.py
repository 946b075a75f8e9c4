"""Search: vectors, filters and the nearest pictures."""

from alembic import op

revision = "0002"
down_revision = "0001"

FUNCTIONS = (
    "_resolve_model",
    "image_vector",
    "mix",
    "_distance_m",
    "_place_boxes",
    "_conditions",
    "_index_is_usable",
    "_check_query",
    "_nearest",
    "search",
    "search_similar",
)


def upgrade() -> None:
    op.execute(
        """
        create type clipsql._filter as (
            in_collection text,
            taken_from timestamptz,
            taken_until timestamptz,
            near_longitude double precision,
            near_latitude double precision,
            within_m double precision,
            inside polygon,
            having_metadata jsonb,
            caption_query text,
            only_images bigint[],
            except_images bigint[])
        """
    )
    for name in FUNCTIONS:
        op.create_function(name, version=1)


def downgrade() -> None:
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.execute("drop type clipsql._filter")
