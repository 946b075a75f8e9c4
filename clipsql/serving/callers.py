"""Who asks, as a role of the database: by a key, by a proxy's word, or as the public."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

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


_ROLE_OF_KEY = sa.text("select k.role from clipsql_private.api_key as k where k.digest = :digest")
_ROLE = sa.text(
    """
    select r.oid as role_id, r.rolsuper or r.rolbypassrls as is_above,
           pg_has_role(session_user, r.oid, 'member') as is_ours
    from pg_catalog.pg_roles as r
    where r.rolname = :role
    """
)
_BEGIN = sa.text(
    "select set_config('statement_timeout', :timeout, true), set_config('transaction_read_only', :read_only, true)"
)
# What ALTER ROLE ... SET says holds from a login on, and here is none: policies may go by such a setting.
_SETTINGS_OF_ROLE = sa.text(
    """
    select set_config(s.name, s.value, true)
    from (
        select split_part(o.setting, '=', 1) as name, substr(o.setting, strpos(o.setting, '=') + 1) as value,
               d.setdatabase
        from pg_catalog.pg_db_role_setting as d
        cross join unnest(d.setconfig) as o(setting)
        where d.setrole = :role_id
            and d.setdatabase in (
                0, (select b.oid from pg_catalog.pg_database as b where b.datname = current_database()))
    ) as s
    where s.name like '%.%'
        or exists (select from pg_catalog.pg_settings as g where g.name = lower(s.name) and g.context = 'user')
    order by s.setdatabase
    """
)
# The extension may lie in a schema that is not on the path, where its types and operators are not found.
_BECOME = sa.text(
    """
    select set_config('role', :role, true), (
        select set_config(
            'search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), quote_ident(n.nspname)), true)
        from pg_catalog.pg_extension as e
        join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
        where e.extname = 'vector' and to_regtype('vector') is null)
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
            pool_pre_ping=True,  # a server that was restarted is found again
            json_serializer=json_text,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "prepare_threshold": None},
        )

    @asynccontextmanager
    async def asking(self, shown: Shown, *, writes: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction as the role, committed at the end of the block if it `writes`.

        Raises NotAdmitted, NotAllowed, and what clipsql's SQL raises.
        """
        if writes and self._options.read_only:
            raise NotAllowed("This server only reads; it was started with --read-only.")
        with database_errors(self.engine.sync_engine):
            async with self.engine.connect() as connection:
                await self._become(connection, await self._role(connection, shown), writes=writes)
                yield connection
                await (connection.commit() if writes else connection.rollback())

    async def admit(self, shown: Shown) -> str:
        """The role of who asks. Raises NotAdmitted."""
        with database_errors(self.engine.sync_engine):
            async with self.engine.connect() as connection:
                return await self._role(connection, shown)

    async def ping(self) -> None:
        """Raises DatabaseError unless the database answers."""
        with database_errors(self.engine.sync_engine):
            async with self.engine.connect() as connection:
                await connection.execute(sa.text("select 1"))

    def in_use(self) -> int:
        """How many connections requests hold."""
        pool = self.engine.sync_engine.pool
        return pool.checkedout() if isinstance(pool, sa.pool.QueuePool) else 0

    async def _role(self, connection: AsyncConnection, shown: Shown) -> str:
        if shown.role is not None:
            return shown.role
        if shown.key is not None:
            role: str | None = await connection.scalar(_ROLE_OF_KEY, {"digest": digest_of(shown.key)})
            if role is None:
                raise NotAdmitted('This key opens nothing here; "clipsql key add" makes one.')
            return role
        if not self._options.public:
            raise NotAdmitted(SHOW_A_KEY)
        return self._options.role

    async def _become(self, connection: AsyncConnection, role: str, *, writes: bool) -> None:
        found = (await connection.execute(_ROLE, {"role": role})).first()
        if found is None or found.is_above:
            raise NotAllowed(f"Nobody may ask as role {role}: there is none, or no right holds for it.")
        if not found.is_ours:
            raise NotAllowed(f"The server's own role may not become {role}; let an owner grant {role} to it.")
        await connection.execute(
            _BEGIN,
            {
                "timeout": str(round(1000 * self._options.statement_timeout_s)),
                "read_only": "off" if writes else "on",
            },
        )
        await connection.execute(_SETTINGS_OF_ROLE, {"role_id": found.role_id})
        await connection.execute(_BECOME, {"role": role})
