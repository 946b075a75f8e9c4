"""A hook for training sets that know more than their captions say."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from clipsql.training.batches import Batch


class Auxiliary(nn.Module):
    """Helps the training and is thrown away after it; its parameters train along and are kept in checkpoints.

    Override what applies; each method does nothing here.
    """

    def augment(self, pixels: torch.Tensor, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """The pictures changed at random by `batch.chance`; float32, (b, 3, h, w), values 0 to 255."""
        return pixels

    def also_true(self, batch: Batch) -> torch.Tensor | None:  # noqa: ARG002
        """Bool, (b, b * c): captions that are true of a picture though not written for it: no negatives."""
        return None

    def loss(
        self,
        batch: Batch,  # noqa: ARG002
        images: torch.Tensor,  # noqa: ARG002
        vision: Any,  # noqa: ARG002
        progress: float,  # noqa: ARG002
    ) -> torch.Tensor | None:
        """A loss to add, from the pictures' unit-length embeddings (b, d) and the vision tower's output.

        `vision.last_hidden_state` and `vision.pooler_output` may be bfloat16. `progress` runs from 0 to 1 over
        the whole run, so that help can fade out.
        """
        return None
