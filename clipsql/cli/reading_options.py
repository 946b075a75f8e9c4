"""Options of commands that take pictures from the web and read them: `clipsql ingest` and `clipsql worker`."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import Any

import click

from clipsql.cli.options import Command, TimeZone

_OPTIONS = (
    click.option(
        "--concurrency", type=click.IntRange(min=1), metavar="N", help="Downloads at once; default: 128."
    ),
    click.option(
        "--per-host", type=click.IntRange(min=1), metavar="N", help="Of them from one host; default: 8."
    ),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="For one try of a download; default: 30.",
    ),
    click.option(
        "--max-mb",
        type=click.FloatRange(min=0, min_open=True),
        metavar="MB",
        help="Larger downloads are refused; default: 64.",
    ),
    click.option(
        "--allow-private-hosts",
        is_flag=True,
        default=None,
        help="Download from this machine and private networks too.",
    ),
    click.option(
        "--ignore-robots",
        is_flag=True,
        default=None,
        help="Download what robots.txt or X-Robots-Tag: noai asks programs to leave alone.",
    ),
    click.option(
        "--user-agent-contact",
        metavar="EMAIL|URL",
        callback=lambda _context, _option, contact: _checked(contact),
        help="Tell hosts where to find you, as the owners of many ask of programs.",
    ),
)
"""Defaults stay with DownloadOptions and ReadOptions: importing them here would cost every command the time."""

_READING = (
    click.option(
        "--timezone", type=TimeZone(), default="UTC", show_default=True, help="For times without offset."
    ),
    click.option(
        "--max-megapixels",
        type=click.FloatRange(min=0, min_open=True),
        metavar="MP",
        help="Larger pictures are refused; default: 500, which may take 2 GB of memory.",
    ),
    click.option(
        "--store-images",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="FOLDER",
        help="Keep what is downloaded, named after its content.",
    ),
    click.option("--thumbnails", is_flag=True, help="Keep a small JPEG of each picture in the database."),
)


def reading_options(command: Command) -> Command:
    """How pictures are downloaded and read; the command gets `downloads` and `reading`, options by name."""

    @functools.wraps(command)
    def with_options(
        *args: Any,
        concurrency: int | None,
        per_host: int | None,
        timeout_s: float | None,
        max_mb: float | None,
        allow_private_hosts: bool | None,
        ignore_robots: bool | None,
        user_agent_contact: str | None,
        timezone: dt.tzinfo,
        max_megapixels: float | None,
        store_images: Path | None,
        thumbnails: bool,
        **given: Any,
    ) -> Any:
        downloads = {
            "concurrency": concurrency,
            "per_host": per_host,
            "timeout_s": timeout_s,
            "max_bytes": None if max_mb is None else int(max_mb * 2**20),
            "allow_private_hosts": allow_private_hosts,
            "ignore_robots": ignore_robots,
            "user_agent_contact": user_agent_contact,
        }
        given["downloads"] = {name: value for name, value in downloads.items() if value is not None}
        given["reading"] = {"timezone": timezone, "store_images": store_images, "thumbnails": thumbnails}
        if max_megapixels is not None:
            given["reading"]["max_pixels"] = int(max_megapixels * 1e6)
        return command(*args, **given)

    wrapped: Command = with_options
    for option in reversed((*_READING, *_OPTIONS)):
        wrapped = option(wrapped)
    return wrapped


def _checked(contact: str | None) -> str | None:
    """The contact, before a model is loaded. Raises ConfigurationError."""
    if contact is not None:
        from clipsql.web.downloads import DownloadOptions

        DownloadOptions(user_agent_contact=contact)
    return contact
