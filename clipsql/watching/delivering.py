"""Post alarms to a webhook: each at least once, those of one watch in their order, again after a failure."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from clipsql.db.deliveries import (
    Failure,
    due_deliveries,
    only_deliverer,
    settle_deliveries,
    waiting_deliveries,
)
from clipsql.db.transactions import reading
from clipsql.errors import DownloadError
from clipsql.watching.listening import POLL_S, listening
from clipsql.watching.watches import AlertRow, alerts_by_id
from clipsql.watching.webhooks import headers, message
from clipsql.web.posting import USELESS, Poster

_log = logging.getLogger(__name__)

_LONGEST_WAIT_S = 12 * 3600.0
_FASTER = 4
"""Each further try is made after so many times the last pause."""
_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class DeliveryOptions:
    """How to deliver: the defaults give a receiver that is away about a day to come back."""

    allow_private_hosts: bool = False
    timeout_s: float = 15.0
    max_tries: int = 10
    first_wait_s: float = 5.0


@dataclass
class DeliveryReport:
    """Alarms that were taken, tries that failed, alarms given up in this run; and what is left."""

    delivered: int = 0
    failed_tries: int = 0
    given_up: int = 0
    waiting: int = 0
    dead: int = 0


def require_address(address: str, options: DeliveryOptions) -> None:
    """Raise DownloadError, before any alarm waits for it, for what is no address or lies in a private network."""

    async def check() -> None:
        poster = Poster(timeout_s=options.timeout_s, allow_private_hosts=options.allow_private_hosts)
        try:
            await poster.check(address)
        finally:
            await poster.aclose()

    asyncio.run(check())


class Deliverer:
    """Posts what a webhook is to be told, signed with a secret."""

    def __init__(
        self,
        engine: Engine,
        webhook_id: int,
        address: str,
        *,
        secret: bytes,
        options: DeliveryOptions,
        make_poster: Callable[..., Poster] = Poster,
    ) -> None:
        self._engine = engine
        self._webhook_id = webhook_id
        self._address = address
        self._secret = secret
        self._options = options
        self._make_poster = make_poster

    def run(
        self, *, until_empty: bool, on_delivered: Callable[[int], None] = lambda _count: None
    ) -> DeliveryReport:
        """Deliver without end, or until nothing waits; returns what was done.

        Raises DownloadError for an address that is none or lies in a private network, ConfigurationError where
        another process delivers to it.
        """
        report = DeliveryReport()
        with (
            only_deliverer(self._engine, self._webhook_id),
            listening(self._engine) as listener,
            asyncio.Runner() as runner,
        ):
            poster = runner.run(self._poster())
            try:
                while True:
                    with reading(self._engine) as connection:
                        due = due_deliveries(connection, self._webhook_id)
                    if due:
                        runner.run(self._deliver(poster, due, report))
                        on_delivered(report.delivered)
                        continue
                    with reading(self._engine) as connection:
                        report.waiting, pause_s, report.dead = waiting_deliveries(
                            connection, self._webhook_id
                        )
                    if until_empty and not report.waiting:
                        return report
                    listener.wait(min(POLL_S, max(pause_s, 0.05)) if report.waiting else POLL_S)
            finally:
                runner.run(poster.aclose())

    async def _poster(self) -> Poster:
        return self._make_poster(
            timeout_s=self._options.timeout_s, allow_private_hosts=self._options.allow_private_hosts
        )

    async def _deliver(
        self, poster: Poster, due: Sequence[tuple[int, int, int]], report: DeliveryReport
    ) -> None:
        alerts = alerts_by_id(self._engine, [alert_id for _, alert_id, _ in due])
        taken: list[int] = []
        failed: list[Failure] = []
        gate = asyncio.Semaphore(_AT_ONCE)

        async def chain(links: list[tuple[int, int, int]]) -> None:
            for _, alert_id, tries in links:
                if (alert := alerts.get(alert_id)) is None:  # removed meanwhile
                    continue
                async with gate:
                    failure = await self._post(poster, alert, tries)
                if failure is None:
                    taken.append(alert_id)
                    continue
                failed.append(failure)
                if failure.wait_s is not None:
                    return  # the others of this watch wait behind it

        chains = [list(links) for _, links in itertools.groupby(due, key=lambda one: one[0])]
        ended = await asyncio.gather(*map(chain, chains), return_exceptions=True)
        settle_deliveries(self._engine, self._webhook_id, taken=taken, failed=failed)
        for error in ended:
            if error is not None:
                raise error
        report.delivered += len(taken)
        report.failed_tries += len(failed)
        report.given_up += sum(one.wait_s is None for one in failed)

    async def _post(self, poster: Poster, alert: AlertRow, tries: int) -> Failure | None:
        body = message(alert)
        try:
            await poster.post(self._address, body, headers(self._secret, alert, body))
        except DownloadError as error:
            if error.failure in USELESS:
                raise
            is_last = tries + 1 >= self._options.max_tries
            wait_s = min(_LONGEST_WAIT_S, self._options.first_wait_s * _FASTER**tries) * random.uniform(
                1, 1.2
            )
            _log.warning(
                "Alarm %s was not taken (%s); %s.",
                alert.alert_id,
                error,
                "it is given up" if is_last else f"the next try is in {wait_s:.0f} s",
            )
            return Failure(alert_id=alert.alert_id, reason=str(error), wait_s=None if is_last else wait_s)
        return None
