"""Pictures: models, images, captions, embeddings, the reader role and the statistics view."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql as pg

revision = "0001"
down_revision = None

SCHEMAS = ("clipsql", "clipsql_private")
UPGRADE_FUNCTIONS = (
    "load_pgvector",
    "is_restoring",
    "dependents",
    "result_columns",
    "switching",
    "regrant",
    "grant_as_whole",
    "view_statement",
    "remaking",
    "replace_object",
)
CAPTION_FUNCTIONS = (
    "caption_languages",
    "caption_configuration",
    "han_characters",
    "spaced_han",
    "caption_words",
    "caption_query",
    "any_caption_query",
)
BROWSER_FUNCTIONS = ("percent_encoded", "encoded_path", "browser_url", "picture_url")
MODEL_FUNCTIONS = ("embedding_tables", "count_vectors", "partition_name", "hnsw_index_name", "add_partitions")


def _added_at() -> sa.Column[object]:
    return sa.Column("added_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    for name in UPGRADE_FUNCTIONS:
        op.create_function(name, version=1)
    op.create_table(
        "model",
        sa.Column("model_id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("location", sa.Text),
        sa.Column("revision", sa.Text),
        sa.Column("dimensions", sa.Integer, nullable=False),
        sa.Column("logit_scale", sa.Double, nullable=False),
        sa.Column("is_default", sa.Boolean, server_default=sa.text("false"), nullable=False),
        _added_at(),
        sa.CheckConstraint("dimensions between 1 and 4000", name="dimensions"),
        schema="clipsql",
    )
    op.create_index(
        "model_is_default_key",
        "model",
        ["is_default"],
        unique=True,
        postgresql_where=sa.text("is_default"),
        schema="clipsql",
    )

    op.create_function("url_digest", version=1)
    op.create_table(
        "image",
        sa.Column("image_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("collection", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("file", sa.Text),
        sa.Column("sha256", sa.LargeBinary),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("format", sa.Text),
        sa.Column("taken_at", pg.TIMESTAMP(timezone=True)),
        sa.Column("longitude", sa.Double),
        sa.Column("latitude", sa.Double),
        sa.Column("metadata", pg.JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text, server_default=sa.text("'pending'"), nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("error", sa.Text),
        _added_at(),
        sa.CheckConstraint("status in ('pending', 'embedded', 'failed')", name="status"),
        sa.CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        sa.CheckConstraint("jsonb_typeof(metadata) = 'object'", name="metadata"),
        sa.CheckConstraint(
            "(longitude is null) = (latitude is null)"
            " and longitude between -180 and 180 and latitude between -90 and 90",
            name="place",
        ),
        schema="clipsql",
    )
    op.create_index(
        "image_collection_url_key",
        "image",
        ["collection", sa.text("clipsql.url_digest(url)")],
        unique=True,
        schema="clipsql",
    )
    op.create_index("image_sha256_idx", "image", ["sha256"], postgresql_using="hash", schema="clipsql")
    op.create_index(None, "image", ["taken_at"], schema="clipsql")
    op.create_index(
        "image_metadata_idx",
        "image",
        ["metadata"],
        postgresql_using="gin",
        postgresql_ops={"metadata": "jsonb_path_ops"},
        schema="clipsql",
    )
    op.create_index(
        "image_place_idx",
        "image",
        [sa.literal_column("point(longitude, latitude)")],
        postgresql_using="gist",
        postgresql_where=sa.text("longitude is not null"),
        schema="clipsql",
    )

    for name in CAPTION_FUNCTIONS:
        op.create_function(name, version=1)
    op.create_table(
        "caption",
        sa.Column("caption_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("language", sa.Text, server_default=sa.text("'en'"), nullable=False),
        sa.Column(
            "words",
            pg.TSVECTOR,
            sa.Computed("clipsql_private.caption_words(body, language, source)", persisted=True),
            nullable=False,
        ),
        sa.Column("source", sa.Text),
        schema="clipsql",
    )
    op.create_index(None, "caption", ["image_id"], schema="clipsql")
    op.create_index("caption_words_idx", "caption", ["words"], postgresql_using="gin", schema="clipsql")

    for table, owner in (("image_embedding", "image"), ("caption_embedding", "caption")):
        op.create_table(
            table,
            sa.Column(
                f"{owner}_id",
                sa.BigInteger,
                sa.ForeignKey(f"clipsql.{owner}.{owner}_id", ondelete="CASCADE"),
                nullable=False,
            ),
            sa.Column(
                "model_id",
                sa.Integer,
                sa.ForeignKey("clipsql.model.model_id", ondelete="CASCADE"),
                nullable=False,
            ),
            sa.Column("embedding", HALFVEC(), nullable=False),
            schema="clipsql",
            postgresql_partition_by="LIST (model_id)",
        )

    op.create_table(
        "thumbnail",
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        schema="clipsql_private",
    )

    op.create_table(
        "fingerprint",
        sa.Column(
            "image_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("pixels", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("octet_length(pixels) = 1964", name="pixels"),
        schema="clipsql_private",
    )

    for name in MODEL_FUNCTIONS:
        op.create_function(name, version=1)
    op.create_table(
        "settings",
        sa.Column("picture_folder", sa.Text, primary_key=True),
        sa.Column("url_prefix", sa.Text, nullable=False),
        sa.CheckConstraint(
            "picture_folder ~ '^(/|(/[^/]+)+)$' and picture_folder !~ '/[.]{1,2}(/|$)'", name="picture_folder"
        ),
        sa.CheckConstraint(
            "url_prefix ~* '^(https?://[][a-z0-9.:-]+(/[a-z0-9._~!$&()*+,;=:@%/-]*)?"
            "|/([a-z0-9._~!$&()*+,;=:@%-][a-z0-9._~!$&()*+,;=:@%/-]*)?)$'",
            name="url_prefix",
        ),
        schema="clipsql",
    )
    for name in BROWSER_FUNCTIONS:
        op.create_function(name, version=1)
    op.create_view("collection_stats", version=1)
    op.create_view("picture", version=1)
    op.create_function("thumbnail_uri", version=1)


def downgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"revoke usage on schema {schema} from clipsql_reader, clipsql_writer")
    op.drop_function("thumbnail_uri")
    op.drop_view("picture")
    op.drop_view("collection_stats")
    for name in reversed(BROWSER_FUNCTIONS):
        op.drop_function(name)
    op.drop_table("settings", schema="clipsql")
    for name in reversed(MODEL_FUNCTIONS):
        op.drop_function(name)
    for table in ("fingerprint", "thumbnail"):
        op.drop_table(table, schema="clipsql_private")
    for table in ("caption_embedding", "image_embedding", "caption"):
        op.drop_table(table, schema="clipsql")
    for name in reversed(CAPTION_FUNCTIONS):
        op.drop_function(name)
    for table in ("image", "model"):
        op.drop_table(table, schema="clipsql")
    op.drop_function("url_digest")
    for name in reversed(UPGRADE_FUNCTIONS):
        op.drop_function(name)
