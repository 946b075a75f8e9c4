"""What a webhook is told of an alarm, signed as Standard Webhooks says (standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time

from clipsql.errors import ConfigurationError
from clipsql.watching.watches import AlertRow

SECRET = "CLIPSQL_WEBHOOK_SECRET"
"""Environment variable that holds the secret: on a command line, others of the machine would read it."""
_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes, by the standard


def read_secret(given: str | None) -> bytes:
    """The bytes of a secret such as whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw. Raises ConfigurationError."""
    try:
        secret = base64.b64decode((given or "").strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not _SHORTEST <= len(secret) <= _LONGEST:
        raise ConfigurationError(
            f"{SECRET} must hold the secret that the receiver checks signatures with: {_PREFIX} and {_SHORTEST} to "
            f'{_LONGEST} bytes in base64; make one with: echo "{_PREFIX}$(openssl rand -base64 32)".'
        )
    return secret


def message(alert: AlertRow) -> bytes:
    """One alarm as a JSON document."""
    return json.dumps(
        {
            "type": "alert.raised",
            "timestamp": alert.raised_at.isoformat(),
            "data": {
                "alert_id": alert.alert_id,
                "watch_id": alert.watch_id,
                "watch": alert.watch,
                "image_id": alert.image_id,
                "url": alert.url,
                "taken_at": None if alert.taken_at is None else alert.taken_at.isoformat(),
                "metadata": dict(alert.metadata),
                "similarity": alert.similarity,
                "percentile": alert.percentile,
                "repeats": alert.repeats,
            },
        },
        ensure_ascii=False,
    ).encode()


def headers(secret: bytes, alert: AlertRow, body: bytes) -> dict[str, str]:
    """Headers of a message that is sent now; its id is the same in every try, so that a receiver knows a repetition."""
    message_id = f"clipsql_alert_{alert.alert_id}"
    moment = str(int(time.time()))
    signed = hmac.digest(secret, f"{message_id}.{moment}.".encode() + body, hashlib.sha256)
    return {
        "content-type": "application/json",
        "user-agent": "clipsql",
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
