"""Who asks, as a role of the database: by a key, by a proxy's word, or as the public."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from clipsql.db.engine import CONNECT_TIMEOUT_S, database_errors, json_text
from clipsql.db.keys import digest_of
from clipsql.errors import ClipsqlError
from clipsql.serving.options import ServeOptions

KEY_COOKIE = "clipsql_key"
SHOW_A_KEY = 'Show a key in the header Authorization: Bearer KEY; "clipsql key add" makes one.'


class NotAdmitted(ClipsqlError):
    """No key was shown where one is needed, or one that opens nothing."""


class NotAllowed(ClipsqlError):
    """Who asks is known, but the server lets nobody do that, or cannot become that role."""


_ROLE = """
    select a.role, r.oid as role_id, r.rolsuper or r.rolbypassrls as is_above,
           pg_has_role(session_user, r.oid, 'member') as is_ours,
           to_regtype('vector') is null
               or exists (select from pg_catalog.pg_db_role_setting as d where d.setrole = r.oid) as has_settings
    from ({asking}) as a(role)
    left join pg_catalog.pg_roles as r on r.rolname = a.role
"""
_ROLE_OF_KEY = sa.text(
    _ROLE.format(asking="select k.role from clipsql_private.api_key as k where k.digest = :digest")
)
_ROLE_BY_NAME = sa.text(_ROLE.format(asking="select cast(:role as text)"))
_BECOME = sa.text(
    """
    select
        set_config('statement_timeout', :timeout, true),
        set_config('transaction_read_only', :read_only, true),
        set_config('role', :role, true)
    """
)
# What ALTER ROLE ... SET says holds from a login on, and here is none, but policies may go by such a setting. Then the
# path: the extension may lie in a schema that is not on it, where its types are not found. The role comes last. Most
# roles have no such settings, and looking for them takes as long as fetching a thumbnail.
_BECOME_WITH_SETTINGS = sa.text(
    """
    select
        set_config('statement_timeout', :timeout, true),
        set_config('transaction_read_only', :read_only, true),
        (select count(s.done)
         from (
            select set_config(o.name, o.value, true) as done
            from (
                select split_part(g.setting, '=', 1) as name, substr(g.setting, strpos(g.setting, '=') + 1) as value,
                       d.setdatabase
                from pg_catalog.pg_db_role_setting as d
                cross join unnest(d.setconfig) as g(setting)
                where d.setrole = :role_id
                    and d.setdatabase in (
                        0, (select b.oid from pg_catalog.pg_database as b where b.datname = current_database()))
            ) as o
            where o.name not in ('role', 'session_authorization', 'transaction_read_only')
                and (o.name like '%.%' or exists (
                    select from pg_catalog.pg_settings as g where g.name = lower(o.name) and g.context = 'user'))
            order by o.setdatabase
         ) as s),
        (select set_config(
            'search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), quote_ident(n.nspname)), true)
         from pg_catalog.pg_extension as e
         join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
         where e.extname = 'vector' and to_regtype('vector') is null),
        set_config('role', :role, true)
    """
)


@dataclass(frozen=True)
class Shown:
    """What a request shows of who asks."""

    key: str | None = None
    role: str | None = None

    @classmethod
    def by(cls, headers: Mapping[str, str], cookies: Mapping[str, str], options: ServeOptions) -> Shown:
        """The key of a header or of the gallery's cookie; the role of the proxy's header, where one is trusted."""
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        key = (
            bearer.strip() if kind.lower() == "bearer" else headers.get("api-key") or cookies.get(KEY_COOKIE)
        )
        return cls(key or None, headers.get(options.role_header) if options.role_header else None)


class Callers:
    """Transactions on a database, each with the rights and the settings of the role that asks."""

    def __init__(self, url: URL, options: ServeOptions) -> None:
        self._options = options
        self.engine = create_async_engine(
            url,
            pool_size=options.pool_size,
            max_overflow=0,
            pool_timeout=options.pool_wait_s,
            json_serializer=json_text,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "prepare_threshold": None},
        )

    @asynccontextmanager
    async def asking(self, shown: Shown, *, writes: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction as the role, which only reads unless it `writes`, committed with the block.

        Raises NotAdmitted, NotAllowed, and what clipsql's SQL raises.
        """
        if writes and self._options.read_only:
            raise NotAllowed("This server only reads; it was started with --read-only.")
        with database_errors(self.engine.sync_engine):
            async with AsyncExitStack() as held:
                connection, found = await self._admitted(held, shown)
                await self._become(connection, found, writes=writes)
                yield connection
                await connection.commit()

    async def admit(self, shown: Shown) -> None:
        """Raises NotAdmitted unless whoever shows that may ask."""
        with database_errors(self.engine.sync_engine):
            async with AsyncExitStack() as held:
                await self._admitted(held, shown)

    async def ping(self) -> None:
        """Raises DatabaseError unless the database answers."""
        with database_errors(self.engine.sync_engine):
            async with AsyncExitStack() as held:
                await self._asked(held, sa.text("select 1"), {})

    def in_use(self) -> int:
        """How many connections requests hold."""
        pool = self.engine.sync_engine.pool
        return pool.checkedout() if isinstance(pool, sa.pool.QueuePool) else 0

    async def _admitted(self, held: AsyncExitStack, shown: Shown) -> tuple[AsyncConnection, sa.Row[Any]]:
        """A connection with the role of who asks, looked up on it."""
        if shown.role is None and shown.key is not None:
            connection, rows = await self._asked(held, _ROLE_OF_KEY, {"digest": digest_of(shown.key)})
            if not rows:
                raise NotAdmitted('This key opens nothing here; "clipsql key add" makes one.')
            return connection, rows[0]
        if shown.role is None and not self._options.public:
            raise NotAdmitted(SHOW_A_KEY)
        connection, rows = await self._asked(held, _ROLE_BY_NAME, {"role": shown.role or self._options.role})
        return connection, rows[0]

    async def _asked(
        self, held: AsyncExitStack, question: sa.TextClause, values: dict[str, Any]
    ) -> tuple[AsyncConnection, Sequence[sa.Row[Any]]]:
        """A connection, with the answer to the first question on it.

        It may lead to a server that was restarted since. Then all of them do, the pool forgets them, and a new one is
        made: that costs nothing where to look first would cost each request a round trip.
        """
        try:
            connection = await held.enter_async_context(self.engine.connect())
            return connection, (await connection.execute(question, values)).all()
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
        await held.aclose()
        connection = await held.enter_async_context(self.engine.connect())
        return connection, (await connection.execute(question, values)).all()

    async def _become(self, connection: AsyncConnection, found: sa.Row[Any], *, writes: bool) -> None:
        if found.role_id is None or found.is_above:
            raise NotAllowed(f"Nobody may ask as role {found.role}: there is none, or no right holds for it.")
        if not found.is_ours:
            raise NotAllowed(
                f"The server's own role may not become {found.role}; let an owner grant {found.role} to it."
            )
        values = {
            "timeout": str(round(1000 * self._options.statement_timeout_s)),
            "read_only": "off" if writes else "on",
            "role": found.role,
        }
        if found.has_settings:
            await connection.execute(_BECOME_WITH_SETTINGS, values | {"role_id": found.role_id})
        else:
            await connection.execute(_BECOME, values)
