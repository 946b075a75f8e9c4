"""Measure how often a held-out caption finds its own picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

CUTOFFS = (1, 5, 10)


def recall_at_k(
    texts: torch.Tensor, images: torch.Tensor, *, cutoffs: Sequence[int] = CUTOFFS
) -> Mapping[int, float]:
    """Share of the texts whose own picture (same row) is among the k most similar ones, by k.

    Both are unit-length, shape (n, dimensions). Equal similarities count against the text.
    """
    similarities = texts @ images.T
    own = similarities.diagonal()[:, None]
    ranks = (similarities >= own).sum(dim=1)
    return {k: float((ranks <= k).float().mean()) for k in cutoffs}


def described(recall: Mapping[int, float]) -> str:
    """Recall as people read it: recall@1 40.0%, recall@5 71.2%."""
    return ", ".join(f"recall@{k} {share:.1%}" for k, share in sorted(recall.items()))
