"""Pictures that are sent by their address: fetched by the downloader of ingest, a few at a time, within a time."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from clipsql.errors import DownloadError, FailureClass
from clipsql.serving.options import ServeOptions
from clipsql.web.downloading import Downloader, DownloadOptions


class Fetches:
    """Fetches for those who ask the server: never from inside the own network, unless the options allow it."""

    def __init__(self, options: ServeOptions) -> None:
        self._timeout_s = options.fetch_timeout_s
        # Where a name of a private network leads to is nobody's business, and the options of ingest are none of serve.
        self._told_here = {
            FailureClass.PRIVATE_ADDRESS: "it is inside a private network or this machine, which needs"
            " clipsql serve --allow-private-hosts",
            FailureClass.TOO_LARGE: f"it has more than {options.most_bytes:,} bytes; send a smaller copy",
            FailureClass.ROBOTS: "robots.txt of its host asks programs to stay away; send the file itself",
            FailureClass.NOAI: "its host asks programs to leave it alone; send the file itself",
        }
        # Whoever asks waits: what fails is not tried again, and a server of ours is no crowd at the door of another.
        self._web = Downloader(
            DownloadOptions(
                allow_private_hosts=options.allow_private_hosts,
                concurrency=8,
                per_host=2,
                timeout_s=options.fetch_timeout_s,
                retries=0,
                longest_wait_s=0,
                max_bytes=options.most_bytes,
            )
        )

    def __enter__(self) -> Self:
        self._web.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._web.__exit__(kind, error, trace)

    async def fetch(self, address: str) -> bytes:
        """The file at an address of http or https. Raises DownloadError, ConfigurationError without the extra `web`."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return (await asyncio.wrap_future(self._web.submit(address))).data
        except TimeoutError:
            why, failure = (
                f"it did not come within {self._timeout_s:g} s; try again later",
                FailureClass.TIMEOUT,
            )
        except DownloadError as error:
            why, failure = str(error), error.failure
        why = self._told_here.get(failure, why)
        raise DownloadError(f"{address[:200]} cannot be fetched: {why}.", failure=failure)
