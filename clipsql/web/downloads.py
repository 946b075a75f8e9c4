"""What is downloaded, and how: records that need none of the packages that download."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

PRODUCT = "clipsql"
"""The name under which robots.txt and X-Robots-Tag may address us."""


@dataclass(frozen=True, kw_only=True)
class DownloadOptions:
    """How to download; the defaults suit lists of many hosts."""

    allow_private_hosts: bool = False
    ignore_robots: bool = False
    concurrency: int = 128
    per_host: int = 8
    timeout_s: float = 30.0
    """For one try, redirects included; waiting for a turn, or for the address of a name, does not count."""
    stall_timeout_s: float = 10.0
    """Longest silence: until a connection stands, and between two pieces of an answer."""
    retries: int = 2
    first_wait_s: float = 1.0
    """Before the second try, and about twice as long before each further one."""
    longest_wait_s: float = 30.0
    """A host that wants a longer pause (Retry-After) is not tried again now."""
    max_bytes: int = 64 * 2**20
    max_redirects: int = 5
    user_agent: str = f"{PRODUCT}/{version('clipsql')}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """The bytes that a URL gave; they begin like a picture, but are not decoded yet."""

    url: str
    final_url: str
    """Where redirects led."""
    data: bytes
    etag: str | None = None
    last_modified: str | None = None
