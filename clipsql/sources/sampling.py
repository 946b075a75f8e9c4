"""Which frames of a video are taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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

    def __str__(self) -> str:
        return f"every {self.every_s:g} s" if self.kind == "every" else self.kind
