"""How far a replica is behind its primary."""

from __future__ import annotations

from sqlalchemy.engine import Engine

from clipsql.db.transactions import reading


def replica_facts(engine: Engine) -> dict[str, object]:
    """`replica_lag_s` of a standby server, in seconds: the age of what it showed last, 0 when it has all it was sent.

    Nothing for a primary; None where it has replayed nothing yet.
    """
    with reading(engine) as connection:
        is_replica, lag = connection.exec_driver_sql(
            """
            select pg_is_in_recovery(), case
                when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
                else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::double precision end
            """
        ).one()
    return {"replica_lag_s": lag} if is_replica else {}
