"""Have a model look at the stored pictures that wait for it, beside any number of others who do the same."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg
import sqlalchemy as sa
from PIL import Image as Picture
from sqlalchemy.engine import Engine

from clipsql.db import model_tasks
from clipsql.db.engine import database_errors
from clipsql.db.model_questions import Answer, Original, Query
from clipsql.db.pictures.leases import Lease
from clipsql.db.statements import autocommit_connection
from clipsql.encoding.each import encode_each
from clipsql.errors import ClipsqlError, ImageError, unexpected
from clipsql.viewing.originals import plain_picture, read_originals
from clipsql.web.downloading import Downloader, DownloadOptions

View = Callable[[Sequence[Picture.Image]], Sequence[Answer]]
"""What a model says of each RGB picture, in input order."""

_BATCH = 32
LEASE_S = 300.0
"""Longer than any model takes for a batch: what a dead worker had in hand is free again after this time."""


def work(
    engine: Engine,
    query: Query,
    view: View,
    *,
    allow_private_hosts: bool = False,
    stop: threading.Event | None = None,
    on_done: Callable[[int, int], None] = lambda _answered, _failed: None,
) -> None:
    """Answer the query for the pictures that wait, a batch in one transaction, until none is free.

    What cannot be had, or the model makes nothing of, is marked and waits no more. A worker that is stopped gives back
    what it holds; `on_done` is told of each batch. Raises what the model makes of every picture.
    """
    worker = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    lease = Lease(worker=worker, seconds=LEASE_S)
    downloads = DownloadOptions(allow_private_hosts=allow_private_hosts)
    with (
        database_errors(engine),
        autocommit_connection(engine) as connection,
        Downloader(downloads) as web,
    ):
        try:
            while not (stop and stop.is_set()) and (
                batch := model_tasks.claim(connection, query, lease, limit=_BATCH)
            ):
                answers, problems = _look(batch, view, web)
                answered = model_tasks.settle(connection, query, lease, answers, problems)
                on_done(answered, len(problems))
        finally:
            # On one of its own: a signal cancels what runs on the other.
            with suppress(psycopg.Error, sa.exc.SQLAlchemyError), autocommit_connection(engine) as other:
                model_tasks.give_back(other, query, lease)


def _look(batch: Sequence[Original], view: View, web: Downloader) -> tuple[dict[int, Answer], dict[int, str]]:
    read = read_originals(batch, web)
    pixels = {image_id: one for image_id, one in read.items() if not isinstance(one, ImageError)}
    answers, failed = encode_each(view, pixels, plain=plain_picture())
    problems: dict[int, Exception] = {
        **{image_id: one for image_id, one in read.items() if isinstance(one, ImageError)},
        **failed,
    }
    return answers, {
        image_id: (str(error) if isinstance(error, ClipsqlError) else unexpected(error)).replace("\0", "")
        for image_id, error in problems.items()
    }
