"""Download pictures from the open web: many at once, politely, and never from inside the own network."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import version
from types import TracebackType
from typing import Self

__all__ = ["Download", "DownloadOptions", "Downloader"]


@dataclass(frozen=True, kw_only=True)
class DownloadOptions:
    """How to download. `timeout_s` is for one try, redirects included; `retries` come on top of the first try."""

    allow_private_hosts: bool = False
    ignore_robots: bool = False
    concurrency: int = 128
    per_host: int = 8
    timeout_s: float = 30.0
    connect_timeout_s: float = 10.0
    retries: int = 2
    max_bytes: int = 64 * 2**20
    max_redirects: int = 5
    longest_wait_s: float = 30.0
    """A host that wants a longer pause (Retry-After) is not tried again now."""
    user_agent: str = f"clipsql/{version('clipsql')}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """The bytes that a URL gave; they begin like a picture, but are not decoded yet."""

    url: str
    final_url: str
    """Where redirects led."""
    data: bytes
    etag: str | None = None
    last_modified: str | None = None


class Downloader:
    """Downloads pictures on an own event loop; any thread may ask, within `with Downloader(...) as downloader`."""

    def __init__(self, options: DownloadOptions | None = None) -> None:
        self._options = options or DownloadOptions()

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    def submit(self, url: str) -> Future[Download]:
        """What the URL gives, later; the future raises DownloadError. Never blocks: callers bound how many wait."""
        raise NotImplementedError

    def fetch(self, url: str) -> Download:
        """What the URL gives, now. Raises DownloadError."""
        return self.submit(url).result()
