"""Load a model that looks at a picture and a text together: one that matches, describes or answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipsql.encoding.device import choose_device, choose_dtype
from clipsql.encoding.judging import require_finite_weights
from clipsql.encoding.loading import MOST_CHARACTERS_PER_TOKEN, one_line, quiet
from clipsql.encoding.locating import locate
from clipsql.errors import EncodingError, ModelError
from clipsql.extras import require_extra

if TYPE_CHECKING:
    from PIL import Image

_BEFORE_SIGNS = re.compile(r" ([,.;:!?])")
"""Tokenizers that know words alone leave a space there."""

_LONGEST_TEXT = 512
_CPU_BATCH_SIZE, _BATCH_SIZE = 8, 32


@dataclass(frozen=True, kw_only=True)
class PictureModel:
    """A model of transformers in evaluation mode on its device, and what makes its inputs."""

    model: Any
    pictures: Any
    """Its image processor, or the processor that takes pictures and texts at once."""
    tokenizer: Any
    takes_both: bool
    name: str
    revision: str

    @property
    def architecture(self) -> str:
        """The class of transformers that it is."""
        return type(self.model).__name__

    @property
    def batch_size(self) -> int:
        """How many pictures to give at once."""
        return _CPU_BATCH_SIZE if self.model.device.type == "cpu" else _BATCH_SIZE

    def inputs(self, images: Sequence[Image.Image], texts: Sequence[str] | None = None) -> dict[str, Any]:
        """Tensors of RGB pictures and a text for each, on the model's device. Long texts are cut."""
        import torch

        values: dict[str, Any]
        if texts is None:
            processor = self.pictures.image_processor if self.takes_both else self.pictures
            values = dict(processor(list(images), return_tensors="pt"))
        else:
            longest = self.longest_text
            cut = [text[: longest * MOST_CHARACTERS_PER_TOKEN] for text in texts]
            how = {"padding": True, "truncation": True, "max_length": longest, "return_tensors": "pt"}
            if self.takes_both:
                values = dict(self.pictures(images=list(images), text=cut, **how))
            else:
                values = dict(self.pictures(list(images), return_tensors="pt")) | dict(
                    self.tokenizer(cut, **how)
                )
        return {
            name: value.to(
                self.model.device,
                self.model.dtype if isinstance(value, torch.Tensor) and value.is_floating_point() else None,
            )
            for name, value in values.items()
        }

    def likeliest(self, most_tokens: int) -> dict[str, Any]:
        """Options of `generate`: the likeliest token after each, the same for the same picture every time."""
        room = self.longest_text - 2  # for the tokens that mark start and end
        return {"max_new_tokens": min(most_tokens, room), "do_sample": False, "num_beams": 1}

    def texts(self, tokens: Any) -> list[str]:
        """What rows of generated tokens say, with single spaces. Raises EncodingError where one says nothing."""
        read = [
            " ".join(text.split()) for text in self.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        ]
        if not all(read):
            raise EncodingError(f'Model "{self.name}" said nothing of picture {read.index("")} of the batch.')
        return read

    @property
    def longest_text(self) -> int:
        """How many tokens a text has at most, one that it reads and one that it writes."""
        config = self.model.config.get_text_config()
        positions = getattr(config, "max_position_embeddings", None) or _LONGEST_TEXT
        if "roberta" in config.model_type or config.model_type == "bridgetower_text_model":
            positions -= config.pad_token_id + 1  # RoBERTa counts positions from there
        return int(min(self.tokenizer.model_max_length, positions, _LONGEST_TEXT))


def load_picture_model(
    name: str, *, kinds: Sequence[str], purpose: str, device: str | None, dtype: str | None
) -> PictureModel:
    """The model `name`, a folder or a hub id, if its class is one of `kinds`, the first that its config names.

    `purpose` is what it is wanted for, in words. On a CPU it computes in float32 unless told otherwise: what is
    compared are small differences. Raises ModelError.
    """
    require_extra("clip", f'Model "{name}"')
    files = locate(name)
    with quiet():
        import transformers

        chosen_device = choose_device(device)
        chosen_dtype = choose_dtype(
            dtype or ("float32" if chosen_device.type == "cpu" else None), chosen_device
        )
        try:
            config = transformers.AutoConfig.from_pretrained(files.folder, trust_remote_code=False)
            named = config.architectures or [type(config).__name__]
            kind = next((one for one in named if one in kinds), None)
            if kind is None:
                raise ModelError(
                    f'Model "{name}" ({", ".join(named)}) cannot {purpose}; give a folder or a hub id of a model of '
                    f"{_listed(kinds)}, as from_pretrained reads it."
                )
            model, report = getattr(transformers, kind).from_pretrained(
                files.folder, dtype=chosen_dtype, output_loading_info=True, trust_remote_code=False
            )
            if missing := sorted(report["missing_keys"]):
                raise ModelError(
                    f'Model "{name}" lacks {len(missing)} of its weights, as {missing[0]}; download or save it again.'
                )
            require_finite_weights(model, name)
            pictures, tokenizer, takes_both = _read_processors(files.folder)
        except ModelError:
            raise
        except Exception as error:
            # transformers raises whatever its readers raise: OSError, ValueError, KeyError, ImportError ...
            raise ModelError(f'Model "{name}" cannot be loaded: {one_line(error)}') from error
        return PictureModel(
            model=model.eval().to(chosen_device),
            pictures=pictures,
            tokenizer=tokenizer,
            takes_both=takes_both,
            name=name,
            revision=files.revision,
        )


def _read_processors(folder: Path) -> tuple[Any, Any, bool]:
    """What makes pixels, what makes tokens, and whether the first is one processor for both."""
    from transformers import AutoImageProcessor, AutoProcessor, AutoTokenizer, ProcessorMixin

    # The torchvision backend gives slightly other pixels: what is stored must not depend on what is installed.
    how = {"backend": "pil", "trust_remote_code": False}
    read_both: Any = AutoProcessor.from_pretrained
    read_images: Any = AutoImageProcessor.from_pretrained
    processor: Any = read_both(folder, **how)
    if isinstance(processor, ProcessorMixin):
        both: Any = processor
        return both, both.tokenizer, True
    # Checkpoints of two joined models have settings for pictures and a tokenizer side by side.
    return read_images(folder, **how), AutoTokenizer.from_pretrained(folder, trust_remote_code=False), False


def _listed(kinds: Sequence[str]) -> str:
    return " or ".join((", ".join(kinds[:-1]), kinds[-1])) if len(kinds) > 1 else kinds[0]
