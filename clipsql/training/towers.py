"""Run the two towers of a CLIP model as training needs them."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch.nn import functional

from clipsql.encoding.device import choose_dtype
from clipsql.errors import ModelError

_SCALE_LIMIT = math.log(100)


class Towers:
    """A CLIP model on its device, with its tokenizer and the normalisation of its image processor."""

    def __init__(
        self, model: Any, tokenizer: Any, image_processor: Any, *, device: torch.device, mixed_precision: bool
    ) -> None:
        """Raises ModelError if the model is no CLIPModel."""
        from transformers import CLIPModel

        self.model = model
        if not isinstance(model, CLIPModel):
            raise ModelError(f"{type(model).__name__} cannot be trained here; give a CLIPModel.")
        self.model.to(device=device, dtype=torch.float32)
        self.device = device
        # A tokenizer remembers padding and cutting, and would save them: this work is done by a copy.
        self._tokenizer = copy.deepcopy(tokenizer)
        self._context = int(self.model.config.text_config.max_position_embeddings)
        self._mixed = mixed_precision and choose_dtype(None, device) == torch.bfloat16
        # Processors multiply by rescale_factor, subtract the mean and divide by the deviation.
        factor = float(image_processor.rescale_factor) if image_processor.do_rescale else 1.0
        mean, deviation = [0.0] * 3, [1.0] * 3
        if image_processor.do_normalize:
            mean, deviation = list(image_processor.image_mean), list(image_processor.image_std)
        self._factor = torch.tensor([factor / value for value in deviation], device=device).view(1, 3, 1, 1)
        self._offset = torch.tensor(
            [value / spread for value, spread in zip(mean, deviation, strict=True)], device=device
        ).view(1, 3, 1, 1)

    def autocast(self) -> torch.autocast:
        """Mixed precision where the plan and the device want it."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._mixed)

    def images(self, pixels: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Unit-length embeddings of pixels of 0 to 255, float32 (n, d), and the vision tower's output."""
        with self.autocast():
            output = self.model.vision_model(pixel_values=pixels * self._factor - self._offset)
            features = self.model.visual_projection(output.pooler_output)
        return functional.normalize(features.float(), dim=-1), output

    def texts(self, texts: list[str]) -> torch.Tensor:
        """Unit-length embeddings, float32 (n, d); what exceeds the model's context is cut off."""
        tokens = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self._context, return_tensors="pt"
        ).to(self.device)
        with self.autocast():
            output = self.model.text_model(
                input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
            )
            features = self.model.text_projection(output.pooler_output)
        return functional.normalize(features.float(), dim=-1)

    @property
    def scale(self) -> torch.Tensor:
        """What cosines are multiplied by in the loss, learned, never above 100."""
        scale: torch.Tensor = self.model.logit_scale.exp()
        return scale

    @torch.no_grad()
    def clip_scale(self) -> None:
        """Keep the learned scale at 100 or below, as CLIP does for stability."""
        self.model.logit_scale.clamp_(max=_SCALE_LIMIT)
