"""The symmetric contrastive loss of CLIP (Radford et al. 2021, figure 3), for one or more captions each."""

from __future__ import annotations

import torch

# Far below any cosine times 100, yet finite: a row with no negative at all must not give NaN gradients.
_NEVER = -1e4


def contrastive_loss(similarities: torch.Tensor, own: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of finding one's caption by picture and one's picture by caption.

    `similarities` (b, b * c) are cosines times the learned scale; `own` says which caption was written for
    which picture; `true` which are true of it (own ones included) and so count as negatives of neither.
    With one caption a picture and `true` = `own` it is CLIP's loss exactly.
    """
    negatives = similarities.masked_fill(true, _NEVER)
    positives = similarities[own]
    captions = similarities.shape[1] // similarities.shape[0]
    by_picture = negatives.logsumexp(dim=1).repeat_interleave(captions)
    by_caption = negatives.logsumexp(dim=0)
    picture_loss = (torch.logaddexp(by_picture, positives) - positives).mean()
    caption_loss = (torch.logaddexp(by_caption, positives) - positives).mean()
    return (picture_loss + caption_loss) / 2


def same_text(texts: tuple[str, ...], captions: int) -> torch.Tensor:
    """Bool, (b, b * c): captions that read like one of a picture's own, so they are true of it as well."""
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    ids = torch.tensor([numbers[text] for text in texts])
    return (ids.view(-1, captions, 1) == ids.view(1, 1, -1)).any(dim=1)
