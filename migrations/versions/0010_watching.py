"""Watching: pictures to come are compared with what is looked for, and raise alarms."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql as pg

revision = "0010"
down_revision = "0009"

TYPES = ("watched_picture", "backtest_result", "count_result", "check_result", "drawn_picture")
FUNCTIONS = (
    "owns",
    "find_watch",
    "watched",
    "watched_past",
    "watch_directions",
    "daily_interval",
    "daily_alarms",
    "rate_threshold",
    "percentile_threshold",
    "check_watch",
    "watch_subject",
    "watch_filters",
    "put_watch",
    "watch",
    "set_paused",
    "pause_watch",
    "resume_watch",
    "unwatch",
    "moved_watch",
    "raise_missed",
    "move_watches",
    "backtest",
    "judge_alert",
    "raise_watch",
    "near_watches",
    "raise_alerts",
    "begin_watch",
    "is_told",
    "queue_deliveries",
    "query_digest",
    "drawn_pictures",
    "drawn_for",
    "rest_interval",
    "next_to_check",
    "count_matches",
    "judge_match",
)

# Who sees a watch: its owner, and everybody where no policy hides pictures from him. An alarm shows a picture, so it is
# seen by those who see both.
POLICIES = """
    alter table clipsql.watch_list enable row level security;
    create policy is_seen on clipsql.watch_list for select
        using (clipsql_private.owns(owner) or not row_security_active('clipsql.image'));
    create policy is_owned on clipsql.watch_list using (clipsql_private.owns(owner));

    alter table clipsql_private.watch_vector enable row level security;
    create policy is_seen on clipsql_private.watch_vector for select
        using (exists (select from clipsql.watch_list as w where w.watch_id = watch_vector.watch_id));
    create policy is_owned on clipsql_private.watch_vector
        using (exists (select from clipsql.watch_list as w
                       where w.watch_id = watch_vector.watch_id and clipsql_private.owns(w.owner)));

    alter table clipsql.alert enable row level security;
    create policy is_seen on clipsql.alert for select
        using (not row_security_active('clipsql.image') or (
            exists (select from clipsql.watch_list as w where w.watch_id = alert.watch_id)
            and exists (select from clipsql.image as i where i.image_id = alert.image_id)));
    create policy is_owned on clipsql.alert for update
        using (exists (select from clipsql.watch_list as w
                       where w.watch_id = alert.watch_id and clipsql_private.owns(w.owner)));

    alter table clipsql_private.webhook enable row level security;
    create policy is_owned on clipsql_private.webhook using (clipsql_private.owns(owner));

    alter table clipsql_private.delivery enable row level security;
    create policy is_owned on clipsql_private.delivery
        using (exists (select from clipsql_private.webhook as h where h.webhook_id = delivery.webhook_id)
            and exists (select from clipsql.alert as a where a.alert_id = delivery.alert_id));
