"""Which frames of a video are taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

from clipsql.errors import ConfigurationError


@dataclass(frozen=True)
class Sampling:
    """Which frames of videos are taken: the first one in every `every_s` seconds, all keyframes, or each scene's first.

    Raises ConfigurationError for an interval that is none.
    """

    kind: Literal["every", "keyframes", "scenes"] = "every"
    every_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0.001 <= self.every_s <= 86_400:
            raise ConfigurationError(
                f"Frames can be taken every 0.001 to 86400 seconds, not every {self.every_s:g}; write --every 1s."
            )

    @classmethod
    def read(cls, written: str) -> Self:
        """The sampling that is written so: "every 2 s", "keyframes" or "scenes". Raises ConfigurationError."""
        every = re.fullmatch(r"every (\d{1,9}(?:\.\d{1,6})?) ?s", written.strip(), re.ASCII)
        if every is not None:
            return cls(every_s=float(every[1]))
        if written == "keyframes" or written == "scenes":
            return cls("keyframes" if written == "keyframes" else "scenes")
        raise ConfigurationError(
            f'"{written}" is no sampling; write it as "every 2 s", "keyframes" or "scenes".'
        )

    def __str__(self) -> str:
        return f"every {self.every_s:g} s" if self.kind == "every" else self.kind
