"""Load any dual encoder that the Auto classes of transformers know."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipsql.encoding.device import choose_device, choose_dtype
from clipsql.encoding.encoder import Encoder
from clipsql.encoding.judging import require_finite_weights
from clipsql.encoding.locating import locate
from clipsql.encoding.preprocessing import Preprocessor
from clipsql.errors import ModelError
from clipsql.extras import require_extra

if TYPE_CHECKING:
    import torch

    from clipsql.text_tower import TextTower

_ACCEPTED = "CLIP, SigLIP, Chinese-CLIP, VisionTextDualEncoder or another model with text and image features"


def load_encoder(
    name: str, *, revision: str | None = None, device: str | None = None, dtype: str | None = None
) -> Encoder:
    """The dual encoder `name`, a folder or a hub id, in evaluation mode on its device. Raises ModelError."""
    require_extra("clip", f'Model "{name}"')
    files = locate(name, revision=revision)
    with quiet():
        import torch

        chosen_device = choose_device(device)
        chosen_dtype = choose_dtype(dtype, chosen_device)
        try:
            config = _read_config(files.folder, name)
            model = _read_model(files.folder, name)
            require_finite_weights(model, name)
            tokenize = _Tokenize(files.folder, config)
            preprocess = _read_preprocessor(files.folder)
        except ModelError:
            raise
        except Exception as error:
            # transformers raises whatever its readers raise: OSError, ValueError, KeyError, ImportError ...
            raise ModelError(f'Model "{name}" cannot be loaded: {one_line(error)}') from error
        # Read before the weights are rounded: bfloat16 turns a scale of 100 into 98.9.
        logit_scale, logit_bias = math.exp(_number(model, "logit_scale")), None
        if getattr(model, "logit_bias", None) is not None:
            logit_bias = _number(model, "logit_bias")
        return Encoder(
            model.to(device=chosen_device, dtype=chosen_dtype, memory_format=torch.channels_last),
            tokenize=tokenize,
            preprocess=preprocess,
            name=name,
            revision=files.revision,
            logit_scale=logit_scale,
            logit_bias=logit_bias,
        )


def load_text_tower(name: str, *, revision: str | None = None) -> TextTower:
    """The text tower of the model `name`, for SQL to run; read in float32. Raises ModelError."""
    files = locate(name, revision=revision)
    with quiet():
        from transformers import AutoTokenizer

        from clipsql.encoding.text_tower import read_text_tower

        model = _read_model(files.folder, name)
        return read_text_tower(model, AutoTokenizer.from_pretrained(files.folder, trust_remote_code=False))


def _read_config(folder: Path, name: str) -> Any:
    """The configuration of a dual encoder; others are refused before their weights are read."""
    from transformers import MODEL_MAPPING, AutoConfig

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    architecture = MODEL_MAPPING.get(type(config), None)
    if not (hasattr(architecture, "get_text_features") and hasattr(architecture, "get_image_features")):
        raise _not_a_dual_encoder(name, config)
    return config


def _not_a_dual_encoder(name: str, config: Any) -> ModelError:
    architecture = ", ".join(config.architectures or [config.model_type])
    return ModelError(f'Model "{name}" ({architecture}) is no text-image dual encoder; use {_ACCEPTED}.')


def _read_model(folder: Path, name: str) -> Any:
    import torch
    from transformers import AutoModel

    model, report = AutoModel.from_pretrained(
        folder, dtype=torch.float32, trust_remote_code=False, output_loading_info=True
    )
    if not isinstance(getattr(model, "logit_scale", None), torch.Tensor):
        raise _not_a_dual_encoder(name, model.config)
    if report["missing_keys"]:
        # transformers would fill them with random numbers.
        missing = sorted(report["missing_keys"])
        raise ModelError(
            f'Model "{name}" lacks {len(missing)} of its weights, as {missing[0]}; download or save it again.'
        )
    return model.eval()


def _read_preprocessor(folder: Path) -> Preprocessor:
    from transformers import AutoImageProcessor

    read: Any = AutoImageProcessor.from_pretrained
    # The torchvision backend gives slightly other pixels: an index must not depend on what is installed.
    return Preprocessor(read(folder, backend="pil", trust_remote_code=False))


MOST_CHARACTERS_PER_TOKEN = 500
"""No text has fewer tokens than so many characters give, unless it is empty for pages."""


class _Tokenize:
    """Token tensors of a batch of texts, cut and padded as the text tower was trained."""

    def __init__(self, folder: Path, config: Any) -> None:
        from transformers import AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        text = config.get_text_config()
        positions = getattr(text, "max_position_embeddings", None) or 512
        if "roberta" in text.model_type:
            positions -= text.pad_token_id + 1  # RoBERTa counts positions from there
        self._max_tokens = min(self._tokenizer.model_max_length, positions)
        # SigLIP was trained on texts in lower case, padded to the full length, and without a mask over the padding.
        # Not every tokenizer that its checkpoints name does the first (Gemma's does not).
        self._siglip = config.model_type in ("siglip", "siglip2")

    def __call__(self, texts: Sequence[str]) -> Mapping[str, torch.Tensor]:
        # The tokenizer takes in the whole before it cuts: minutes for a caption of a million words.
        most = self._max_tokens * MOST_CHARACTERS_PER_TOKEN
        tokens = self._tokenizer(
            [text[:most].lower() if self._siglip else text[:most] for text in texts],
            truncation=True,
            max_length=self._max_tokens,
            padding="max_length" if self._siglip else True,
            return_tensors="pt",
        )
        return {
            name: values for name, values in tokens.items() if not (self._siglip and name == "attention_mask")
        }


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what transformers reports while it loads off the terminal: clipsql says itself what matters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers.utils import logging as transformers_logging

        reports: Any = transformers_logging  # partly untyped
        verbosity, bars = reports.get_verbosity(), reports.is_progress_bar_enabled()
        reports.set_verbosity(reports.CRITICAL)
        reports.disable_progress_bar()
        try:
            yield
        finally:
            reports.set_verbosity(verbosity)
            if bars:
                reports.enable_progress_bar()


def _number(model: Any, parameter: str) -> float:
    return float(getattr(model, parameter).detach().reshape(-1)[0])


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
