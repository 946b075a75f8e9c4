"""Regions: parts of pictures, such as a detector's boxes or tiles, with vectors of their own."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql as pg

revision = "0014"
down_revision = "0013"

FUNCTIONS = (
    "queue_regions",
    "forget_regions",
    "nearest_regions",
    "region_vector",
    "search_regions",
    "run_region_request",
)


def upgrade() -> None:
    op.create_table(
        "image_region",
        sa.Column("region_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("box", pg.ARRAY(sa.Integer), nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("score", sa.Double),
        sa.Column("is_tile", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("error", sa.Text),
        sa.CheckConstraint(
            "cardinality(box) = 4 and array_ndims(box) = 1 and array_position(box, null) is null"
            " and box[1] >= 0 and box[2] >= 0 and box[3] >= 1 and box[4] >= 1 and 10000000 >= all (box)",
            name="box",
        ),
        sa.CheckConstraint("char_length(label) between 1 and 200", name="label"),
        sa.CheckConstraint("score between 0 and 1", name="score"),
        sa.UniqueConstraint("image_id", "box", "label", postgresql_nulls_not_distinct=True),
        sa.UniqueConstraint("region_id", "image_id"),
        schema="clipsql",
    )
    op.create_index(None, "image_region", ["label"], schema="clipsql")
    op.create_table(
        "region_embedding",
        sa.Column("region_id", sa.BigInteger, nullable=False),
        sa.Column(
            "model_id",
            sa.Integer,
            sa.ForeignKey("clipsql.model.model_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("image_id", sa.BigInteger, nullable=False),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.ForeignKeyConstraint(
            ["region_id", "image_id"],
            ["clipsql.image_region.region_id", "clipsql.image_region.image_id"],
            ondelete="CASCADE",
        ),
        schema="clipsql",
        postgresql_partition_by="LIST (model_id)",
    )
    op.execute(
        "select clipsql_private.add_partitions(m.model_id) from clipsql.model as m order by m.model_id"
    )
    op.create_type("region_result", version=1)
    for name in FUNCTIONS:
        op.create_function(name, version=1)
    op.execute(
        """
        create trigger region_is_queued after insert on clipsql.image_region referencing new table as written
        for each statement when (not clipsql_private.is_restoring())
        execute function clipsql_private.queue_regions()
        """
    )
    op.execute(
        """
        create trigger content_changes after update of sha256 on clipsql.image
        for each row when (old.sha256 is not null and new.sha256 is distinct from old.sha256)
        execute function clipsql_private.forget_regions()
        """
    )


def downgrade() -> None:
    op.execute("drop trigger content_changes on clipsql.image")
    op.execute("drop trigger region_is_queued on clipsql.image_region")
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    op.drop_type("region_result")
    for table in ("region_embedding", "image_region"):
        op.drop_table(table, schema="clipsql")
