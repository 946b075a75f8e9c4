"""What is downloaded, and how: records that need none of the packages that download."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version

from clipsql.errors import ConfigurationError

PRODUCT = "clipsql"
"""The name under which robots.txt and X-Robots-Tag may address us."""

# What may stand in a comment of a header: no space, bracket, backslash or control character.
_CONTACT = re.compile(r"(?=[!-'*-\[\]-~]*\Z)(?:[^@/:]+@[^@/:]+|https?://[^/].*)", re.IGNORECASE)
_LONGEST_CONTACT = 200


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
    user_agent_contact: str | None = None
    """Where the owners of hosts find whoever downloads: an e-mail address, or that of a web page."""

    def __post_init__(self) -> None:
        """Raise ConfigurationError for a contact that is none, or would end the header that it stands in."""
        contact = self.user_agent_contact
        if contact is not None and (len(contact) > _LONGEST_CONTACT or not _CONTACT.fullmatch(contact)):
            raise ConfigurationError(
                "The contact for the User-Agent must be one e-mail address or address of a web page, in ASCII; "
                "write it as me@example.org or https://example.org/about."
            )

    @property
    def user_agent(self) -> str:
        """What hosts are told of who asks."""
        contact = "" if self.user_agent_contact is None else f" ({self.user_agent_contact})"
        return f"{PRODUCT}/{version('clipsql')}{contact}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """The bytes that a URL gave; they begin like a picture, but are not decoded yet."""

    url: str
    final_url: str
    """Where redirects led."""
    data: bytes
    etag: str | None = None
    last_modified: str | None = None
