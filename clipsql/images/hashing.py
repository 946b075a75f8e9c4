"""The content hash that tells whether a picture changed."""

from __future__ import annotations

import hashlib


def content_hash(data: bytes) -> bytes:
    """SHA-256 of a file's bytes: 32 bytes, the same wherever the file lies and whatever its name."""
    return hashlib.sha256(data).digest()