"""

# A statement that writes to the parent fires the parent's trigger alone, one that writes to a partition the partition's
# alone: each of them has the triggers, and nothing is compared twice. New partitions get them from add_partitions.
TRIGGERS = """
    do $triggers$
    declare
        of_table regclass;
    begin
        for of_table in select t.relid from pg_catalog.pg_partition_tree('clipsql.image_embedding') as t loop
            execute format(
                'create trigger alerts_of_new after insert on %s referencing new table as written
                 for each statement execute function clipsql_private.raise_alerts()', of_table);
            execute format(
                'create trigger alerts_of_changed after update on %s referencing new table as written
                 for each statement execute function clipsql_private.raise_alerts()', of_table);
        end loop;
    end
    $triggers$;
    create trigger watch_begins
    before insert or update of model_id, filters, timezone, min_similarity, once_per, once_per_key, is_paused
    on clipsql.watch_list
    for each statement when (not clipsql_private.is_restoring())
    execute function clipsql_private.begin_watch();
    create trigger watch_moves after update of model_id on clipsql.watch_list
    for each row when (old.model_id <> new.model_id and not new.is_paused)
    execute function clipsql_private.raise_missed();
    create trigger webhook_begins before insert on clipsql_private.webhook
    for each statement when (not clipsql_private.is_restoring())
    execute function clipsql_private.begin_watch();
    create trigger alerts_are_told after insert on clipsql.alert referencing new table as raised
    for each statement when (not clipsql_private.is_restoring())
    execute function clipsql_private.queue_deliveries();
"""
NO_TRIGGERS = """
    do $triggers$
    declare
        of_table regclass;
    begin
        for of_table in select t.relid from pg_catalog.pg_partition_tree('clipsql.image_embedding') as t loop
            execute format('drop trigger alerts_of_new on %s', of_table);
            execute format('drop trigger alerts_of_changed on %s', of_table);
        end loop;
    end
    $triggers$;
    drop trigger watch_begins on clipsql.watch_list;
    drop trigger watch_moves on clipsql.watch_list;
    drop trigger webhook_begins on clipsql_private.webhook;
    drop trigger alerts_are_told on clipsql.alert;
"""


def _watch_id(*, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        "watch_id",
        sa.BigInteger,
        sa.ForeignKey("clipsql.watch_list.watch_id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def _image_id(*, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        "image_id",
        sa.BigInteger,
        sa.ForeignKey("clipsql.image.image_id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def upgrade() -> None:
    op.create_table(
        "watch_list",
        sa.Column("watch_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("model_id", sa.Integer, sa.ForeignKey("clipsql.model.model_id", ondelete="SET NULL")),
        sa.Column("query", sa.Text),
        sa.Column("images", pg.ARRAY(sa.BigInteger)),
        sa.Column("filters", pg.JSONB, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("alarms_per_day", sa.Double),
        sa.Column("min_percentile", sa.Double),
        sa.Column("min_similarity", sa.Double, nullable=False),
        sa.Column("alarms_low", sa.Double),
        sa.Column("alarms_high", sa.Double),
        sa.Column("once_per", pg.INTERVAL),
        sa.Column("once_per_key", sa.Text),
        sa.Column("is_paused", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("created_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        schema="clipsql",
    )
    op.create_index(None, "watch_list", ["model_id"], schema="clipsql")
    op.create_table(
        "watch_vector",
        sa.Column(
            "model_id",
            sa.Integer,
            sa.ForeignKey("clipsql.model.model_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        _watch_id(primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.Column("min_similarity", sa.Double, nullable=False),
        sa.Column("is_paused", sa.Boolean, server_default=sa.text("false"), nullable=False),
        schema="clipsql_private",
        postgresql_with={"toast_tuple_target": "8160"},
    )
    op.create_index(None, "watch_vector", ["watch_id"], schema="clipsql_private")
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        _watch_id(),
        _image_id(),
        sa.Column("similarity", sa.Double, nullable=False),
        sa.Column("percentile", sa.Double),
        sa.Column("raised_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("repeats", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("verdict", sa.Boolean),
        sa.Column("occasion", sa.LargeBinary),
        sa.UniqueConstraint("watch_id", "image_id"),
        sa.UniqueConstraint("watch_id", "occasion"),
        schema="clipsql",
    )
    op.create_index(None, "alert", ["image_id"], schema="clipsql")
    op.create_table(
        "repeat",
        _watch_id(primary_key=True),
        _image_id(primary_key=True),
        sa.Column(
            "alert_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.alert.alert_id", ondelete="CASCADE"),
            nullable=False,
        ),
        schema="clipsql_private",
    )
    op.create_index(None, "repeat", ["image_id"], schema="clipsql_private")
    op.create_index(None, "repeat", ["alert_id"], schema="clipsql_private")
    op.create_table(
        "webhook",
        sa.Column("webhook_id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.UniqueConstraint("owner", "address"),
        schema="clipsql_private",
    )
    op.create_table(
        "delivery",
        sa.Column(
            "webhook_id",
            sa.Integer,
            sa.ForeignKey("clipsql_private.webhook.webhook_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "alert_id",
            sa.BigInteger,
            sa.ForeignKey("clipsql.alert.alert_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("tries", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("next_try_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("is_dead", sa.Boolean, server_default=sa.text("false"), nullable=False),
        schema="clipsql_private",
    )
    op.create_index(None, "delivery", ["alert_id"], schema="clipsql_private")
    op.create_table(
        "verdict",
        sa.Column("query_digest", sa.LargeBinary, primary_key=True),
        _image_id(primary_key=True),
        sa.Column("is_right", sa.Boolean, nullable=False),
        sa.Column("judged_at", pg.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        schema="clipsql_private",
    )
    op.create_index(None, "verdict", ["image_id"], schema="clipsql_private")
    for name in TYPES:
        op.create_type(name, version=1)
    for name in FUNCTIONS:
        op.create_function(name, version=1)
    op.execute(POLICIES)
    op.execute(TRIGGERS)
    op.create_view("watch_stats", version=1)


def downgrade() -> None:
    op.drop_view("watch_stats")
    op.execute(NO_TRIGGERS)
    for table in ("clipsql.watch_list", "clipsql_private.watch_vector", "clipsql.alert"):
        op.execute(f"drop policy is_seen on {table}")
        op.execute(f"drop policy is_owned on {table}")
    for name in ("delivery", "webhook"):
        op.execute(f"drop policy is_owned on clipsql_private.{name}")
    for name in reversed(FUNCTIONS):
        op.drop_function(name)
    for name in reversed(TYPES):
        op.drop_type(name)
    for schema, name in (
        ("clipsql_private", "verdict"),
        ("clipsql_private", "delivery"),
        ("clipsql_private", "webhook"),
        ("clipsql_private", "repeat"),
        ("clipsql", "alert"),
        ("clipsql_private", "watch_vector"),
        ("clipsql", "watch_list"),
    ):
        op.drop_table(name, schema=schema)
